import type { Reasoning } from '@openclaw-runtime/agent';
import type { Clock } from '@openclaw-runtime/kit';
import type { Level, ModelBroker } from '@openclaw-runtime/model';
import type { ChosenLevel, Message, RunRequest, Usage } from '@openclaw-runtime/protocol';
import {
  type Budget,
  type ChoiceInput,
  chooseLevel,
  createTokenCounter,
  type Estimate,
  type Prediction,
  type Price,
  type TokenCounter,
} from '@openclaw-runtime/reasoning';
import type { State } from '@openclaw-runtime/store';
import { forecastOf } from './forecast.ts';
import { type AskOptional, createJudges, type Judged } from './judges.ts';
import { createMemories, type Memory } from './memories.ts';
import { outcomeOf } from './outcome.ts';
import { createPerSecond } from './per-second.ts';
import { type Asked, askedOf } from './query.ts';
import type { ReasoningSettings } from './settings.ts';
import { type Wish, wishOf } from './wish.ts';

export interface ThinkerOptions {
  readonly state: State;
  readonly broker: ModelBroker;
  readonly clock: Clock;
  readonly settings: ReasoningSettings;
  /** For a million tokens, in USD. */
  readonly priceOf: (model: string) => Price | undefined;
  /** 3: only what is cheap goes on. */
  readonly tier: (model: string, agent: string | undefined) => number;
}

/** One model call, before it begins. */
export interface Thought {
  readonly tenant: string;
  readonly messages: readonly Message[];
  readonly wanted: Pick<RunRequest, 'level' | 'complexity'>;
  readonly agent: Reasoning | undefined;
  readonly agentName?: string | undefined;
  readonly model: string;
  /** What was chosen before in the same conversation. */
  readonly previous: Anchor | undefined;
  /** What there is to spend on it; undefined: no limit. */
  readonly left: Left | undefined;
  /** For a model that judges. */
  readonly ask: AskOptional;
}

/** What is left of budgets; what is absent has no limit. */
export interface Left {
  readonly usd?: number;
  readonly tokens?: number;
  readonly ms?: number;
}

export interface Chosen {
  readonly record: ChosenLevel;
  readonly asked: Asked;
  /** What later calls of the conversation go by; absent where nobody predicted. */
  readonly anchor: Anchor | undefined;
}

/** A level, before caps and budgets, and the score that it was chosen by. */
export type Anchor = NonNullable<ChoiceInput['previous']>;

/** How deep the runs of this house think. */
export interface Thinker {
  readonly settings: ReasoningSettings;
  /** From the next choice on. What the built-in predictor looks at stays as it is. */
  change(settings: ReasoningSettings): void;
  /** Undefined: it is left to the provider. A promise the first time that a tenant is met, and where a model is asked; it does not reject. */
  choose(thought: Thought, signal: AbortSignal): Chosen | undefined | Promise<Chosen | undefined>;
  /** What a model call is expected to take; undefined while nothing is known of the tenant. */
  forecast(tenant: string, request: Asked & { readonly model: string; readonly level: Level }): Estimate | undefined;
  /** What a model call took, or a whole run of an agent. */
  spent(tenant: string, took: Took): void;
  /** What became of an answer: see {@link outcomeOf}. */
  learn(tenant: string, feedback: unknown, query: string, level: Level): Promise<void>;
  /** What was learned of a tenant, whose state is gone. */
  forget(tenant: string): void;
  /** Writes what was learned. */
  close(): Promise<void>;
}

export interface Took extends Asked {
  readonly model: string;
  readonly level: Level;
  /** Of a whole run of this agent; absent: of one call. */
  readonly agent?: string;
  readonly usage: Usage;
  readonly ms: number;
}

/** Models whose facts are kept; callers may make up any number of them. */
const MOST_MODELS = 1_000;
/** Choices in a second whose prediction is explained. */
const MOST_EXPLAINED = 100;

