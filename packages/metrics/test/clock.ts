import type { Clock } from '@openclaw-runtime/kit';

/** A clock that moves when it is told to. */
export interface HandClock extends Clock {
  move(ms: number): void;
}

export function createHandClock(wallAtStart = 1_000_000): HandClock {
  let now = 0;
  let timers: { readonly at: number; readonly fn: () => void }[] = [];
  return {
    now: () => now,
    wall: () => wallAtStart + now,
    after(ms, fn) {
      const timer = { at: now + ms, fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    move(ms) {
      const end = now + ms;
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((each) => each !== next);
        now = next.at;
        next.fn();
      }
      now = end;
    },
  };
}
