import { seededRandom } from '@openclaw-runtime/kit';
import { createMemoryStore, type RunKey, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { type AttackedHouse, openHouse } from './house.ts';
import { httpCalls } from './inventory.ts';
import { crossByFrames, crossByHttp } from './matrix/cross.ts';
import { openEstate } from './matrix/estate.ts';
import { createJudge, type Leak } from './matrix/leaks.ts';

const TENANTS = 6;
/** Nobody works on runs here, so all of them wait. */
const unlimited = { keyed: { perKey: {}, perTenant: {}, perAddress: {} }, waitMs: Number.POSITIVE_INFINITY };

describe('tenants', () => {
  test('H1 · what one tenant has is nothing to another, on any route and in any frame', { timeout: 600_000 }, async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
    console.log(`SEED=${seed}`);
    await using house = await openHouse({ admission: unlimited });
    const { leaks, unchanged, calls, routes } = await cross(house, seed, 25_000, 80_000);
    console.log(`${calls} calls with what is another tenant’s on ${routes} routes, ${leaks.length} leaks`);
    expect(leaks.slice(0, 20)).toEqual([]);
    expect(unchanged).toBe(true);
    expect(calls).toBeGreaterThanOrEqual(100_000);
    expect(routes).toBe(httpCalls({ run: 'x' }).length);
    expect(await house.isWell()).toBe(true);
  });

  test.each(['read', 'put'] as const)('H1 · a planted leak is found: %s does not look whose it is', async (kind) => {
    const store = createMemoryStore();
    await using house = await openHouse({ admission: unlimited, store: careless(store, kind) });
    const { leaks } = await cross(house, 1, 1_000, 1_000);
    expect(leaks.length).toBeGreaterThan(10);
    if (kind === 'put') expect(leaks.some(({ call }) => call.startsWith('command.'))).toBe(true);
    else expect(leaks.some(({ why }) => why.includes('was told'))).toBe(true);
  });
});

interface Outcome {
  readonly leaks: readonly Leak[];
  readonly unchanged: boolean;
  readonly calls: number;
  readonly routes: number;
}

async function cross(house: AttackedHouse, seed: number, requests: number, frames: number): Promise<Outcome> {
  const random = seededRandom(seed);
  const names = Array.from({ length: TENANTS }, (_, i) => `tenant${i}-${Math.floor(random.float() * 1e9).toString(36)}`);
  const estates = await Promise.all(names.map((name) => openEstate(house, name)));
  const judge = createJudge(estates);
  const look = async (): Promise<string> => (await Promise.all(estates.map((estate) => estate.look()))).join('\n');
  const before = await look();
  const counts = await crossByHttp({ house, estates, judge, random }, requests);
  await crossByFrames({ house, estates, judge, random }, frames);
  const after = await look();
  return { leaks: judge.leaks, unchanged: before === after, calls: requests + frames, routes: counts.size };
}

/** A store that gives everybody what anybody asks for. */
function careless(store: Store, kind: 'read' | 'put'): Store {
  const owners = new Map<string, RunKey>();
  const whose = (key: RunKey): RunKey => owners.get(key.slice(key.indexOf('/') + 1)) ?? key;
  const runs: Store['runs'] = Object.create(store.runs, {
    create: {
      value: (key: RunKey, record: string, fingerprint: string) => {
        owners.set(key.slice(key.indexOf('/') + 1), key);
        return store.runs.create(key, record, fingerprint);
      },
    },
    ...(kind === 'read' && {
      read: { value: (key: RunKey, after: number, maxBytes: number) => store.runs.read(whose(key), after, maxBytes) },
      snapshot: { value: (key: RunKey) => store.runs.snapshot(whose(key)) },
    }),
  }) as Store['runs'];
  const inbox: Store['inbox'] = { put: (key, ...rest) => store.inbox.put(kind === 'put' ? whose(key) : key, ...rest) };
  return Object.create(store, { runs: { value: runs }, inbox: { value: inbox } }) as Store;
}
