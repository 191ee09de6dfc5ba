import type { AgentSpec } from '@openclaw-runtime/agent';
import type { ModelBroker } from '@openclaw-runtime/model';
import type { Store } from '@openclaw-runtime/store';

/**
 * Writes the names of agents and models to the store's state, where gateways read them: `_house`, `catalogue`,
 * `{agents: [{name, description?, model?}], models: [{name, provider, simulated}], defaultModel}`.
 */
export async function publishCatalogue(
  store: Store,
  { agents, broker, defaultModel }: { readonly agents: readonly AgentSpec[]; readonly broker: ModelBroker; readonly defaultModel: string },
): Promise<void> {
  const value = JSON.stringify({
    agents: agents.map(({ name, description, model }) => ({ name, description, model })),
    models: broker.list().map(({ name, provider, simulated }) => ({ name, provider, simulated })),
    defaultModel,
  });
  const found = await store.state.get('_house', 'catalogue');
  if (found?.value !== value) await store.state.put('_house', 'catalogue', value, found?.rev ?? 0);
}
