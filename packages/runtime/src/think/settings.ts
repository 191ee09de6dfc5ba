import type { Reasoning } from '@openclaw-runtime/agent';

/** How deep runs think, as far as neither their request nor their agent says it. */
export interface ReasoningSettings extends Reasoning {
  /** `builtin`, the default, judges from the text alone, in microseconds; any other is the name of a model that is asked. */
  readonly predictor?: string;
  /** Milliseconds that such a model has; default 2,000. */
  readonly judgeTimeoutMs?: number;
  /** What the built-in one may look at; default: all. */
  readonly features?: readonly string[];
  /** Whether outcomes are learned from; default true. */
  readonly learn?: boolean;
  /**
   * Whether an answer below level 3 that failed its check is given again at level 3. Default: where its agent has a check of its own; `true`: also where it had to be
   * JSON and is not.
   */
  readonly escalate?: boolean;
}

/** The levels of tags that everybody knows. */
export const THRESHOLDS: NonNullable<Reasoning['levelThresholds']> = { simple: 1, medium: 2, complex: 3, complexTask: 4 };
