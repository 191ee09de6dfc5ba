import type { LanguageModelV4FinishReason, LanguageModelV4Usage } from '@ai-sdk/provider';
import type { Outcome, Usage } from '@openclaw-runtime/protocol';

export function usageOf({ inputTokens, outputTokens, reasoningTokens, cachedTokens }: Usage): LanguageModelV4Usage {
  return {
    inputTokens: { total: inputTokens, noCache: inputTokens - cachedTokens, cacheRead: cachedTokens, cacheWrite: undefined },
    outputTokens: { total: outputTokens, text: outputTokens - reasoningTokens, reasoning: reasoningTokens },
  };
}

export function finishOf(outcome: Outcome): LanguageModelV4FinishReason {
  if (outcome.status !== 'completed') return { unified: 'error', raw: outcome.status };
  const { reason } = outcome;
  return { unified: reason === 'tool_calls' ? 'tool-calls' : reason === 'content_filter' ? 'content-filter' : reason, raw: reason };
}
