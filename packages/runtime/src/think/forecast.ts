import type { Forecast, Range } from '@openclaw-runtime/protocol';
import type { Estimate, Interval } from '@openclaw-runtime/reasoning';

/** An estimate as records have it: whole tokens and milliseconds, money to the millionth. */
export function forecastOf({ inputTokens, outputTokens, thinkingTokens, money, ms, priced }: Estimate): Forecast {
  return {
    inputTokens: whole(inputTokens),
    outputTokens: whole(outputTokens),
    thinkingTokens: whole(thinkingTokens),
    ...(priced && { usd: [millionth(money.mean), millionth(money.low), millionth(money.high)] as const }),
    ms: whole(ms),
  };
}

function whole({ mean, low, high }: Interval): Range {
  return [Math.round(mean), Math.round(low), Math.round(high)];
}

function millionth(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
