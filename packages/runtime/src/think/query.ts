import type { Message } from '@openclaw-runtime/protocol';

/** What a model is asked, and how much goes with it. */
export interface Asked {
  /** What the user said last. */
  readonly query: string;
  /** Tokens of all else, about. */
  readonly contextTokens: number;
}

/** Of ordinary text; what really comes of it is learned. */
const TOKENS_PER_CHAR = 0.27;

export function askedOf(messages: readonly Message[]): Asked {
  let chars = 0;
  let query: string | undefined;
  for (let at = messages.length - 1; at >= 0; at--) {
    const { role, content } = messages[at] as Message;
    if (query === undefined && role === 'user') query = content;
    else chars += content.length;
  }
  return { query: query ?? '', contextTokens: Math.round(chars * TOKENS_PER_CHAR) };
}
