import type { ServerResponse } from 'node:http';
import { systemClock } from '@openclaw-runtime/kit';
import { encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import { createMemoryStore, type Lease, runKey } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import type { GatewayContext } from '../src/admission/options.ts';
import { sayWhy } from '../src/http/why.ts';

const key = runKey('default', 'r');
const creation = encodeRecord('run.created', 0, 0, { agent: 'default', input: 'hi', at: 0, fingerprint: 'r' });
const end = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });

test('a run that ends while it is asked about waits for nothing', async () => {
  const store = createMemoryStore();
  await store.runs.create(key, creation, 'r');
  let lease: Lease | undefined;
  store.queue.consume('o', 1, { leased: (given) => (lease = given), command: () => undefined, lost: () => undefined });
  await expect.poll(() => lease).toBeDefined();
  const { read } = store.runs;
  let reads = 0;
  const runs = {
    ...store.runs,
    async read(...args: Parameters<typeof read>) {
      const page = await read(...args);
      if (++reads === 1) {
        lease?.append([end], 'process', true);
        await lease?.settled();
        isAtWork = false;
      }
      return page;
    },
  };
  let isAtWork = true;
  const insight = { waits: () => [{ for: isAtWork ? 'first chunk' : 'queue' }], tiers: () => [], setTier: () => undefined };
  let said = '';
  const response = { writeHead: () => response, setHeader: () => response, end: (text: string) => void (said = text) };
  const context = { store: { ...store, runs }, clock: systemClock, insight } as unknown as GatewayContext;
  await sayWhy(context, () => [], key, response as unknown as ServerResponse);
  expect(JSON.parse(said)).toMatchObject({ status: 'completed', waits: [] });
});
