import type { State } from '@openclaw-runtime/store';

/** Under this key of each tenant stands what its runs taught about depth and cost. */
const KEY = 'reasoning';

/** What the tenant's runs taught, as they left it; `{}` where that is nothing. */
export async function readLearned(state: State, tenant: string): Promise<object> {
  const found = await state.get(tenant, KEY);
  return found === undefined ? {} : (JSON.parse(found.value) as object);
}
