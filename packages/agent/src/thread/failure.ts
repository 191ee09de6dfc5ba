import { type ErrorCode, OpenClawError } from '@openclaw-runtime/protocol';

const MAX_CHARS = 2000;

/** What agents' code threw, as an error of ours: its words behind `what`, never its code, which could be one that means something to the house. */
export function failureOf(code: ErrorCode, what: string, thing: unknown): OpenClawError {
  return new OpenClawError(code, `${what}: ${wordsOf(thing)}`, { cause: thing });
}

/** What a thrown thing says of itself; it may be anything, and throw again when it is asked. */
export function wordsOf(thing: unknown): string {
  try {
    const words = thing instanceof Error ? thing.message || thing.name : String(thing);
    return words.length > MAX_CHARS ? `${words.slice(0, MAX_CHARS)} …` : words;
  } catch {
    return 'something that cannot be shown';
  }
}
