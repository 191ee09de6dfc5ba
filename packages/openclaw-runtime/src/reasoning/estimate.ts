import type { Estimate, Interval, Level } from '@openclaw-runtime/reasoning';

/** How deep: 1 quick, 2 standard, 3 deep, 4 ultra. */
export type ReasoningLevel = Level;

/** What is forecast of a run: each amount as `{mean, low, high}`; four of five runs lie between `low` and `high`. */
export interface EstimateFields {
  readonly model: string;
  readonly level: ReasoningLevel;
  readonly tokens: { readonly in: Interval; readonly out: Interval; readonly thinking: Interval };
  /** US dollars. */
  readonly usd: Interval;
  readonly ms: Interval;
  /** Whether a price of the model is known; else `usd` is 0. */
  readonly priced: boolean;
  /** How many runs of this model at this level it was learned from. */
  readonly learnedFrom: number;
}

/** An estimate that is also a number, wherever one is wanted: the expected cost in US dollars. At run time it is an object. */
export type CostEstimate = number & EstimateFields;

export function costEstimateOf(estimate: Estimate): CostEstimate {
  return new Amounts(estimate) as unknown as CostEstimate;
}

class Amounts implements EstimateFields {
  readonly model: string;
  readonly level: ReasoningLevel;
  readonly tokens: EstimateFields['tokens'];
  readonly usd: Interval;
  readonly ms: Interval;
  readonly priced: boolean;
  readonly learnedFrom: number;

  constructor({ model, level, inputTokens, outputTokens, thinkingTokens, money, ms, priced, learnedFrom }: Estimate) {
    this.model = model;
    this.level = level;
    this.tokens = { in: inputTokens, out: outputTokens, thinking: thinkingTokens };
    this.usd = money;
    this.ms = ms;
    this.priced = priced;
    this.learnedFrom = learnedFrom;
  }

  valueOf(): number {
    return this.usd.mean;
  }

  toString(): string {
    return String(this.usd.mean);
  }
}
