/** A chat completion chunk as far as this provider looks into it. */
export interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null }; readonly finish_reason?: string | null }[];
  readonly usage?: unknown;
}

export function textOf(chunk: Chunk): string {
  return chunk.choices?.[0]?.delta?.content ?? '';
}

export function wholeText(chunks: readonly Chunk[]): string {
  return chunks.map(textOf).join('');
}

export function withText(chunk: Chunk, content: string): Chunk {
  const [first, ...others] = chunk.choices ?? [];
  return { ...chunk, choices: [{ ...first, delta: { ...first?.delta, content } }, ...others] };
}

/** The chunks of an answer that goes on from a prefix: what lies before its end is left out. The prefix must be one, and not empty. */
export function continued(chunks: readonly Chunk[], prefix: string): readonly Chunk[] {
  let left = prefix.length;
  for (const [i, chunk] of chunks.entries()) {
    const text = textOf(chunk);
    if (text.length > left) return [withText(chunk, text.slice(left)), ...chunks.slice(i + 1)];
    left -= text.length;
    if (left === 0 && text !== '') return chunks.slice(i + 1);
  }
  return [];
}

/** Each piece of text followed by the nonce, so that no two requests share a token. */
export function varied(chunks: readonly Chunk[], nonce: string): readonly Chunk[] {
  return chunks.map((chunk) => (textOf(chunk) === '' ? chunk : withText(chunk, `${textOf(chunk)}·${nonce} `)));
}

/** One more delta of so many bytes before the first text. */
export function withBigToken(chunks: readonly Chunk[], bytes: number): readonly Chunk[] {
  const at = chunks.findIndex((chunk) => textOf(chunk) !== '');
  const model = chunks[at];
  return model === undefined ? chunks : [...chunks.slice(0, at), withText(model, 'x'.repeat(bytes)), ...chunks.slice(at)];
}
