import type { Clock } from '@openclaw-runtime/kit';

/** A token bucket: so many at once, so many a second. */
export interface Rate {
  /** Takes one, or says no. */
  take(): boolean;
}

export function createRate(clock: Clock, perSecond: number, burst: number): Rate {
  let left = burst;
  let at = clock.now();
  return {
    take() {
      if (left < 1) {
        const now = clock.now();
        left = Math.min(burst, left + ((now - at) / 1000) * perSecond);
        at = now;
        if (left < 1) return false;
      }
      left--;
      return true;
    },
  };
}
