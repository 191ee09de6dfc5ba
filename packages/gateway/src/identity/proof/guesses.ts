import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { networkOf } from '../../line/address.ts';

/** Holds up who guesses. */
export interface Guesses {
  /** Throws `RATE_LIMITED` while so much as looking at another guess of this name from this address is refused. */
  check(address: string, name: string): void;
  /** `free`: so many within ten minutes cost nothing. */
  failed(address: string, name: string, free?: number): void;
  /** He knew it: what went wrong before is forgotten. */
  succeeded(address: string, name: string): void;
}

interface Guesser {
  failures: number;
  until: number;
  at: number;
}

/** Wrong ones that cost nothing. */
const FREE = 10;
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** In which as many as cost nothing are forgotten, one after the other. */
const FORGOTTEN_MS = 600_000;
const MOST = 10_000;

/**
 * By address and what is guessed, both: whoever guesses at a key from one place keeps nobody from using it at another, nor others behind the same address from using
 * theirs.
 */
export function createGuesses(clock: Clock): Guesses {
  const guessers = new Map<string, Guesser>();
  return {
    check(address, name) {
      const guesser = guessers.get(placeOf(address, name));
      const waitMs = guesser ? guesser.until - clock.now() : 0;
      if (waitMs > 0)
        throw new OpenClawError('RATE_LIMITED', 'Too many wrong keys came from there. Try again later.', { retryAfterMs: waitMs });
    },
    failed(address, name, free = FREE) {
      const key = placeOf(address, name);
      const now = clock.now();
      const before = guessers.get(key);
      const forgotten = before ? (now - before.at) / (FORGOTTEN_MS / free) : 0;
      const failures = Math.max((before?.failures ?? 0) - forgotten, 0) + 1;
      const waitMs = failures > free - 1 ? Math.min(FIRST_MS * 2 ** (failures - free), LONGEST_MS) : 0;
      guessers.delete(key);
      guessers.set(key, { failures, until: now + waitMs, at: now });
      const [oldest] = guessers.keys();
      if (guessers.size > MOST && oldest !== undefined) guessers.delete(oldest);
    },
    succeeded: (address, name) => void guessers.delete(placeOf(address, name)),
  };
}

function placeOf(address: string, name: string): string {
  return `${networkOf(address)} ${name}`;
}
