import type { Tier } from '@openclaw-runtime/protocol';
import type { TierRules } from './rules.ts';
import type { Event, Reading } from './window.ts';

/**
 * | tier | entered, at once                                            | left, with `recoveries` that went well, or after a window without news |
 * |------|-------------------------------------------------------------|-----|
 * | 0    |                                                             |     |
 * | 1    | a try failed, or was too slow                               | for 0, after `holdMs` without a failure |
 * | 2    | something was lost and restored                             | for 0, after `holdMs` without a failure |
 * | 3    | `errorRate` of `least` tries or more, `restarts` losses     | for 1, after `holdMs` in which less than half of `errorRate` failed, and nothing was lost |
 */
export interface TierState {
  readonly tier: Tier;
  /** When that was entered. */
  readonly sinceMs: number;
  /** Why, in words. */
  readonly why: string;
  /** The last try or loss that went wrong, and the last of any kind; before the first: -Infinity. */
  readonly badMs: number;
  readonly newsMs: number;
  /** Tries in a row that went well. */
  readonly streak: number;
  /** How often tier 3 was entered again soon after it was left. */
  readonly relapses: number;
  readonly leftStaticMs: number;
}

export const CALM: TierState = {
  tier: 0,
  sinceMs: 0,
  why: 'nothing is wrong',
  badMs: Number.NEGATIVE_INFINITY,
  newsMs: Number.NEGATIVE_INFINITY,
  streak: 0,
  relapses: 0,
  leftStaticMs: Number.NEGATIVE_INFINITY,
};

const MOST_RELAPSES = 3;
/** Holds after which entering tier 3 again is no relapse. */
const SOON_HOLDS = 6;

/** After one more event; the tier stays, see {@link judge}. */
export function heed(state: TierState, event: Event, nowMs: number): TierState {
  return event === 'ok' ? { ...state, newsMs: nowMs, streak: state.streak + 1 } : { ...state, newsMs: nowMs, badMs: nowMs, streak: 0 };
}

/** The state now, which is the same object where nothing changes. Up at once, down one step at a time. `read`: what happened in the last so many milliseconds, or in the window. */
export function judge(state: TierState, read: (lastMs?: number) => Reading, rules: TierRules, nowMs: number): TierState {
  const wanted = wantedBy(read(), rules);
  if (wanted.tier > state.tier) return entered(state, wanted.tier, wanted.why, rules, nowMs);
  if (state.tier === 0 || !isOver(state, read, rules, nowMs)) return state;
  const isStatic = state.tier === 3;
  const why = state.streak >= rules.recoveries ? `${state.streak} tries in a row went well` : 'there was no bad news for a while';
  return { ...state, tier: isStatic ? 1 : 0, sinceMs: nowMs, why, ...(isStatic && { leftStaticMs: nowMs }) };
}

/** Milliseconds for which a tier is kept at least. */
export function holdOf({ tier, relapses }: TierState, { holdMs }: TierRules): number {
  return tier === 3 ? holdMs * 2 ** relapses : holdMs;
}

function entered(state: TierState, tier: Tier, why: string, rules: TierRules, nowMs: number): TierState {
  if (tier < 3) return { ...state, tier, why, sinceMs: nowMs };
  const isRelapse = nowMs - state.leftStaticMs < SOON_HOLDS * rules.holdMs;
  const relapses = isRelapse ? Math.min(state.relapses + 1, MOST_RELAPSES) : 0;
  return { ...state, tier, why, sinceMs: nowMs, relapses };
}

function isOver(state: TierState, read: (lastMs: number) => Reading, rules: TierRules, nowMs: number): boolean {
  const hold = holdOf(state, rules);
  if (nowMs - state.sinceMs < hold) return false;
  if (nowMs - state.badMs < hold && !(state.tier === 3 && isNearlyWell(read(hold), rules))) return false;
  return state.streak >= rules.recoveries || nowMs - Math.max(state.newsMs, state.sinceMs) >= rules.windowMs;
}

/** Where much is tried, something always fails. */
function isNearlyWell({ calls, failures, slow, restarts }: Reading, { errorRate }: TierRules): boolean {
  return restarts === 0 && failures + slow < (calls * errorRate) / 2;
}

function wantedBy(
  { calls, failures, timeouts, slow, restarts }: Reading,
  { least, errorRate, restarts: most }: TierRules,
): { readonly tier: Tier; readonly why: string } {
  const bad = failures + slow;
  if (bad > 0 && calls >= least && bad >= calls * errorRate) {
    const how = [slow > 0 && `${slow} were too slow`, timeouts > 0 && `${timeouts} timed out`].filter((each) => each !== false).join(', ');
    return { tier: 3, why: `${bad} of the last ${calls} tries went wrong${how === '' ? '' : ` (${how})`}` };
  }
  if (restarts >= most) return { tier: 3, why: `it was lost and restored ${restarts} times` };
  if (restarts > 0) return { tier: 2, why: `it was lost and restored ${restarts === 1 ? 'once' : `${restarts} times`}` };
  if (bad > 0) return { tier: 1, why: `${bad} of the last ${calls} tries went wrong` };
  return { tier: 0, why: CALM.why };
}
