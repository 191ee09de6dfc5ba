import {
  type Cap,
  type CostEstimator,
  chooseLevel,
  createCostEstimator,
  createTokenCounter,
  type Estimate,
  type EstimatorState,
  type LearnerState,
  type Level,
  ReasoningLevelPredictor,
} from '@openclaw-runtime/reasoning';
import type { Config, ReasoningLevels } from '../config/config.ts';
import { createPriceOf } from '../config/prices.ts';

/** What a server's runs have taught. */
export interface Learned {
  readonly predictor?: LearnerState;
  readonly costs?: EstimatorState;
}

export interface ForecastAsked {
  readonly query: string;
  /** How complex it is said to be: a tag. */
  readonly complexity?: string;
  /** In place of what is predicted. */
  readonly level?: Level | 'auto';
  /** Default: `default`. */
  readonly agent?: string;
  /** Default: the agent's. */
  readonly model?: string;
}

export interface Forecast {
  readonly model: string;
  readonly level: Level;
  /** How it came to this level, then what weighed most in the text. */
  readonly why: readonly string[];
  /** 0..1; higher needs more thinking. */
  readonly score: number;
  /** Of whole runs of the agent, where such were seen. */
  readonly estimates: Readonly<Record<Level, Estimate>>;
}

/** Says before anything runs what a request would be given and what it would take. Pure: no network, no provider. */
export interface Forecaster {
  readonly predictor: ReasoningLevelPredictor;
  forecast(asked: ForecastAsked): Forecast;
}

/** Tags that everybody knows. */
const TAGS: NonNullable<ReasoningLevels['levelThresholds']> = { simple: 1, medium: 2, complex: 3, complexTask: 4 };
/** Calls of the strategies for models that are told in words: an answer, thoughts and an answer, a plan, a solution and a check, three candidates and a critic. */
const CALLS_IN_WORDS: Readonly<Record<Level, number>> = { 1: 1, 2: 1, 3: 3, 4: 4 };

export function createForecaster(config: Config, learned: Learned = {}): Forecaster {
  const { features, ...house } = config.reasoning;
  const settings = features === undefined ? {} : { features };
  const predictor = orWithout(learned.predictor, (state) => new ReasoningLevelPredictor({ ...settings, ...(state && { state }) }));
  const priceOf = createPriceOf(config);
  const costs = orWithout<EstimatorState, CostEstimator>(learned.costs, (state) =>
    createCostEstimator({ priceOf, ...(state && { state }) }),
  );
  const counter = createTokenCounter();

  return {
    predictor,
    forecast({ query, complexity, level, agent = 'default', model: wanted }) {
      const { model = config.defaultModel, instructions = '', reasoning: own = {} } = agentOf(config, agent);
      const asked = wanted ?? model;
      const predicted = predictor.predict({ query });
      const choice = chooseLevel({ ...wishOf(own, house, complexity, level), predicted });
      const request = { model: asked, query, agent, contextTokens: counter.count(instructions) };
      const estimates = costs.estimateAll({ ...request, ...(isToldInWords(config, asked) && { calls: CALLS_IN_WORDS }) });
      return { model: asked, level: choice.level, why: [...choice.why, ...predicted.why], score: predicted.score, estimates };
    },
  };
}

/** As runs have it: what was asked for, else the agent's, else the house's. */
function wishOf(own: ReasoningLevels, house: ReasoningLevels, tag: string | undefined, asked: ForecastAsked['level']) {
  const said = asked ?? own.level ?? house.level;
  const caps: readonly Cap[] = [
    ...(own.maxLevel === undefined ? [] : [{ name: 'maxLevel', level: own.maxLevel }]),
    ...(house.maxLevel === undefined ? [] : [{ name: 'maxLevel of the house', level: house.maxLevel }]),
  ];
  return {
    ...(typeof said === 'number' && { explicit: said }),
    ...(tag !== undefined && { tag, thresholds: { ...TAGS, ...house.levelThresholds, ...own.levelThresholds } }),
    exact: own.exact ?? house.exact ?? false,
    caps,
  };
}

function agentOf({ agents }: Config, name: string): Config['agents'][string] {
  return (Object.hasOwn(agents, name) ? agents[name] : undefined) ?? {};
}

function isToldInWords({ models, providers }: Config, model: string): boolean {
  const bare = model.split('?')[0] ?? model;
  const settings = Object.hasOwn(models, bare) ? models[bare] : undefined;
  const provider = settings && Object.hasOwn(providers, settings.provider) ? providers[settings.provider] : undefined;
  const way = settings?.reasoning ?? (provider && 'reasoning' in provider ? provider.reasoning : undefined);
  return way === 'prompt';
}

/** What cannot be read, or is of another version, is left out. */
function orWithout<S, T>(state: S | undefined, create: (state: S | undefined) => T): T {
  try {
    return create(state);
  } catch {
    return create(undefined);
  }
}
