/**
 * Tells a queue that stands from one that comes and goes: it closes when what is expected has been more than `mostMs` for all of `patienceMs`, or is more than
 * `atOnceMs`. A burst or a pause that is made up for leaves it open. Having closed, it takes no more than it must until all has been well for a second.
 */
export interface Valve {
  isClosed(expectedMs: number, now: number): boolean;
  /** It closed not long ago. */
  isWatchful(now: number): boolean;
}

export interface ValveOptions {
  readonly mostMs: number;
  readonly atOnceMs: number;
  readonly patienceMs: number;
}

const WATCHFUL_MS = 1_000;
const MOST_CLOSED_MS = 50;
/** What nobody has looked at for so long may have been well meanwhile. */
const UNSEEN_MS = 100;

export function createValve({ mostMs, atOnceMs, patienceMs }: ValveOptions): Valve {
  let overSince: number | undefined;
  let seenAt = Number.NEGATIVE_INFINITY;
  let watchfulUntil = Number.NEGATIVE_INFINITY;
  let closedUntil = Number.NEGATIVE_INFINITY;
  return {
    isClosed(expectedMs, now) {
      const unseenMs = now - seenAt;
      seenAt = now;
      if (now < closedUntil) return true;
      if (expectedMs > mostMs / 2 && now < watchfulUntil) watchfulUntil = now + WATCHFUL_MS;
      if (expectedMs <= mostMs) {
        overSince = undefined;
        return false;
      }
      if (overSince === undefined || unseenMs > UNSEEN_MS) overSince = now;
      if (now >= watchfulUntil && expectedMs <= atOnceMs && now - overSince < patienceMs) return false;
      watchfulUntil = now + WATCHFUL_MS;
      // Not decided anew for each run: a part of what is too much has to go first.
      closedUntil = now + Math.min((expectedMs - mostMs) / 2, MOST_CLOSED_MS);
      return true;
    },
    isWatchful: (now) => now < watchfulUntil,
  };
}
