import { LEVELS, type Level } from '../level/level.ts';
import { AMOUNTS, type Amount, costOf, expectedOf, type Price, unitOf, weightsOf } from './expected.ts';
import { type Interval, moved, rising, times } from './interval.ts';
import { learnt, type Row, rangeOf, seenAt } from './seen.ts';
import { createTokenCounter, type TokenCounter } from './tokens.ts';

export interface EstimatorOptions {
  /** The price of a model; undefined if none is known: then money is 0 and `priced` false. */
  readonly priceOf: (model: string) => Price | undefined;
  /** What an earlier estimator had learned (`exportState`). */
  readonly state?: EstimatorState;
  /** Counts the tokens of a request. Default: by kinds of characters. */
  readonly counter?: TokenCounter;
}

export interface EstimateRequest {
  readonly model: string;
  readonly level: Level;
  readonly query: string;
  /** Given: whole runs of this agent, with their tools, retries and children, as far as they were seen. Else one call of the model. */
  readonly agent?: string;
  /** Tokens that go with the query: instructions, tools, history. */
  readonly contextTokens?: number;
  /** How many of the input's tokens the provider has in its cache. Default: the share that was seen. */
  readonly cachedTokens?: number;
  /** Model calls that are expected: tools, retries, candidates. Default 1. */
  readonly calls?: number | Readonly<Record<Level, number>>;
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

/** What a call of a model took, or with `agent` a whole run of that agent: all its calls together, those that were tried again and those of its children too. */
export interface Usage {
  readonly model: string;
  readonly level: Level;
  readonly query: string;
  readonly agent?: string;
  readonly contextTokens?: number;
  readonly inputTokens: number;
  /** Of these, how many the provider had in its cache. */
  readonly cachedTokens?: number;
  /** Without what was thought. */
  readonly outputTokens: number;
  readonly thinkingTokens?: number;
  readonly ms: number;
  /** As they were expected in the request. Default 1. */
  readonly calls?: number;
}

export interface EstimatorState {
  readonly version: 1;
  /** By model, and by model and agent. */
  readonly rows: Readonly<Record<string, readonly (Row[number] | null)[]>>;
}

/** Models, and agents with their models, of which something is kept: the latest ones. */
const MOST_ROWS = 64;

/** Forecasts tokens, money and time of a request before anything runs; learns from what this installation's runs took. Never falls when the level or the length rises. */
export interface CostEstimator {
  estimate(request: EstimateRequest): Estimate;
  /** One estimate for each level. */
  estimateAll(request: Omit<EstimateRequest, 'level'>): Readonly<Record<Level, Estimate>>;
  /** `false`: its amounts are none, and nothing was learned. */
  learn(usage: Usage): boolean;
  /** Everything that was learned, as plain JSON of bounded size. */
  exportState(): EstimatorState;
}

/** Throws `RangeError` for a state of another version. */
export function createCostEstimator(options: EstimatorOptions): CostEstimator {
  const counter = options.counter ?? createTokenCounter();
  const rows = rowsOf(options.state);

  const tokensOf = ({ query, contextTokens }: Pick<EstimateRequest, 'query' | 'contextTokens'>): number =>
    counter.count(query) + whole(contextTokens);

  function estimateAll(request: Omit<EstimateRequest, 'level'>): Readonly<Record<Level, Estimate>> {
    const { model, agent } = request;
    const tokens = tokensOf(request);
    const price = options.priceOf(model);
    const weights = weightsOf(price);
    const known = agent === undefined ? [rows.get(model)] : [rows.get(keyOf(model, agent)), rows.get(model)];
    const levels = LEVELS.map((level) => ({ level, seen: seenAt(level, known), calls: callsOf(request.calls, level) }));
    const amounts = levels.map(({ level, seen, calls }) => {
      const usual = seen.cached * tokens;
      const cached = request.cachedTokens === undefined ? usual : Math.min(tokens, whole(request.cachedTokens));
      const expected = expectedOf(level, tokens, usual, weights);
      const dearer = (usual - cached) * (weights.input - weights.cached);
      return (name: Amount): Interval => times(moved(rangeOf(seen, name, expected[name]), name === 'cost' ? dearer : 0), calls);
    });
    const all = Object.fromEntries(AMOUNTS.map((name) => [name, rising(amounts.map((amount) => inWhole(name, amount(name))))])) as Rising;
    const perToken = unitOf(price) / 1e6;
    const estimates = levels.map(({ level }, at) => {
      const of = (name: Amount): Interval => all[name][at] as Interval;
      const money = times(of('cost'), perToken);
      const estimate: Estimate = {
        model,
        level,
        inputTokens: of('input'),
        outputTokens: of('output'),
        thinkingTokens: of('thinking'),
        money,
        ms: of('ms'),
        priced: price !== undefined,
        learnedFrom: known.find((row) => row?.[level - 1])?.[level - 1]?.amounts.output.count ?? 0,
        valueOf: () => money.mean,
      };
      return [level, estimate] as const;
    });
    return Object.fromEntries(estimates) as Record<Level, Estimate>;
  }

  return {
    estimateAll,
    estimate: (request) => estimateAll(request)[request.level],
    learn(usage) {
      const { model, level, agent, inputTokens, outputTokens, ms } = usage;
      const calls = callsOf(usage.calls, level);
      const [cached, thinking] = [whole(usage.cachedTokens), whole(usage.thinkingTokens)];
      const weights = weightsOf(options.priceOf(model));
      const share = inputTokens > 0 ? Math.min(1, cached / inputTokens) : 0;
      const tokens = tokensOf(usage);
      const expected = expectedOf(level, tokens, share * tokens, weights);
      const taken = { input: inputTokens, output: outputTokens, thinking, ms };
      if (!Object.values(taken).every((amount) => amount >= 0 && Number.isFinite(amount))) return false;
      const cost = costOf({ ...taken, cached }, weights);
      const amounts: Readonly<Record<Amount, number>> = {
        input: inputTokens / calls,
        output: outputTokens / calls,
        thinking: thinking / calls,
        ms: ms / calls,
        cost: cost / calls,
      };
      const key = agent === undefined ? model : keyOf(model, agent);
      const row = rows.get(key);
      const seen = seenAt(level, agent === undefined ? [row] : [row, rows.get(model)]);
      const next = LEVELS.map((each) => (each === level ? learnt(seen, amounts, expected, share) : row?.[each - 1]));
      rows.delete(key);
      rows.set(key, next);
      for (const oldest of rows.keys()) {
        if (rows.size <= MOST_ROWS) break;
        rows.delete(oldest);
      }
      return true;
    },
    exportState: () => ({ version: 1, rows: Object.fromEntries([...rows].map(([key, row]) => [key, row.map((seen) => seen ?? null)])) }),
  };
}

type Rising = Readonly<Record<Amount, readonly Interval[]>>;

/** Tokens and milliseconds are whole: an interval ends at the nearest. */
function inWhole(name: Amount, amount: Interval): Interval {
  if (name === 'cost') return amount;
  const [low, high] = [Math.round(amount.low), Math.round(amount.high)];
  return { mean: Math.min(high, Math.max(low, amount.mean)), low, high };
}

function rowsOf(state: EstimatorState | undefined): Map<string, Row> {
  if (state === undefined) return new Map();
  const version: unknown = state.version;
  if (version !== 1) throw new RangeError(`what was learned has version ${String(version)}, this version reads 1: start without it`);
  return new Map(Object.entries(state.rows).map(([key, row]) => [key, LEVELS.map((level) => row[level - 1] ?? undefined)]));
}

function keyOf(model: string, agent: string): string {
  return `${model} @${agent}`;
}

function callsOf(calls: EstimateRequest['calls'], level: Level): number {
  const number = typeof calls === 'object' ? calls[level] : calls;
  return number !== undefined && number > 1 ? number : 1;
}

function whole(count: number | undefined): number {
  return count === undefined || !(count > 0) ? 0 : count;
}
