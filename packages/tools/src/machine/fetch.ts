import type { Agent } from 'undici';
import type { McpPorts } from '../mcp/ports.ts';

/** A fetch with connections of its own; undici is loaded with the first request. */
export function createFetch(): { readonly fetch: McpPorts['fetch']; close(): Promise<void> } {
  let agent: Promise<Agent> | undefined;
  const load = async (): Promise<Agent> => {
    const undici = await import('undici');
    // An event stream of a server that is quiet is not broken; calls have a time limit of their own.
    return new undici.Agent({ connections: 64, headersTimeout: 0, bodyTimeout: 0 });
  };
  return {
    async fetch(url, init = {}) {
      const undici = await import('undici');
      agent ??= load();
      const answer = await undici.fetch(url, { ...(init as object), dispatcher: await agent });
      return answer as unknown as Response;
    },
    async close() {
      await (await agent)?.destroy();
    },
  };
}