export function createThinker(options: ThinkerOptions): Thinker {
  const { broker, tier } = options;
  let { settings } = options;
  const memories = createMemories({ ...options, features: settings.features });
  let judges = createJudges(options);
  const tools: Tools = { counter: createTokenCounter(), mayExplain: createPerSecond(options.clock, MOST_EXPLAINED) };
  const models = new Map<string, ModelFacts>();

  const factsOf = (model: string): ModelFacts => {
    const known = models.get(model);
    if (known) return known;
    const facts = readFacts(broker, model);
    if (models.size >= MOST_MODELS) models.clear();
    models.set(model, facts);
    return facts;
  };

  const withMemory = (thought: Thought, wish: Wish, memory: Memory, signal: AbortSignal): Chosen | Promise<Chosen> => {
    const asked = askedOf(thought.messages);
    if (!wish.isPredicted) return chosenOf(thought, asked, wish, memory, tools);
    if (!judges) return chosenOf(thought, asked, wish, memory, tools, { prediction: memory.predict(asked.query) });
    return judges.judge(thought, asked.query, memory, signal).then((judged) => chosenOf(thought, asked, wish, memory, tools, judged));
  };

  return {
    get settings() {
      return settings;
    },
    change(next) {
      settings = next;
      judges = createJudges({ ...options, settings });
      models.clear();
    },
    choose(thought, signal) {
      const { tenant, model, wanted, agent, agentName } = thought;
      const { isSimulated, hasControl } = factsOf(model);
      const wish = wishOf({ asked: wanted, agent, house: settings, isSimulated, tier: tier(model, agentName) });
      if (!wish || (wish.explicit === undefined && !hasControl)) return undefined;
      const memory = memories.find(tenant);
      if (memory) return withMemory(thought, wish, memory, signal);
      return memories.open(tenant).then(
        (opened) => withMemory(thought, wish, opened, signal),
        () => withoutMemory(thought, wish),
      );
    },
    forecast: (tenant, request) => memories.find(tenant)?.estimator.estimate(request),
    spent(tenant, { usage, ...took }) {
      const memory = memories.find(tenant);
      if (!memory || usage.inputTokens + usage.outputTokens === 0) return;
      const thinkingTokens = usage.reasoningTokens;
      memory.spent({
        ...took,
        inputTokens: usage.inputTokens,
        cachedTokens: usage.cachedTokens,
        outputTokens: Math.max(usage.outputTokens - thinkingTokens, 0),
        thinkingTokens,
      });
    },
    async learn(tenant, feedback, query, level) {
      if (settings.learn === false) return;
      const outcome = outcomeOf(feedback, query, level);
      if (outcome) (await memories.open(tenant)).learn(outcome);
    },
    forget: (tenant) => memories.forget(tenant),
    close: () => memories.close(),
  };
}

interface Tools {
  readonly counter: TokenCounter;
  /** Reasons cost more than the prediction itself. */
  readonly mayExplain: () => boolean;
}

interface ModelFacts {
  readonly isSimulated: boolean;
  /** It can be told levels apart. */
  readonly hasControl: boolean;
}

/** A model that is not there is told of by who asks it. */
function readFacts(broker: ModelBroker, model: string): ModelFacts {
  try {
    const { simulated, capabilities } = broker.info(model);
    return { isSimulated: simulated, hasControl: capabilities.reasoning.length > 1 };
  } catch {
    return { isSimulated: true, hasControl: false };
  }
}

function chosenOf(thought: Thought, asked: Asked, wish: Wish, memory: Memory, tools: Tools, judged?: Judged): Chosen {
  const { model, previous, left } = thought;
  const prediction = judged?.prediction;
  const estimates = memory.costs.forecasts(model, tools.counter.count(asked.query) + asked.contextTokens);
  const budgets = left === undefined ? [] : budgetsOf(left, estimates);
  const choice = chooseLevel({
    ...wish,
    ...(prediction && { predicted: prediction }),
    ...(previous && { previous }),
    ...(budgets.length > 0 && { budget: budgets }),
  });
  const { level, wanted, lowered } = choice;
  const record: ChosenLevel = {
    level,
    model,
    why: [...new Set([...choice.why, ...(judged?.note === undefined ? [] : [judged.note]), ...reasonsOf(level, wish, prediction, tools)])],
    ...(prediction && { score: Math.round(prediction.score * 1000) / 1000 }),
    ...(wanted !== level && { wanted }),
    ...(lowered.length > 0 && { caps: lowered }),
    forecast: forecastOf(estimates[level]),
    ...(judged?.usage && { judged: judged.usage }),
  };
  return { record, asked, anchor: anchorOf(wanted, prediction, previous) };
}

/** What the store does not tell cannot be gone by: only what was asked for counts. */
function withoutMemory({ model, messages }: Thought, wish: Wish): Chosen | undefined {
  if (wish.isPredicted) return undefined;
  const { level, why, lowered } = chooseLevel(wish);
  const record = { level, model, why, ...(lowered.length > 0 && { caps: lowered }) };
  return { record, asked: askedOf(messages), anchor: undefined };
}

/** Where thinking costs much, what weighed most is told. */
function reasonsOf(level: Level, wish: Wish, prediction: Prediction | undefined, { mayExplain }: Tools): readonly string[] {
  if (level < 3 || !prediction || wish.tag !== undefined || prediction.asked !== undefined || !mayExplain()) return [];
  return prediction.why.slice(0, 2);
}

/** As long as a level is kept though another was predicted, it is held against the score that it was chosen by. */
function anchorOf(wanted: Level, prediction: Prediction | undefined, previous: Anchor | undefined): Anchor | undefined {
  if (!prediction) return undefined;
  return prediction.level === wanted || !previous ? { level: wanted, score: prediction.score } : { ...previous, level: wanted };
}

function budgetsOf({ usd, tokens, ms }: Left, estimates: Readonly<Record<Level, Estimate>>): readonly Budget[] {
  const costs = (of: (estimate: Estimate) => number): Budget['costs'] => ({
    1: of(estimates[1]),
    2: of(estimates[2]),
    3: of(estimates[3]),
    4: of(estimates[4]),
  });
  return [
    ...(usd === undefined ? [] : [{ left: usd, costs: costs(({ money }) => money.high) }]),
    ...(tokens === undefined
      ? []
      : [{ left: tokens, costs: costs((each) => each.inputTokens.high + each.outputTokens.high + each.thinkingTokens.high) }]),
    ...(ms === undefined ? [] : [{ left: ms, costs: costs((each) => each.ms.high) }]),
  ];
}
