import { addUsage, NO_USAGE, type Usage } from '@openclaw-runtime/protocol';

/** Tokens in the words of chat completions, and what they cost, where that is known. */
export function chatUsage({ inputTokens, outputTokens, reasoningTokens, cachedTokens }: Usage, usd: number | undefined): object {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
    ...(usd === undefined ? {} : { cost: usd }),
  };
}

/** The same in the words of responses. */
export function responseUsage({ inputTokens, outputTokens, reasoningTokens, cachedTokens }: Usage, usd: number | undefined): object {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: inputTokens + outputTokens,
    ...(usd === undefined ? {} : { cost: usd }),
  };
}

/** Of several answers together. */
export function sumOf(all: readonly Used[]): Used {
  return all.reduce(
    (a, b) => ({ usage: addUsage(a.usage, b.usage), usd: a.usd === undefined || b.usd === undefined ? undefined : a.usd + b.usd }),
    {
      usage: NO_USAGE,
      usd: 0,
    },
  );
}

export interface Used {
  readonly usage: Usage;
  readonly usd: number | undefined;
}
