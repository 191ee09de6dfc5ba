import { OpenClawError } from '@openclaw-runtime/protocol';
import type { State } from '@openclaw-runtime/store';
import { HOUSE } from './identity.ts';

/** The tenants that ever had runs which somebody waited for: no store lists them. */
export interface Tenants {
  /** Is written down soon. */
  add(tenant: string): void;
  all(): Promise<readonly string[]>;
}

const KEY = 'tenants';
const TRIES = 5;

export function createTenants(state: State): Tenants {
  const known = new Set([HOUSE]);
  let last: Promise<void> = Promise.resolve();

  const all = async (): Promise<readonly string[]> => {
    const found = await state.get('_house', KEY);
    for (const tenant of found ? (JSON.parse(found.value) as readonly string[]) : []) known.add(tenant);
    return [...known];
  };
  const keep = async (tenant: string): Promise<void> => {
    for (let tries = 1; ; tries++) {
      const found = await state.get('_house', KEY);
      const before = found ? (JSON.parse(found.value) as readonly string[]) : [];
      if (before.includes(tenant)) return;
      try {
        await state.put('_house', KEY, JSON.stringify([...before, tenant]), found?.rev ?? 0);
        return;
      } catch (error) {
        if (!(error instanceof OpenClawError) || error.code !== 'STATE_CONFLICT' || tries === TRIES) throw error;
      }
    }
  };

  return {
    add(tenant) {
      if (known.has(tenant)) return;
      known.add(tenant);
      // One after the other. What fails is tried again with the tenant's next run.
      last = last.then(() => keep(tenant)).catch(() => void known.delete(tenant));
    },
    all,
  };
}
