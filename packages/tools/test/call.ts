import type { HouseToolCall } from '@openclaw-runtime/agent';

/** A call of a run, with what matters to a test. */
export function callOf(workspace?: string, signal: AbortSignal = new AbortController().signal): HouseToolCall {
  return { key: 'key-1', run: { run: 'run', tenant: 'tenant', agent: 'agent', ...(workspace === undefined ? {} : { workspace }) }, signal };
}
