import { OpenClawError } from '@openclaw-runtime/protocol';
import { LEVELS, type Prediction } from '@openclaw-runtime/reasoning';
import type { CostEstimate, ReasoningLevel } from './estimate.ts';

/** What is to be estimated, before anything runs. */
export interface EstimateAsked {
  readonly query: string;
  /** Default: the agent's; `auto` is what would be chosen. */
  readonly reasoningLevel?: ReasoningLevel | 'auto' | Prediction;
  /** How complex it is: a tag of the agent's `levelThresholds`. */
  readonly complexity?: string;
  /** Default: the agent's. */
  readonly model?: string;
}

/** An agent, as far as its costs go. */
export interface Estimating {
  estimate(asked: EstimateAsked): Promise<CostEstimate>;
}

/** Says what a run of an agent would take, before it runs: tokens, money and time, each with the interval in which four of five runs lie. */
export class AdaptiveCostEstimator {
  readonly #agent: Estimating;

  constructor(agent: Estimating) {
    this.#agent = agent;
  }

  /** A number wherever one is wanted: the expected cost in US dollars. Rejects with `BAD_REQUEST` and `BAD_CONFIG`. */
  estimate(asked: EstimateAsked): Promise<CostEstimate> {
    return this.#agent.estimate(asked);
  }

  /** The deepest level, no deeper than the one that is asked for, of which nine of ten runs cost no more than `usd`; `undefined` where not even level 1 fits. */
  async within(usd: number, asked: EstimateAsked): Promise<CostEstimate | undefined> {
    if (!(usd >= 0)) throw new OpenClawError('BAD_REQUEST', `${usd} is no budget. Give US dollars.`);
    const wanted = await this.#agent.estimate(asked);
    if (wanted.usd.high <= usd) return wanted;
    for (const reasoningLevel of LEVELS.filter((level) => level < wanted.level).toReversed()) {
      const lower = await this.#agent.estimate({ ...asked, reasoningLevel });
      if (lower.usd.high <= usd) return lower;
    }
    return undefined;
  }
}
