import { encodeRecord } from '@openclaw-runtime/protocol';
import { createMemoryStore, type RunKey, runKey } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { createLeases } from '../../src/openai/house/leases.ts';

test('after a restart the runs that only a client waited for are found, whosever tenant’s they are', async () => {
  const store = createMemoryStore();
  const timers: { readonly ms: number; readonly fn: () => void }[] = [];
  const clock = {
    now: () => 0,
    wall: () => 0,
    after(ms: number, fn: () => void) {
      if (ms === 0) queueMicrotask(fn);
      else timers.push({ ms, fn });
      return () => undefined;
    },
  };
  const cancelled: RunKey[] = [];
  const inbox: typeof store.inbox = {
    async put(key, command) {
      if (command.kind === 'cancel') cancelled.push(key);
      return { dup: false };
    },
  };
  const keys = ['default', 'acme', 'other'].map((tenant) => runKey(tenant, store.runId(tenant, 'r')));
  const before = createLeases({ store, clock });
  for (const key of keys) {
    const created = { agent: 'default', input: 'q', at: 0, fingerprint: 'f', door: { leaseMs: 15_000 } };
    await store.runs.create(key, encodeRecord('run.created', 0, 0, created), 'f');
    before.hold(key, 0);
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  before.stop();

  const after = createLeases({ store: { ...store, inbox }, clock });
  await after.recover();
  expect(timers.map(({ ms }) => ms)).toEqual([15_000, 15_000, 15_000]);
  for (const { fn } of timers) fn();
  expect(cancelled.toSorted()).toEqual(keys.toSorted());
  await store.close();
});
