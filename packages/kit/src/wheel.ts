import type { Clock } from './clock.ts';
import { SlotMap } from './slot-map.ts';

/**
 * Many short timers for the price of one. Callbacks run at the first tick at or after their time, so up to one tick
 * late and never early; within a tick in the order in which they were set.
 *
 * Setting is a push into a bucket; nothing is allocated but the bucket. There is no removal: a callback that is no
 * longer wanted finds out by its own state.
 */
export interface Wheel {
  /** Runs `fn(arg, now)` once, `ms` from now; `now` is the clock's time of the tick. */
  after<T>(ms: number, fn: Timed<T>, arg: T): void;
  /** The same at a time of the clock. */
  at<T>(dueMs: number, fn: Timed<T>, arg: T): void;
}

export type Timed<T> = (arg: T, now: number) => void;

/** Two lists side by side, so that a timer costs no object. */
interface Bucket {
  readonly fns: Timed<unknown>[];
  readonly args: unknown[];
  /** Of those, the first that has not run. */
  next: number;
}

export function createWheel(clock: Clock, tickMs: number): Wheel {
  const buckets = new SlotMap<number, Bucket>();
  let done = 0;
  let armed = false;

  const turn = (): void => {
    armed = false;
    const now = clock.now();
    const today = Math.floor(now / tickMs);
    try {
      for (; done < today && buckets.size > 0; done++) {
        const due = buckets.get(done + 1);
        if (due === undefined) continue;
        const { fns, args } = due;
        while (due.next < fns.length) {
          const i = due.next++;
          (fns[i] as Timed<unknown>)(args[i], now);
        }
        buckets.delete(done + 1);
      }
    } finally {
      // A callback that threw does not stop the others: they come with the next tick.
      if (buckets.size > 0) arm();
    }
  };

  const arm = (): void => {
    if (armed) return;
    armed = true;
    clock.after(tickMs, turn);
  };

  const at: Wheel['at'] = (dueMs, fn, arg) => {
    if (buckets.size === 0 && !armed) done = Math.floor(clock.now() / tickMs) - 1;
    const slot = Math.max(Math.ceil(dueMs / tickMs), done + 2);
    let bucket = buckets.get(slot);
    if (!bucket) {
      bucket = { fns: [], args: [], next: 0 };
      buckets.set(slot, bucket);
    }
    bucket.fns.push(fn as Timed<unknown>);
    bucket.args.push(arg);
    arm();
  };

  return { at, after: (ms, fn, arg) => at(clock.now() + ms, fn, arg) };
}
