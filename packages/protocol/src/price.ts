import type { Usage } from './message.ts';

/** US dollars for a million tokens. */
export interface TokenPrice {
  readonly input: number;
  readonly output: number;
  /** Default: as output. */
  readonly thinking?: number;
  /** Input that the provider has in its cache. Default: as input. */
  readonly cachedInput?: number;
}

/** Millionths of a dollar for what the provider counted, not rounded. A price for a million tokens is millionths for one. */
export function microUsdOf(
  { input, output, thinking = output, cachedInput = input }: TokenPrice,
  { inputTokens, outputTokens, reasoningTokens, cachedTokens }: Usage,
): number {
  const cached = Math.min(cachedTokens, inputTokens);
  const thought = Math.min(reasoningTokens, outputTokens);
  return (inputTokens - cached) * input + cached * cachedInput + (outputTokens - thought) * output + thought * thinking;
}
