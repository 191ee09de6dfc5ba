import type { Clock } from './clock.ts';

/**
 * Many short timers for the price of one. Callbacks run at the first tick at or after their time, so up to one tick
 * late and never early; within a tick in the order in which they were set.
 *
 * Setting is a push into a bucket; nothing is allocated but the bucket. There is no removal: a callback that is no
 * longer wanted finds out by its own state.
 */
export interface Wheel {
  /** Runs `fn(arg)` once, `ms` from now. */
  after<T>(ms: number, fn: (arg: T) => void, arg: T): void;
}

interface Entry {
  fn(arg: unknown): void;
  arg: unknown;
}

export function createWheel(clock: Clock, tickMs: number): Wheel {
  const buckets = new Map<number, Entry[]>();
  let done = 0;
  let armed = false;

  const turn = (): void => {
    armed = false;
    const today = Math.floor(clock.now() / tickMs);
    for (; done < today && buckets.size > 0; done++) {
      const due = buckets.get(done + 1);
      if (due === undefined) continue;
      buckets.delete(done + 1);
      for (const entry of due) entry.fn(entry.arg);
    }
    if (buckets.size > 0) arm();
  };

  const arm = (): void => {
    if (armed) return;
    armed = true;
    clock.after(tickMs, turn);
  };

  return {
    after(ms, fn, arg) {
      const now = clock.now();
      if (buckets.size === 0 && !armed) done = Math.floor(now / tickMs) - 1;
      const slot = Math.max(Math.ceil((now + ms) / tickMs), done + 2);
      const bucket = buckets.get(slot);
      const entry = { fn: fn as Entry['fn'], arg };
      if (bucket) bucket.push(entry);
      else buckets.set(slot, [entry]);
      arm();
    },
  };
}
