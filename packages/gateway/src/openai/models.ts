import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Store } from '@openclaw-runtime/store';

/** A model as OpenAI's clients read it; an agent is one too. */
export interface ModelBody {
  readonly id: string;
  readonly object: 'model';
  readonly created: number;
  readonly owned_by: string;
  readonly openclaw: { readonly kind: 'agent' | 'model'; readonly description?: string };
}

interface Catalogue {
  readonly agents: readonly { readonly name: string; readonly description?: string }[];
  readonly models?: readonly { readonly name: string; readonly provider: string }[];
}

/** Agents as `agent:NAME`, then the models of the configuration. `createdS`: seconds since 1970; nobody knows since when they are there. */
export async function listModels(store: Store, createdS: number): Promise<readonly ModelBody[]> {
  const found = await store.state.get('_house', 'catalogue');
  const { agents, models = [] } = found ? (JSON.parse(found.value) as Catalogue) : { agents: [] };
  const about = { object: 'model', created: createdS } as const;
  return [
    ...agents.map(({ name, description }): ModelBody => {
      const openclaw = { kind: 'agent', ...(description === undefined ? {} : { description }) } as const;
      return { id: `agent:${name}`, ...about, owned_by: 'openclaw-runtime', openclaw };
    }),
    ...models.map(({ name, provider }): ModelBody => ({ id: name, ...about, owned_by: provider, openclaw: { kind: 'model' } })),
  ];
}

/** Rejects with `NOT_FOUND`. */
export async function findModel(store: Store, createdS: number, id: string): Promise<ModelBody> {
  const model = (await listModels(store, createdS)).find((each) => each.id === id);
  if (model) return model;
  throw new OpenClawError('NOT_FOUND', `There is no model ${id.slice(0, 256)}. GET /v1/models lists them.`, { cause: { param: 'model' } });
}
