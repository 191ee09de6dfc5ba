import type { Clock } from '@openclaw-runtime/kit';

/** Time that goes on when it is told to. */
export interface ManualClock extends Clock {
  /** Lets `ms` go by, timer for timer; what promises have to do comes in between. */
  pass(ms: number): Promise<void>;
}

export function createManualClock(): ManualClock {
  let now = 0;
  let timers: { readonly atMs: number; readonly fn: () => void }[] = [];
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => now,
    wall: () => now,
    after(ms, fn) {
      const timer = { atMs: now + ms, fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    async pass(ms) {
      const until = now + ms;
      for (await settle(); ; await settle()) {
        const next = timers.filter(({ atMs }) => atMs <= until).toSorted((a, b) => a.atMs - b.atMs)[0];
        if (!next) break;
        timers = timers.filter((one) => one !== next);
        now = Math.max(now, next.atMs);
        next.fn();
      }
      now = until;
    },
  };
}
