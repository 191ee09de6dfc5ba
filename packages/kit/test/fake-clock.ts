import type { Clock } from '../src/clock.ts';

/** A clock that stands still until it is told to go on. */
export interface FakeClock extends Clock {
  /** Lets `ms` pass, calling what falls due in the order of its time. */
  advance(ms: number): void;
  /** Timers that are set and have not fired. */
  readonly pending: number;
}

export function createFakeClock(startMs = 1_000): FakeClock {
  let nowMs = startMs;
  let count = 0;
  const timers = new Map<number, { readonly at: number; fn(): void }>();

  const next = (until: number): number | undefined => {
    let best: number | undefined;
    for (const [id, timer] of timers) {
      if (timer.at <= until && (best === undefined || timer.at < (timers.get(best)?.at ?? 0))) best = id;
    }
    return best;
  };

  return {
    now: () => nowMs,
    wall: () => 1_700_000_000_000 + nowMs,
    after(ms, fn) {
      const id = ++count;
      timers.set(id, { at: nowMs + Math.max(0, ms), fn });
      return () => timers.delete(id);
    },
    advance(ms) {
      const until = nowMs + ms;
      for (let id = next(until); id !== undefined; id = next(until)) {
        const timer = timers.get(id);
        timers.delete(id);
        nowMs = Math.max(nowMs, timer?.at ?? 0);
        timer?.fn();
      }
      nowMs = until;
    },
    get pending() {
      return timers.size;
    },
  };
}
