import { LEVELS, type Level } from '../level/level.ts';
import { atLeast, type Interval, plus, times } from './interval.ts';
import { COUNTED, type TrackerState, track, UNKNOWN } from './ratio-tracker.ts';
import { createTokenCounter } from './tokens.ts';

/** Money for a million tokens, in the budget's currency. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** Default: as output. */
  readonly thinking?: number;
  /** Input that the provider has in its cache. Default: as input. */
  readonly cachedInput?: number;
}

export interface EstimatorOptions {
  /** The price of a model; undefined if none is known: then money is 0 and `priced` false. */
  readonly priceOf: (model: string) => Price | undefined;
  readonly state?: EstimatorState;
}

export interface EstimateRequest {
  readonly model: string;
  readonly level: Level;
  readonly query: string;
  /** Tokens that go with the query: instructions, tools, history. */
  readonly contextTokens?: number;
  /** How many of them the provider has in its cache. */
  readonly cachedTokens?: number;
  /** Model calls that are expected: tools, retries, candidates. Default 1. */
  readonly calls?: number;
}

/** An estimate. Where a number is wanted it is the expected money. */
export interface Estimate {
  readonly model: string;
  readonly level: Level;
  readonly inputTokens: Interval;
  readonly outputTokens: Interval;
  readonly thinkingTokens: Interval;
  readonly money: Interval;
  readonly ms: Interval;
  /** Whether a price was known. */
  readonly priced: boolean;
  /** How many runs of this model and level it was learned from. */
  readonly learnedFrom: number;
  valueOf(): number;
}

/** What a run took. */
export interface Usage {
  readonly model: string;
  readonly level: Level;
  readonly query: string;
  readonly contextTokens?: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly thinkingTokens?: number;
  readonly ms: number;
}

export type Amount = 'input' | 'output' | 'thinking' | 'ms';

export interface EstimatorState {
  readonly version: 1;
  /** By `model level amount`. */
  readonly trackers: Readonly<Record<string, TrackerState>>;
}

/** Models of which something is kept, the latest ones. */
const MOST_TRACKERS = 2000;
const AMOUNTS: readonly Amount[] = ['input', 'output', 'thinking', 'ms'];

/** What is expected before anything was seen: output and thinking of an ordinary request, and speed. */
const OUTPUT_AT: Readonly<Record<Level, number>> = { 1: 220, 2: 320, 3: 420, 4: 520 };
const THINKING_AT: Readonly<Record<Level, number>> = { 1: 0, 2: 600, 3: 1900, 4: 5200 };
const MS_PER_TOKEN = 14;
const FIRST_TOKEN_MS = 700;

/** Forecasts tokens, money and time of a request before anything runs; learns from what this installation's runs took. Never falls when the level or the length rises. */
export interface CostEstimator {
  estimate(request: EstimateRequest): Estimate;
  /** One estimate for each level. */
  estimateAll(request: Omit<EstimateRequest, 'level'>): Readonly<Record<Level, Estimate>>;
  learn(usage: Usage): void;
  exportState(): EstimatorState;
}

