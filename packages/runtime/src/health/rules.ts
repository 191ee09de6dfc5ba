/** When a tier is entered and left. */
export interface TierRules {
  /** Milliseconds over which is judged. */
  readonly windowMs: number;
  /** Milliseconds without a failure before a tier is left for a lower one; twice as long, up to eight times, where the last stay was short. */
  readonly holdMs: number;
  /** Tries before a share of them says anything. */
  readonly least: number;
  /** Share of tries that went wrong, 0..1, from which on only what is cheap goes on. */
  readonly errorRate: number;
  /** Milliseconds to a model's first word, above which a try counts as one that went wrong. */
  readonly slowMs: number;
  /** Losses of threads, or of processes, within the window, from which on only what is cheap goes on. */
  readonly restarts: number;
  /** Tries in a row that have to go well before a tier is left; where nobody tries, a window without news does. */
  readonly recoveries: number;
  /** Asked, before the fallbacks of a model, in place of one that is not to be relied on. */
  readonly model?: string;
}

export const TIER_RULES: TierRules = {
  windowMs: 60_000,
  holdMs: 10_000,
  least: 8,
  errorRate: 0.5,
  slowMs: 60_000,
  restarts: 5,
  recoveries: 3,
};
