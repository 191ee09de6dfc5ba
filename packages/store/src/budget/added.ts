import { OpenClawError } from '@openclaw-runtime/protocol';
import type { State } from '../contract/store.ts';
import { type Amounts, NOTHING, plus } from './amounts.ts';
import { addedKey, type ScopeName } from './scope.ts';

interface Added {
  readonly sum: Amounts;
  /** Of the latest additions: each counts once. */
  readonly ids: readonly string[];
}

const IDS_KEPT = 1_000;

/** What was added to the limits of a budget. */
export async function readAdded(state: State, tenant: string, scope: ScopeName): Promise<Amounts> {
  const found = await state.get(tenant, addedKey(scope));
  return found ? (JSON.parse(found.value) as Added).sum : NOTHING;
}

/** Adds to the limits of a budget, once per `id`. Durable when it resolves, to whether it had been added before. */
export async function addToBudget(
  state: State,
  tenant: string,
  scope: ScopeName,
  id: string,
  amounts: Amounts,
): Promise<{ readonly dup: boolean }> {
  const key = addedKey(scope);
  for (;;) {
    const found = await state.get(tenant, key);
    const { sum, ids } = found ? (JSON.parse(found.value) as Added) : { sum: NOTHING, ids: [] };
    if (ids.includes(id)) return { dup: true };
    const next: Added = { sum: plus(sum, amounts), ids: [...ids, id].slice(-IDS_KEPT) };
    try {
      await state.put(tenant, key, JSON.stringify(next), found?.rev ?? 0);
      return { dup: false };
    } catch (error) {
      if (!(error instanceof OpenClawError && error.code === 'STATE_CONFLICT')) throw error;
    }
  }
}
