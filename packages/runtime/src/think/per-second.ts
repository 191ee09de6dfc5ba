import type { Clock } from '@openclaw-runtime/kit';

/** Answers whether one more is allowed, so many in each second: what is worth its time to a few is too dear for thousands. */
export function createPerSecond(clock: Clock, most: number): () => boolean {
  let second = Number.NEGATIVE_INFINITY;
  let count = 0;
  return () => {
    const now = clock.now();
    if (now - second >= 1_000) {
      second = now;
      count = 0;
    }
    return ++count <= most;
  };
}