export function createCostEstimator(options: EstimatorOptions): CostEstimator {
  const counter = createTokenCounter();
  const trackers = new Map<string, TrackerState>(Object.entries(options.state?.trackers ?? {}));

  function estimateAll(request: Omit<EstimateRequest, 'level'>): Readonly<Record<Level, Estimate>> {
    const tokens = counter.count(request.query) + whole(request.contextTokens);
    let before: Amounts | undefined;
    const estimates = LEVELS.map((level) => {
      const amounts = amountsFor(request, level, tokens, before);
      before = amounts;
      return [level, estimateOf(request, level, amounts)] as const;
    });
    return Object.fromEntries(estimates) as Record<Level, Estimate>;
  }

  function amountsFor(request: Omit<EstimateRequest, 'level'>, level: Level, tokens: number, before: Amounts | undefined): Amounts {
    const calls = Math.max(1, request.calls ?? 1);
    const amount = (name: Amount): Interval => {
      const seen = trackers.get(keyOf(request.model, level, name)) ?? startOf(name);
      const expected = times(rangeOf(seen), expectedOf(name, level, tokens) * calls);
      return before === undefined ? expected : atLeast(expected, before[name]);
    };
    return { input: amount('input'), output: amount('output'), thinking: amount('thinking'), ms: amount('ms') };
  }

  function estimateOf(request: Omit<EstimateRequest, 'level'>, level: Level, amounts: Amounts): Estimate {
    const price = options.priceOf(request.model);
    const money = price === undefined ? NOTHING : moneyOf(amounts, price, whole(request.cachedTokens));
    return {
      model: request.model,
      level,
      inputTokens: amounts.input,
      outputTokens: amounts.output,
      thinkingTokens: amounts.thinking,
      money,
      ms: amounts.ms,
      priced: price !== undefined,
      learnedFrom: trackers.get(keyOf(request.model, level, 'output'))?.count ?? 0,
      valueOf: () => money.mean,
    };
  }

  return {
    estimateAll,
    estimate: (request) => estimateAll(request)[request.level],
    learn(usage) {
      const tokens = counter.count(usage.query) + whole(usage.contextTokens);
      const seen: Readonly<Record<Amount, number>> = {
        input: usage.inputTokens,
        output: usage.outputTokens,
        thinking: usage.thinkingTokens ?? 0,
        ms: usage.ms,
      };
      for (const amount of AMOUNTS) {
        const expected = expectedOf(amount, usage.level, tokens);
        if (expected === 0) continue;
        const key = keyOf(usage.model, usage.level, amount);
        const next = track(trackers.get(key) ?? startOf(amount), seen[amount] / expected);
        trackers.delete(key);
        trackers.set(key, next);
      }
      for (const key of trackers.keys()) {
        if (trackers.size <= MOST_TRACKERS) break;
        trackers.delete(key);
      }
    },
    exportState: () => ({ version: 1, trackers: Object.fromEntries(trackers) }),
  };
}

interface Amounts {
  readonly input: Interval;
  readonly output: Interval;
  readonly thinking: Interval;
  readonly ms: Interval;
}

const NOTHING: Interval = { mean: 0, low: 0, high: 0 };

/** What is expected of an unknown model; grows with the length of the request, slower than it. */
function expectedOf(amount: Amount, level: Level, tokens: number): number {
  const growth = 0.6 + 0.4 * Math.sqrt(Math.min(tokens, 100_000) / 100);
  if (amount === 'input') return tokens + 8;
  if (amount === 'output') return OUTPUT_AT[level] * growth;
  if (amount === 'thinking') return THINKING_AT[level] * growth;
  return FIRST_TOKEN_MS + MS_PER_TOKEN * (OUTPUT_AT[level] + THINKING_AT[level]) * growth + tokens * 0.05;
}

function startOf(amount: Amount): TrackerState {
  return amount === 'input' ? COUNTED : UNKNOWN;
}

function rangeOf(seen: TrackerState): Interval {
  const [low, high] = [Math.exp(seen.low), Math.exp(seen.high)];
  return { mean: Math.min(high, Math.max(low, seen.mean)), low, high };
}

function moneyOf(amounts: Amounts, price: Price, cached: number): Interval {
  const saved = cached * Math.max(0, price.input - (price.cachedInput ?? price.input));
  const input = times(amounts.input, price.input / 1e6);
  const less = (value: number): number => Math.max(0, value - saved / 1e6);
  const paid: Interval = { mean: less(input.mean), low: less(input.low), high: less(input.high) };
  return plus(paid, plus(times(amounts.output, price.output / 1e6), times(amounts.thinking, (price.thinking ?? price.output) / 1e6)));
}

function keyOf(model: string, level: Level, amount: Amount): string {
  return `${model} ${level} ${amount}`;
}

function whole(count: number | undefined): number {
  return count === undefined || !(count > 0) ? 0 : count;
}
