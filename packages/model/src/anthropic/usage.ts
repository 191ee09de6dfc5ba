import type { Usage } from '@openclaw-runtime/protocol';
import { isObject, tokenCount } from '../call/event.ts';

/** The counts of a message so far; each report replaces those that it names. */
export type Counts = Readonly<Record<string, unknown>>;

export function mergeCounts(counts: Counts | undefined, report: unknown): Counts | undefined {
  if (!isObject(report)) return counts;
  const named = Object.entries(report).filter(([, value]) => value !== null && value !== undefined);
  return { ...counts, ...Object.fromEntries(named) };
}

/** What was read from a cache and what was written into it is counted apart there; here all of it is input. */
export function usageOf(counts: Counts): Usage {
  const cachedTokens = tokenCount(counts['cache_read_input_tokens']);
  const details = counts['output_tokens_details'];
  return {
    inputTokens: tokenCount(counts['input_tokens']) + tokenCount(counts['cache_creation_input_tokens']) + cachedTokens,
    outputTokens: tokenCount(counts['output_tokens']),
    reasoningTokens: isObject(details) ? tokenCount(details['thinking_tokens']) : 0,
    cachedTokens,
  };
}
