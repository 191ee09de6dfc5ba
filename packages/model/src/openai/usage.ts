import type { Usage } from '@openclaw-runtime/protocol';

/** Every field may be missing or of another type. */
interface UsageBody {
  readonly prompt_tokens?: unknown;
  readonly completion_tokens?: unknown;
  readonly prompt_tokens_details?: { readonly cached_tokens?: unknown } | null;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: unknown } | null;
}

/** What a provider counted; 0 for what is missing or no number. */
export function usageOf(usage: UsageBody): Usage {
  return {
    inputTokens: count(usage.prompt_tokens),
    outputTokens: count(usage.completion_tokens),
    reasoningTokens: count(usage.completion_tokens_details?.reasoning_tokens),
    cachedTokens: count(usage.prompt_tokens_details?.cached_tokens),
  };
}

/** Some write their numbers as strings. */
function count(value: unknown): number {
  const number = typeof value === 'string' || typeof value === 'number' ? Math.trunc(Number(value)) : 0;
  return Number.isSafeInteger(number) && number > 0 ? number : 0;
}
