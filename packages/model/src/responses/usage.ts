import type { Usage } from '@openclaw-runtime/protocol';
import { isObject, tokenCount } from '../call/event.ts';

/** What a response counted; 0 for what is missing or no number. */
export function usageOf(usage: Readonly<Record<string, unknown>>): Usage {
  const { input_tokens_details: input, output_tokens_details: output } = usage;
  return {
    inputTokens: tokenCount(usage['input_tokens']),
    outputTokens: tokenCount(usage['output_tokens']),
    reasoningTokens: isObject(output) ? tokenCount(output['reasoning_tokens']) : 0,
    cachedTokens: isObject(input) ? tokenCount(input['cached_tokens']) : 0,
  };
}
