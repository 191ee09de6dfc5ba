import type { Clock } from '@openclaw-runtime/kit';
import { hashOf, sameHash } from '../keys/key-text.ts';

/** The one token for everything, as its place holds it. */
export interface ServerToken {
  /** Whether that is the hash of it. */
  is(hash: string): boolean;
  /** Its hash; empty while it is not known. */
  readonly hash: string;
}

const FRESH_MS = 1_000;

/**
 * Its place, which may be a file, is looked at once a second, however many come with it, and for each that is not it. Where nothing is just now, the one before
 * stays: not everybody exchanges a file in one step.
 */
export function createServerToken(read: () => string, clock: Clock): ServerToken {
  let hash = '';
  let readAt = Number.NEGATIVE_INFINITY;
  const look = (): string => {
    readAt = clock.now();
    try {
      const token = read();
      if (token !== '') hash = hashOf(token);
    } catch {}
    return hash;
  };
  const now = (): string => (clock.now() - readAt < FRESH_MS ? hash : look());
  return {
    is: (given) => sameHash(given, now()) || sameHash(given, look()),
    get hash() {
      return now();
    },
  };
}
