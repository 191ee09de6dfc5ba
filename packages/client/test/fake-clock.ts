import type { Clock } from '@openclaw-runtime/kit';

export interface FakeClock extends Clock {
  /** Time passes; what is due runs in its order. */
  pass(ms: number): void;
}

export function createFakeClock(): FakeClock {
  let now = 0;
  let timers: { atMs: number; fn: () => void }[] = [];
  return {
    now: () => now,
    wall: () => now,
    after(ms, fn) {
      const timer = { atMs: now + ms, fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    pass(ms) {
      const end = now + ms;
      for (;;) {
        const next = timers.filter((timer) => timer.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
        if (!next) break;
        timers = timers.filter((timer) => timer !== next);
        now = next.atMs;
        next.fn();
      }
      now = end;
    },
  };
}
