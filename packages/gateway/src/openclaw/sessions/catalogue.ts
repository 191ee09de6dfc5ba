import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Store } from '@openclaw-runtime/store';
import { DEFAULT_AGENT } from '../words/session-key.ts';

/** What the house has, as its runtimes announced it. */
export interface Catalogue {
  readonly agents: readonly { readonly name: string; readonly description?: string; readonly model?: string }[];
  readonly models: readonly { readonly name: string; readonly provider: string }[];
  readonly defaultModel?: string;
}

export async function readCatalogue(store: Store): Promise<Catalogue> {
  const found = await store.state.get('_house', 'catalogue');
  const { agents = [], models = [], defaultModel } = found ? (JSON.parse(found.value) as Partial<Catalogue>) : {};
  return { agents, models, ...(defaultModel !== undefined && { defaultModel }) };
}

export function defaultAgentOf({ agents }: Catalogue): string {
  return agents.some(({ name }) => name === DEFAULT_AGENT) ? DEFAULT_AGENT : (agents[0]?.name ?? DEFAULT_AGENT);
}

/** The agent that a client means, whatever the case of its letters. Throws `NOT_FOUND`. */
export function agentNamed({ agents }: Catalogue, id: string): string {
  const agent = agents.find(({ name }) => name === id) ?? agents.find(({ name }) => name.toLowerCase() === id.toLowerCase());
  if (agent) return agent.name;
  throw new OpenClawError('NOT_FOUND', `There is no agent ${id.slice(0, 64)}. agents.list names them.`);
}

/** The model that a client means: clients of this protocol put its provider in front. Throws `NOT_FOUND`. */
export function modelNamed({ models }: Catalogue, given: string): string {
  for (const { name, provider } of models) {
    for (const known of [name, `${provider}/${name}`]) {
      if (given === known || given.startsWith(`${known}?`)) return name + given.slice(known.length);
    }
  }
  throw new OpenClawError('NOT_FOUND', `There is no model ${given.slice(0, 128)}. models.list names them.`);
}

/** Of a model that a conversation is answered by. */
export function providerOf({ models }: Catalogue, model: string | undefined): string | undefined {
  const base = model?.split('?', 1)[0];
  return models.find(({ name }) => name === base)?.provider;
}
