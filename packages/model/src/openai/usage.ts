import type { Usage } from '@openclaw-runtime/protocol';
import { tokenCount } from '../call/event.ts';

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
    inputTokens: tokenCount(usage.prompt_tokens),
    outputTokens: tokenCount(usage.completion_tokens),
    reasoningTokens: tokenCount(usage.completion_tokens_details?.reasoning_tokens),
    cachedTokens: tokenCount(usage.prompt_tokens_details?.cached_tokens),
  };
}
