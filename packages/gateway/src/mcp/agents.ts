import type { Store } from '@openclaw-runtime/store';

/** An agent as a tool. */
export interface AgentTool {
  /** As clients of MCP may call it. */
  readonly name: string;
  readonly agent: string;
  readonly description: string;
}

interface Catalogue {
  readonly agents: readonly { readonly name: string; readonly description?: string }[];
}

/** Agents that come with the house and only carry out what programs ask of them. */
const NOT_FOR_TALK: readonly string[] = ['task'];

/** All agents that one can talk to, in the house's order. */
export async function agentTools({ state }: Pick<Store, 'state'>): Promise<readonly AgentTool[]> {
  const found = await state.get('_house', 'catalogue');
  const { agents } = found ? (JSON.parse(found.value) as Catalogue) : { agents: [] };
  const names = new Set<string>();
  return agents.flatMap(({ name: agent, description = `Asks the agent ${agent}.` }) => {
    const name = agent.replaceAll(/[^A-Za-z0-9_.-]/g, '_');
    if (NOT_FOR_TALK.includes(agent) || names.has(name)) return [];
    names.add(name);
    return [{ name, agent, description }];
  });
}

export const INPUT_SCHEMA = {
  type: 'object' as const,
  properties: {
    message: { type: 'string', minLength: 1, description: 'What the agent is asked.' },
    session: {
      type: 'string',
      minLength: 1,
      maxLength: 128,
      description: 'A conversation that goes on: calls that name the same one are told what was said before.',
    },
  },
  required: ['message'],
  additionalProperties: false,
};

export const OUTPUT_SCHEMA = {
  type: 'object' as const,
  properties: {
    run: { type: 'string', description: 'The id of the run that answered.' },
    text: { type: 'string' },
    finish: { type: 'string', enum: ['stop', 'length', 'content_filter', 'interrupted', 'tool_calls'] },
    usage: {
      type: 'object',
      properties: {
        inputTokens: { type: 'integer' },
        outputTokens: { type: 'integer' },
        reasoningTokens: { type: 'integer' },
        cachedTokens: { type: 'integer' },
      },
      required: ['inputTokens', 'outputTokens', 'reasoningTokens', 'cachedTokens'],
    },
  },
  required: ['run', 'text', 'finish', 'usage'],
};
