import { encodeCursor, OpenClawError, parseCursor } from '@openclaw-runtime/protocol';

/** How far a client has got with each choice: everything up to `seq` was told. */
export interface Reached {
  readonly epoch: number;
  readonly seq: number;
}

export const NOTHING: Reached = { epoch: 0, seq: 0 };

/** The `id:` of an event, for all choices together. */
export function encodeReached(all: readonly Reached[]): string {
  return all.map(({ epoch, seq }) => encodeCursor(epoch, seq)).join('~');
}

/** Throws `BAD_REQUEST` for what is no id of such a stream. */
export function parseReached(text: string | undefined, choices: number): readonly Reached[] {
  if (text === undefined) return Array.from({ length: choices }, () => NOTHING);
  const all = text.split('~').map(parseCursor);
  if (all.length === choices && all.every((each) => each !== undefined)) return all;
  throw new OpenClawError('BAD_REQUEST', `Last-Event-ID: ${JSON.stringify(text)} is no id of an event of this stream.`);
}
