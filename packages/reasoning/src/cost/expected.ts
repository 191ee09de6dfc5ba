import type { Level } from '../level/level.ts';

/** What is forecast and learned of each. `cost` is what is paid for, in tokens of output. */
export type Amount = 'input' | 'output' | 'thinking' | 'ms' | 'cost';

export const AMOUNTS: readonly Amount[] = ['input', 'output', 'thinking', 'ms', 'cost'];

/** Money for a million tokens, in the budget's currency. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** Default: as output. */
  readonly thinking?: number;
  /** Input that the provider has in its cache. Default: as input. */
  readonly cachedInput?: number;
}

/** What a token costs beside one of output. */
export interface Weights {
  readonly input: number;
  readonly cached: number;
  readonly thinking: number;
}

/** What is expected before anything was seen: output and thinking of an ordinary request, and speed. Levels are as far apart as efforts of known models are. */
const OUTPUT_AT: Readonly<Record<Level, number>> = { 1: 260, 2: 320, 3: 400, 4: 480 };
const THINKING_AT: Readonly<Record<Level, number>> = { 1: 0, 2: 600, 3: 1350, 4: 2900 };
const MS_PER_TOKEN = 14;
const MS_PER_INPUT_TOKEN = 0.05;
const FIRST_TOKEN_MS = 700;
/** What every request has around its text. */
const FRAME_TOKENS = 8;
/** Beyond this length an answer grows no more. */
const LONGEST = 100_000;
/** Where no price is known: as most providers have it. */
const USUAL: Weights = { input: 0.2, cached: 0.02, thinking: 1 };

/** What one call to an unknown model takes; grows with the length of the request, output slower than it. */
export function expectedOf(level: Level, tokens: number, cached: number, weights: Weights): Readonly<Record<Amount, number>> {
  const growth = 0.6 + 0.4 * Math.sqrt(Math.min(tokens, LONGEST) / 100);
  const input = tokens + FRAME_TOKENS;
  const output = OUTPUT_AT[level] * growth;
  const thinking = THINKING_AT[level] * growth;
  const ms = FIRST_TOKEN_MS + MS_PER_TOKEN * (output + thinking) + MS_PER_INPUT_TOKEN * tokens;
  return { input, output, thinking, ms, cost: costOf({ input, cached, output, thinking }, weights) };
}

export function costOf(
  { input, cached, output, thinking }: Readonly<Record<'input' | 'cached' | 'output' | 'thinking', number>>,
  weights: Weights,
): number {
  const held = Math.min(cached, input);
  return (input - held) * weights.input + held * weights.cached + output + thinking * weights.thinking;
}

export function weightsOf(price: Price | undefined): Weights {
  const output = unitOf(price);
  if (price === undefined || output === 0) return USUAL;
  const { input, thinking = price.output, cachedInput = input } = price;
  return { input: input / output, cached: Math.min(cachedInput, input) / output, thinking: thinking / output };
}

/** What a million of the tokens costs that costs are counted in: those of output. Where they are free and input is not, next to nothing; 0 where all is free. */
export function unitOf(price: Price | undefined): number {
  if (price === undefined) return 0;
  if (price.output > 0) return price.output;
  return price.input > 0 ? 1e-9 : 0;
}
