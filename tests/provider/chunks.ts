import type { Chunk, Wire } from './wires/wire.ts';

export function wholeText(wire: Wire, chunks: readonly Chunk[]): string {
  return chunks.map(wire.textOf).join('');
}

/** The chunks of an answer that goes on from a prefix: the text before its end is left out. The prefix must be one, and not empty. */
export function continued(wire: Wire, chunks: readonly Chunk[], prefix: string): readonly Chunk[] {
  const kept: Chunk[] = [];
  let left = prefix.length;
  for (const [i, chunk] of chunks.entries()) {
    const text = wire.textOf(chunk);
    if (text.length > left) return [...kept, wire.withText(chunk, text.slice(left)), ...chunks.slice(i + 1)];
    left -= text.length;
    if (left === 0 && text !== '') return [...kept, ...chunks.slice(i + 1)];
    if (text === '' && wire.isFrame(chunk)) kept.push(chunk);
  }
  return kept;
}

/** Each piece of text followed by the nonce, so that no two requests share a token. */
export function varied(wire: Wire, chunks: readonly Chunk[], nonce: string): readonly Chunk[] {
  return chunks.map((chunk) => (wire.textOf(chunk) === '' ? chunk : wire.withText(chunk, `${wire.textOf(chunk)}·${nonce} `)));
}

/** One more delta of so many bytes before the first text. */
export function withBigToken(wire: Wire, chunks: readonly Chunk[], bytes: number): readonly Chunk[] {
  const at = chunks.findIndex((chunk) => wire.textOf(chunk) !== '');
  const model = chunks[at];
  return model === undefined ? chunks : [...chunks.slice(0, at), wire.withText(model, 'x'.repeat(bytes)), ...chunks.slice(at)];
}
