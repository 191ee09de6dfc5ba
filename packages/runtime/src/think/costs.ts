import type { Clock } from '@openclaw-runtime/kit';
import type { Level } from '@openclaw-runtime/model';
import type { CostEstimator, Estimate, Usage } from '@openclaw-runtime/reasoning';
import { createPerSecond } from './per-second.ts';

/** What model calls are expected to take, and took. Cheap enough to be asked before each of thousands in a second. */
export interface Costs {
  /** Of one call with so many tokens of input: by level. Sizes that differ by a few hundredths are one. */
  forecasts(model: string, tokens: number): Readonly<Record<Level, Estimate>>;
  /** Answers whether it was learned from: of very many in a second only some are. */
  learn(usage: Usage): boolean;
}

/** Sizes of input that are told apart, for each doubling. */
const STEPS = 12;
const LEAST_TOKENS = 8;
const MOST_KEPT = 512;
/** So many new outcomes, for each that was known, change what is expected. */
const NEWS = 1 / 32;
const MOST_PER_SECOND = 200;

export function createCosts(estimator: CostEstimator, clock: Clock): Costs {
  const kept = new Map<string, Readonly<Record<Level, Estimate>>>();
  let known = 0;
  let news = 0;
  const isAllowed = createPerSecond(clock, MOST_PER_SECOND);
  return {
    forecasts(model, tokens) {
      const step = Math.round(Math.log2(tokens + LEAST_TOKENS) * STEPS);
      const key = `${step} ${model}`;
      const before = kept.get(key);
      if (before) return before;
      const contextTokens = Math.max(Math.round(2 ** (step / STEPS) - LEAST_TOKENS), 0);
      const estimates = estimator.estimateAll({ model, query: '', contextTokens });
      if (kept.size >= MOST_KEPT) kept.clear();
      kept.set(key, estimates);
      return estimates;
    },
    learn(usage) {
      if (!isAllowed()) return false;
      estimator.learn(usage);
      known++;
      if (++news > known * NEWS) {
        news = 0;
        kept.clear();
      }
      return true;
    },
  };
}
