import type { Clock } from '@openclaw-runtime/kit';
import type { BudgetPause } from '@openclaw-runtime/protocol';

/** What a run may wait for, the most telling first. */
export const WAITS = [
  'queue',
  'disk',
  'turn',
  'budget',
  'person',
  'thread',
  'rate limit',
  'retry',
  'first chunk',
  'next chunk',
  'tool',
  'child',
  'code',
] as const;

export type WaitFor = (typeof WAITS)[number];

/** One thing that a run waits for. Times are the clock's `now`. */
export interface Wait {
  for: WaitFor;
  sinceMs: number;
  /** Which one: the model's name, the tool's, the child's. */
  readonly name: string | undefined;
  /** When it is over by itself, where that is known. */
  untilMs: number | undefined;
  /** For people. */
  detail: string | undefined;
}

/** The same, as it is told: in milliseconds from now. */
export interface WaitNow {
  readonly for: WaitFor;
  readonly name?: string;
  readonly forMs: number;
  readonly leftMs?: number;
  readonly detail?: string;
}

/** What one run waits for now: nothing where it is at work itself. Kept when something begins and ends, not for each token. */
export class Waits {
  readonly #clock: Pick<Clock, 'now'>;
  #open: Wait[] | undefined;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  begin(what: WaitFor, name?: string, detail?: string, untilMs?: number): Wait {
    const wait: Wait = { for: what, name, sinceMs: this.#clock.now(), untilMs, detail };
    // Most runs wait for one thing, and a list that was pushed to has room for seventeen.
    if (this.#open) this.#open.push(wait);
    else this.#open = [wait];
    return wait;
  }

  end(wait: Wait): void {
    const at = this.#open?.indexOf(wait) ?? -1;
    if (at >= 0) this.#open?.splice(at, 1);
  }

  /** It is something else from here on. */
  turn(wait: Wait, what: WaitFor, detail?: string, leftMs?: number): void {
    const nowMs = this.#clock.now();
    wait.for = what;
    wait.sinceMs = nowMs;
    wait.untilMs = leftMs === undefined ? undefined : nowMs + leftMs;
    wait.detail = detail;
  }

  /** The most telling first. `quietSinceMs`: since when nothing was said. */
  list(quietSinceMs: number): readonly WaitNow[] {
    const nowMs = this.#clock.now();
    return (this.#open ?? []).map((wait) => toldOf(settled(wait, nowMs, quietSinceMs), nowMs)).toSorted(byTelling);
  }
}

/** The same, `ms` later. */
export function later(waits: readonly WaitNow[], ms: number): readonly WaitNow[] {
  return waits.map(({ forMs, leftMs, ...rest }) => ({
    ...rest,
    forMs: Math.round(forMs + ms),
    ...(leftMs !== undefined && { leftMs: Math.max(Math.round(leftMs - ms), 0) }),
  }));
}

export function waitForBudget({ at, until, outcome, scope, child }: BudgetPause, wallMs: number): WaitNow {
  return {
    for: 'budget',
    name: child ?? scope,
    forMs: Math.max(wallMs - at, 0),
    ...(until !== undefined && { leftMs: Math.max(until - wallMs, 0) }),
    detail: outcome.error.message,
  };
}

export function byTelling(a: WaitNow, b: WaitNow): number {
  return WAITS.indexOf(a.for) - WAITS.indexOf(b.for) || b.forMs - a.forMs;
}

function settled(wait: Wait, nowMs: number, quietSinceMs: number): Wait {
  // The try that was waited for has begun.
  if (wait.for === 'retry' && wait.untilMs !== undefined && nowMs >= wait.untilMs)
    return { ...wait, for: 'first chunk', sinceMs: wait.untilMs, untilMs: undefined };
  return wait.for === 'next chunk' ? { ...wait, sinceMs: Math.max(wait.sinceMs, Math.min(quietSinceMs, nowMs)) } : wait;
}

function toldOf({ for: what, name, sinceMs, untilMs, detail }: Wait, nowMs: number): WaitNow {
  return {
    for: what,
    ...(name !== undefined && { name }),
    forMs: Math.max(Math.round(nowMs - sinceMs), 0),
    ...(untilMs !== undefined && { leftMs: Math.max(Math.round(untilMs - nowMs), 0) }),
    ...(detail !== undefined && { detail }),
  };
}
