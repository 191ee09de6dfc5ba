import type { Clock } from '@openclaw-runtime/kit';

const MINUTE_MS = 60_000;

/** So much was taken at one time. */
export interface Taken {
  readonly atMs: number;
  amount: number;
}

/** What was taken within the last minute. Every taking is remembered until it is a minute old, so no minute anywhere holds more than the limit. */
export interface Minute {
  /** Milliseconds until so much may be taken; 0 is now. More than the limit passes when nothing else is there, lest it wait for ever. */
  waitMs(amount: number): number;
  take(amount: number): Taken;
  /** It was another amount after all: less counts at once, more counts from now on. */
  amend(taken: Taken, amount: number): void;
  /** What was taken stays taken. */
  change(limit: number): void;
}

/** Where there is no limit, nothing is remembered. */
const UNCOUNTED = Number.NEGATIVE_INFINITY;

export function createMinute(most: number, clock: Clock): Minute {
  let limit = most;
  let log: Taken[] = [];
  /** The first that counts. */
  let from = 0;
  let sum = 0;

  const forget = (now: number): void => {
    for (let first = log[from]; first && first.atMs + MINUTE_MS <= now; first = log[++from]) sum -= first.amount;
    if (from < 1024 || from * 2 < log.length) return;
    log = log.slice(from);
    from = 0;
  };
  const add = (atMs: number, amount: number): Taken => {
    const taken = { atMs, amount };
    log.push(taken);
    sum += amount;
    return taken;
  };

  return {
    waitMs(amount) {
      if (limit === Number.POSITIVE_INFINITY) return 0;
      const now = clock.now();
      forget(now);
      let excess = sum + Math.min(amount, limit) - limit;
      for (let i = from; excess > 0; i++) {
        const next = log[i];
        if (!next) break;
        excess -= next.amount;
        if (excess <= 0) return next.atMs + MINUTE_MS - now;
      }
      return 0;
    },
    take(amount) {
      if (limit === Number.POSITIVE_INFINITY) return { atMs: UNCOUNTED, amount };
      const now = clock.now();
      forget(now);
      return add(now, amount);
    },
    amend(taken, amount) {
      if (taken.atMs === UNCOUNTED) return;
      const now = clock.now();
      forget(now);
      const more = amount - taken.amount;
      if (more > 0) add(now, more);
      else if (taken.atMs + MINUTE_MS > now) {
        taken.amount = amount;
        sum += more;
      }
    },
    change(next) {
      limit = next;
    },
  };
}
