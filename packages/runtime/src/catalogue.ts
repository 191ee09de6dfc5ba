import type { ModelBroker } from '@openclaw-runtime/model';
import type { Store } from '@openclaw-runtime/store';
import type { Agent } from './run/agents.ts';

/**
 * Writes the names of agents and models to the store's state, where gateways read them: `_house`, `catalogue`,
 * `{agents: [{name, description?, model?, operations?: [{name, description?, timeoutMs?}]}], models: [{name, provider, simulated}], defaultModel}`.
 */
export async function publishCatalogue(
  store: Store,
  { agents, broker, defaultModel }: { readonly agents: readonly Agent[]; readonly broker: ModelBroker; readonly defaultModel: string },
): Promise<void> {
  const value = JSON.stringify({
    agents: agents.map(({ name, description, model, code }) => ({ name, description, model, operations: code?.card.operations })),
    models: broker.list().map(({ name, provider, simulated }) => ({ name, provider, simulated })),
    defaultModel,
  });
  const found = await store.state.get('_house', 'catalogue');
  if (found?.value !== value) await store.state.put('_house', 'catalogue', value, found?.rev ?? 0);
}
