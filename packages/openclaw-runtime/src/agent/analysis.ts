import type { Forecast } from '@openclaw-runtime/cli';
import { type CostEstimate, costEstimateOf, type ReasoningLevel } from '../reasoning/estimate.ts';

/** What is to be analysed. */
export interface AnalyzeAsked {
  readonly query: string;
  /** How complex it is: a tag of `levelThresholds`. */
  readonly complexity?: string;
  /** Default: the agent's. */
  readonly model?: string;
}

/** How deep a request would be thought about, why, and what that would take. `execute` runs it so. */
export interface Analysis {
  readonly query: string;
  readonly complexity?: string;
  readonly level: ReasoningLevel;
  /** How it came to this level, then what weighed most in the text. */
  readonly why: readonly string[];
  readonly estimate: CostEstimate;
  readonly model?: string;
}

export function analysisOf({ query, complexity, model }: AnalyzeAsked, { level, why, estimates }: Forecast): Analysis {
  return {
    query,
    ...(complexity === undefined ? {} : { complexity }),
    level,
    why,
    estimate: costEstimateOf(estimates[level]),
    ...(model === undefined ? {} : { model }),
  };
}
