import type { Clock } from '@openclaw-runtime/kit';

/**
 * What may be under way to a peer: as much as it takes in about a second. What has left this process may still lie in the system's
 * buffers, or before a slow link; an answer to a ping says how far the peer has come. So a peer on a slow link gets fewer and larger frames,
 * each of them young, and what it was to be told next does not wait behind what it has not taken.
 */
export interface Window {
  /** So many bytes were sent. */
  sent(bytes: number): void;
  /** The peer was pinged for another reason, or would be: `false` where an answer is waited for already. */
  probe(): boolean;
  /** An answer came; `false`: to none of ours. */
  answered(): boolean;
  /** Nothing more should be sent before the next answer. */
  readonly full: boolean;
  /** Bytes that may be under way. */
  readonly size: number;
  /** Bytes that were sent since the last that it answered for. */
  readonly ahead: number;
}

const LEAST = 4 * 1024;
const FIRST = 16 * 1024;
/** Milliseconds: an answer that comes sooner doubles the window, one that comes later halves it. */
const SOON_MS = 250;
const LATE_MS = 1_000;

export function createWindow(clock: Clock, most: number, ping: () => void): Window {
  let size = Math.min(FIRST, most);
  let ahead = 0;
  /** Bytes sent since the ping that waits for its answer, and when that was. */
  let after = 0;
  let askedAt: number | undefined;

  const probe = (): boolean => {
    if (askedAt !== undefined) return false;
    askedAt = clock.now();
    after = 0;
    ping();
    return true;
  };
  const look = (): void => {
    if (ahead >= size / 4) probe();
  };

  return {
    sent(bytes) {
      ahead += bytes;
      after += bytes;
      look();
    },
    probe,
    answered() {
      if (askedAt === undefined) return false;
      const tookMs = clock.now() - askedAt;
      askedAt = undefined;
      ahead = after;
      if (tookMs < SOON_MS) size = Math.min(size * 2, most);
      else if (tookMs > LATE_MS) size = Math.max(size / 2, Math.min(LEAST, most));
      look();
      return true;
    },
    get full() {
      return ahead >= size;
    },
    get size() {
      return size;
    },
    get ahead() {
      return ahead;
    },
  };
}
