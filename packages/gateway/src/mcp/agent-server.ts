import type { Server } from '@modelcontextprotocol/server';
import type { OpenClawError } from '@openclaw-runtime/protocol';
import { shownOf } from '../openai/house/house.ts';
import { agentTools, INPUT_SCHEMA, OUTPUT_SCHEMA } from './agents.ts';
import { type CallHouse, callAgent } from './call.ts';
import type { Sdk } from './sdk.ts';

export interface AgentServerHouse extends Omit<CallHouse, 'signal' | 'takenBack'> {
  /** The client left. */
  readonly gone: AbortSignal;
  /** A call is under way, which `stop` takes back; the returned function says that it is no more. */
  under(id: unknown, stop: () => void): () => void;
}

const ABOUT = { name: 'openclaw-runtime', title: 'OpenClaw Runtime', version: '1' };
const INSTRUCTIONS =
  'Each tool asks an agent, which may work for minutes and use tools of its own. Name a session to go on with a conversation.';

/** The agents of a house as tools, for one exchange. */
export function createAgentServer(sdk: Sdk, house: AgentServerHouse): Server {
  const { context, gone, under, ...rest } = house;
  const server = new sdk.Server(ABOUT, { capabilities: { tools: {} }, instructions: INSTRUCTIONS });

  server.setRequestHandler('tools/list', async () => ({
    tools: (await agentTools(context.store)).map(({ name, description }) => ({
      name,
      description,
      inputSchema: INPUT_SCHEMA,
      outputSchema: OUTPUT_SCHEMA,
      // An agent may have tools of any kind.
      annotations: { openWorldHint: true },
    })),
  }));

  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const tool = (await agentTools(context.store)).find(({ name }) => name === params.name);
    if (!tool) throw new sdk.ProtocolError(sdk.INVALID_PARAMS, `There is no tool ${params.name.slice(0, 128)}.`);
    const takenBack = new AbortController();
    const over = under(mcpReq.id, () => takenBack.abort());
    const { progressToken } = mcpReq._meta ?? {};
    const progress = async (done: number, message: string): Promise<void> => {
      if (progressToken === undefined) return;
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: done, message } });
    };
    const waits = { signal: AbortSignal.any([gone, takenBack.signal, mcpReq.signal]), takenBack: takenBack.signal };
    try {
      const told = await callAgent({ ...rest, context, ...waits }, tool.agent, params.arguments ?? {}, mcpReq._meta ?? {}, progress);
      return server.projectCallToolResult({ content: [{ type: 'text', text: told.text }], structuredContent: { ...told } }, OUTPUT_SCHEMA);
    } catch (error) {
      const { code, message } = shownOf(context, error) satisfies OpenClawError;
      return { content: [{ type: 'text', text: `${code}: ${message}` }], isError: true };
    } finally {
      over();
    }
  });
  return server;
}
