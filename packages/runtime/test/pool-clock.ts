import type { Clock } from '@openclaw-runtime/kit';

/** A clock that stands still until it is told to go on. */
export interface FakeClock extends Clock {
  /** Lets `ms` pass, calling what falls due in the order of its time. */
  advance(ms: number): void;
  /** Lets `ms` pass in one leap, as for a process that was stopped; then calls what is overdue, once. */
  leap(ms: number): void;
}

export function createFakeClock(): FakeClock {
  let nowMs = 1_000;
  let timers: { readonly atMs: number; fn(): void }[] = [];
  const due = (untilMs: number): (typeof timers)[number] | undefined =>
    timers.filter(({ atMs }) => atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];
  const fire = (timer: (typeof timers)[number]): void => {
    timers = timers.filter((one) => one !== timer);
    timer.fn();
  };
  return {
    now: () => nowMs,
    wall: () => 1_700_000_000_000 + nowMs,
    after(ms, fn) {
      const timer = { atMs: nowMs + ms, fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let next = due(untilMs); next; next = due(untilMs)) {
        nowMs = Math.max(nowMs, next.atMs);
        fire(next);
      }
      nowMs = untilMs;
    },
    leap(ms) {
      nowMs += ms;
      for (const timer of timers.filter(({ atMs }) => atMs <= nowMs)) fire(timer);
    },
  };
}
