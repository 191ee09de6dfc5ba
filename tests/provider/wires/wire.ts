/** An event or a chunk of a stream, as far as this provider looks into it. */
export type Chunk = Readonly<Record<string, unknown>>;

export interface Body {
  readonly model?: string;
  readonly stream?: boolean;
  readonly messages?: readonly Said[];
  readonly input?: string | readonly Said[];
  readonly [field: string]: unknown;
}

export interface Said {
  readonly role?: string;
  readonly content?: unknown;
  readonly [field: string]: unknown;
}

/** How one API of providers puts its streams. */
export interface Wire {
  /** `NAME.*.jsonl` are its streams. */
  readonly name: string;
  readonly path: string;
  textOf(chunk: Chunk): string;
  withText(chunk: Chunk, text: string): Chunk;
  /** Whether an answer that goes on from a prefix has this chunk too, although it lies before the prefix's end. */
  isFrame(chunk: Chunk): boolean;
  /** What stands before the data of an event. */
  head(chunk: Chunk): string;
  /** What comes after the last event. */
  readonly endMark: string;
  readonly junk: string;
  /** The last thing that the user says. */
  promptOf(body: Body): string;
  /** The text that the answer is to go on from. */
  prefixOf(body: Body): string;
  /** The answer to a question that wants no stream. */
  whole(model: string, chunks: readonly Chunk[]): unknown;
  refusal(message: string, code: string | null): unknown;
}

/** Content is a text, or a list of parts. */
export function flat(content: unknown): string {
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? content.map((part: { readonly text?: string }) => part.text ?? '').join('') : '';
}

export function lastOfUser(messages: readonly Said[] | undefined): string {
  return flat(messages?.findLast((message) => message.role === 'user')?.content);
}

/** A final message of the assistant's. */
export function lastOfAssistant(messages: readonly Said[] | undefined): string {
  const last = messages?.at(-1);
  return last?.role === 'assistant' ? flat(last.content) : '';
}
