import { createMemoryStore, type Store } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { refused } from './fuzz/refused.ts';
import { fuzz } from './fuzz/run.ts';

const CASES = 20_000;

test('frames and bodies that are nearly right, to every door: no crash, no 5xx, no defect, and each is answered', {
  timeout: 300_000,
}, async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  console.log(`SEED=${seed}: npm run fuzz -- --cases ${CASES} --seed ${seed}`);
  const faults = await fuzz({ seed, from: 0, to: CASES });
  expect(faults.slice(0, 10)).toEqual([]);
});

/** Refused whatever they are: the run has ended, the id is of another kind, it is served elsewhere, or there is nothing to approve. */
const REFUSED = [
  'DELETE /mcp 405 -32000',
  'GET /mcp 405 -32000',
  ...['GET', 'DELETE'].map((method) => `${method} /v1/responses/{id} 404 NOT_FOUND`),
  'GET /v1/responses/{id}/input_items 404 NOT_FOUND',
  'POST /v1/responses/{id}/cancel 404 NOT_FOUND',
  'POST /v1/chat/{id}/cancel 404 NOT_FOUND',
  ...['rotate', 'revoke'].map((what) => `POST /v1/keys/{id}/${what} 404 NOT_FOUND`),
  ...['approve', 'budget', 'cancel', 'level', 'messages'].map((what) => `POST /v1/runs/{id}/${what} 409 RUN_FINISHED`),
  ...['approve', 'cancel', 'level', 'send', 'topup'].map((kind) => `command ${kind} RUN_FINISHED`),
  'plugin.approval.resolve INVALID_REQUEST unknown or expired approval id',
  'sessions.resolve INVALID_REQUEST No session found. sessions.list names those there are.',
];

test('what is made wrong is right: most of it is taken as it is', async () => {
  const { sent, refusals } = await refused();
  expect([...new Set(refusals)].sort()).toEqual([...REFUSED].sort());
  expect(refusals.length).toBeLessThan(sent / 5);
});

test('a server that has a fault is found out: a store that meets with a defect, now and then', async () => {
  const store = createMemoryStore();
  let reads = 0;
  const runs: Store['runs'] = Object.create(store.runs, {
    read: {
      value: (...args: Parameters<Store['runs']['read']>) => {
        if (++reads % 10 === 0) throw new TypeError('a planted defect');
        return store.runs.read(...args);
      },
    },
  }) as Store['runs'];
  const planted = Object.create(store, { runs: { value: runs } }) as Store;
  const faults = await fuzz({ seed: 1, from: 0, to: 1_000, store: planted });
  expect(faults.some(({ what }) => what.includes('a planted defect'))).toBe(true);
  expect(faults.some(({ what }) => /^500 |INTERNAL/.test(what))).toBe(true);
});
