import type { ModelRequest } from '../contract/broker.ts';

/** What a token is on average, in UTF-16 units. */
const UNITS_PER_TOKEN = 4;

/** Tokens of the input, roughly: enough to reserve them, until the provider has counted. A response that is only read again takes none. */
export function estimateTokens({ messages, tools, prefix, attach }: ModelRequest): number {
  if (attach !== undefined) return 0;
  let units = prefix?.length ?? 0;
  for (const message of messages) units += message.content.length;
  if (tools) units += JSON.stringify(tools).length;
  return Math.ceil(units / UNITS_PER_TOKEN);
}
