import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Store } from '@openclaw-runtime/store';

/** The agents that hosts have announced in the store's state. */
export interface Catalogue {
  /** Throws `NOT_FOUND` with the known names. Looks again before it says no, since a host may have come since. */
  checkAgent(name: string): Promise<void> | void;
}

export function createCatalogue(store: Store): Catalogue {
  let known = new Set<string>();

  const refuse = async (name: string): Promise<void> => {
    const found = await store.state.get('_house', 'catalogue');
    const { agents } = found ? (JSON.parse(found.value) as { agents: { name: string }[] }) : { agents: [] };
    known = new Set(agents.map((agent) => agent.name));
    if (!known.has(name)) throw new OpenClawError('NOT_FOUND', `There is no agent ${name}. Known: ${[...known].join(', ') || 'none yet'}.`);
  };

  return { checkAgent: (name) => (known.has(name) ? undefined : refuse(name)) };
}
