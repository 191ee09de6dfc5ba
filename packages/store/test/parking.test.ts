import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, seededRandom, systemClock } from '@openclaw-runtime/kit';
import { encodeRecord, OpenClawError } from '@openclaw-runtime/protocol';
import { type Command, createMemoryStore, type Lease, openSqliteStore, type RunKey, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { createDueHeap } from '../src/hall/due-heap.ts';
import { newEntry } from '../src/hall/entry.ts';
import { createHall } from '../src/hall/hall.ts';
import type { Persister, Receipt } from '../src/hall/persister.ts';
import { createMemoryPersister } from '../src/memory/memory-persister.ts';
import { CREATED, crashImage, FINISHED, keyOf, recordsOf, text, workplace } from './open-house.ts';

const later = (ms = 60_000): number => ms;

/** A clock that stands still until it is told to go on. `timers`: what it was asked for, in milliseconds. */
function standingClock(): Clock & { readonly timers: number[]; advance(ms: number): void } {
  let now = 1_000;
  const timers: number[] = [];
  const open = new Map<() => void, number>();
  return {
    timers,
    now: () => now,
    wall: () => now,
    after(ms, fn) {
      if (ms > 0) timers.push(ms);
      open.set(fn, now + ms);
      return () => void open.delete(fn);
    },
    advance(ms) {
      now += ms;
      for (const [fn, due] of open) {
        if (due > now) continue;
        open.delete(fn);
        fn();
      }
    },
  };
}

/** An owner that keeps its leases, newest last, and says when there is another. */
function owner(store: Store, capacity = 10) {
  const leases: Lease[] = [];
  const heard: Command[] = [];
  const lost: RunKey[] = [];
  let more = Promise.withResolvers<void>();
  const stop = store.queue.consume('test', capacity, {
    leased(lease) {
      leases.push(lease);
      more.resolve();
    },
    command: (_key, command) => heard.push(command),
    lost: (key) => lost.push(key),
  });
  return {
    leases,
    heard,
    stop,
    async count(n: number): Promise<Lease> {
      while (leases.length < n) {
        more = Promise.withResolvers();
        await more.promise;
      }
      return leases[n - 1] as Lease;
    },
  };
}

describe.each([
  ['memory', async (_folder: string): Promise<Store> => createMemoryStore()],
  ['sqlite', async (folder: string): Promise<Store> => openSqliteStore({ folder, gap: { minMs: 0, maxMs: 0 } })],
] as const)('a parked run, in %s,', (name, open) => {
  async function withStore(check: (store: Store) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'openclaw-parking-'));
    const store = await open(folder);
    try {
      await check(store);
    } finally {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  const ping = { id: 'c1', kind: 'feedback', data: 'ping' };

  test('is offered again with all that it had when a command comes, reads whole meanwhile and is listed', () =>
    withStore(async (store) => {
      const { leases, heard, count } = owner(store);
      const key = keyOf('a');
      await store.runs.create(key, CREATED, 'f');
      const first = await count(1);
      first.append([text('one'), text('two')], 'process');
      let advances = 0;
      store.runs.follow(key, () => advances++);
      first.park(later());
      expect(() => first.append([text('late')], 'process')).toThrow(expect.objectContaining({ code: 'FENCED' }));
      // Commits go by, with which its records leave memory.
      for (const n of [1, 2, 3]) await store.state.put('t', `state ${n}`, 'x', 0);
      expect(await recordsOf(store, key)).toEqual([CREATED, text('one'), text('two')]);
      expect(await store.runs.list('t', { limit: 5 })).toMatchObject({ runs: [{ agent: 'default', status: 'running', head: 3 }] });
      expect(await store.runs.create(key, CREATED, 'other')).toMatchObject({ created: false, fingerprint: 'f', head: { seq: 3 } });
      expect(leases).toHaveLength(1);

      expect(await store.inbox.put(key, ping)).toEqual({ dup: false });
      const second = await count(2);
      expect(second).toMatchObject({ key, creation: CREATED, head: { seq: 3, done: false }, commands: [ping], damage: undefined });
      expect(heard).toEqual([]);
      const before = advances;
      second.handled('c1');
      second.append([text('three'), FINISHED], 'disk', true);
      await second.settled();
      expect(advances).toBeGreaterThan(before);
      expect(await recordsOf(store, key)).toEqual([CREATED, text('one'), text('two'), text('three'), FINISHED]);
      expect(await store.inbox.put(key, ping).catch(() => 'ended')).toEqual({ dup: true });
    }));

  test('is offered again in the same turn where that is asked for, and may be parked as often as one likes', () =>
    withStore(async (store) => {
      const { leases, count } = owner(store);
      const key = keyOf('a');
      await store.runs.create(key, CREATED, 'f');
      (await count(1)).park(0);
      expect(leases).toHaveLength(2);
      for (let n = 2; n < 6; n++) {
        const lease = await count(n);
        expect(lease.head.seq).toBe(n - 1);
        lease.append([text(`${n}`)], 'process');
        await lease.settled();
        lease.park(later());
        lease.park(later());
        if (n % 2 === 0) await store.state.put('t', `state ${n}`, 'x', 0);
        await store.inbox.put(key, { ...ping, id: `c${n}` });
      }
      const last = await count(6);
      expect(last.commands).toHaveLength(4);
      expect(await recordsOf(store, key)).toHaveLength(5);
    }));

  test('takes no place of those that its owner has, and one with a command needs none', () =>
    withStore(async (store) => {
      const { leases, count } = owner(store, 1);
      await store.runs.create(keyOf('a'), CREATED, 'f');
      await store.runs.create(keyOf('b'), CREATED, 'f');
      expect(leases).toHaveLength(1);
      leases[0]?.park(later());
      expect((await count(2)).key).toBe(keyOf('b'));
      await store.inbox.put(keyOf('a'), ping);
      expect((await count(3)).key).toBe(keyOf('a'));
    }));

  test('is claimed like any other', () =>
    withStore(async (store) => {
      const { leases, count } = owner(store);
      const key = keyOf('a');
      await store.runs.create(key, CREATED, 'f');
      (await count(1)).park(later());
      await store.state.put('t', 'state', 'x', 0);
      await store.state.put('t', 'state 2', 'x', 0);
      const claimed = await store.queue.claim(key, 'other');
      expect(claimed.creation).toBe(CREATED);
      await store.inbox.put(key, ping);
      claimed.append([FINISHED], 'disk', true);
      await claimed.settled();
      expect(leases).toHaveLength(1);
    }));

  test('many of them, woken in any order: each once, with its own records', () =>
    withStore(async (store) => {
      const random = seededRandom(7);
      const { leases, count } = owner(store, 1_000);
      const keys = Array.from({ length: 300 }, (_, i) => keyOf(`run-${i}-`));
      await Promise.all(keys.map((key) => store.runs.create(key, CREATED, 'f')));
      for (const lease of [...leases]) {
        lease.append([text(lease.key)], 'process');
        lease.park(later());
      }
      const order = keys.toSorted(() => random.float() - 0.5);
      await Promise.all(order.map((key, i) => store.inbox.put(key, { ...ping, id: `c${i}` })));
      await count(600);
      await Promise.resolve();
      expect(leases).toHaveLength(600);
      expect(new Set(leases.slice(300).map(({ key }) => key)).size).toBe(300);
      for (const lease of leases.slice(300)) expect(await recordsOf(store, lease.key)).toEqual([CREATED, text(lease.key)]);
    }));

  test.runIf(name === 'sqlite')('is offered by the next process, whole, wherever the one before died', async () => {
    using folders = workplace();
    const store = await openSqliteStore({ folder: folders.in('live'), gap: { minMs: 0, maxMs: 0 } });
    const { count } = owner(store);
    const key = keyOf('a');
    await store.runs.create(key, CREATED, 'f');
    const lease = await count(1);
    lease.append([text('one')], 'disk');
    await lease.settled();
    const images = [crashImage(folders.in('live'), folders.in('before'))];
    lease.park(later());
    await store.state.put('t', 'state', 'x', 0);
    images.push(crashImage(folders.in('live'), folders.in('placed')));
    await store.inbox.put(key, ping);
    images.push(crashImage(folders.in('live'), folders.in('woken')));
    (await count(2)).append([text('two')], 'disk');
    await store.runs.list('t', { limit: 1 });
    await (await count(2)).settled();
    images.push(crashImage(folders.in('live'), folders.in('on')));
    await store.close();
    for (const [i, image] of images.entries()) {
      const next = await openSqliteStore({ folder: image });
      const found = await owner(next).count(1);
      expect(found.creation).toBe(CREATED);
      expect(found.commands).toEqual(i < 2 ? [] : [ping]);
      expect(await recordsOf(next, key)).toEqual([CREATED, text('one'), ...(i < 3 ? [] : [text('two')])]);
      expect((await next.upkeep.verify()).damaged).toEqual([]);
      found.append([FINISHED], 'disk', true);
      await found.settled();
      await next.close();
    }
  });
});

test('parked runs are offered when their time comes, by one timer for all of them', async () => {
  const clock = standingClock();
  const store = createMemoryStore({ clock });
  const { leases, count } = owner(store);
  for (const name of ['a', 'b', 'c']) await store.runs.create(keyOf(name), CREATED, 'f');
  await count(3);
  for (const [i, ms] of [3_000, 1_000, 2_000].entries()) leases[i]?.park(ms);
  expect(clock.timers).toEqual([3_000, 1_000]);
  for (const n of [1, 2]) await store.state.put('t', `state ${n}`, 'x', 0);
  clock.advance(999);
  await store.state.put('t', 'state 3', 'x', 0);
  expect(leases).toHaveLength(3);
  clock.advance(1);
  expect((await count(4)).key).toBe(keyOf('b'));
  await store.inbox.put(keyOf('c'), { id: 'c', kind: 'cancel' });
  expect((await count(5)).key).toBe(keyOf('c'));
  clock.advance(2_000);
  expect((await count(6)).key).toBe(keyOf('a'));
  clock.advance(100_000);
  await store.close();
  expect(leases).toHaveLength(6);
});

test('a run whose first record cannot be read any more is offered as damaged', async () => {
  const persister = createMemoryPersister();
  const store = hallOf({ ...persister, load: () => Promise.reject(new OpenClawError('DATA_DAMAGED', 'a checksum fails')) });
  const { count } = owner(store);
  const key = keyOf('a');
  await store.runs.create(key, CREATED, 'f');
  (await count(1)).park(later());
  for (const n of [1, 2]) await store.state.put('t', `state ${n}`, 'x', 0);
  await store.inbox.put(key, { id: 'c', kind: 'cancel' });
  expect((await count(2)).damage).toContain('a checksum fails');
  await store.close();
});

test('the heap gives what is due first, whatever is put in and taken out between', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const heap = createDueHeap();
    const expected = new Map<ReturnType<typeof newEntry>, number>();
    const all = Array.from({ length: 40 }, (_, i) => newEntry(keyOf(`${i}`), i, encodeRecord('text', 1, 1, ''), ''));
    for (let i = 0; i < 400; i++) {
      const entry = all[Math.floor(random.float() * all.length)] as (typeof all)[number];
      const what = random.float();
      if (what < 0.5) {
        const due = Math.floor(random.float() * 1_000);
        heap.add(entry, due);
        expected.set(entry, due);
      } else if (what < 0.8) {
        heap.remove(entry);
        expected.delete(entry);
      } else {
        const first = Math.min(...expected.values());
        expect(heap.firstMs, `seed ${seed}`).toBe(first);
        expect(heap.takeDue(first - 1)).toBeUndefined();
        const taken = heap.takeDue(first);
        expect(taken === undefined ? Number.POSITIVE_INFINITY : expected.get(taken), `seed ${seed}`).toBe(first);
        if (taken) expected.delete(taken);
      }
      expect(heap.size).toBe(expected.size);
      for (const each of all) expect(each.rank >= 0).toBe(expected.has(each));
    }
  }
});

test('a parked run whose time comes needs no free place: whoever has them may wait for it', async () => {
  const clock = standingClock();
  const store = createMemoryStore({ clock });
  const { leases, count } = owner(store, 1);
  for (const name of ['a', 'b']) await store.runs.create(keyOf(name), CREATED, 'f');
  (await count(1)).park(1_000);
  expect((await count(2)).key).toBe(keyOf('b'));
  for (const n of [1, 2]) await store.state.put('t', `state ${n}`, 'x', 0);
  clock.advance(1_000);
  expect((await count(3)).key).toBe(keyOf('a'));
  await store.close();
  expect(leases).toHaveLength(3);
});

test('the store closes on a full disk while a parked run’s records are on their way', async () => {
  const full = Promise.withResolvers<Receipt>();
  const placing = Promise.withResolvers<void>();
  const persister = createMemoryPersister();
  let isFull = false;
  const commit: Persister['commit'] = (batch) => {
    if (!isFull) return persister.commit(batch);
    placing.resolve();
    return full.promise;
  };
  const store = hallOf({ ...persister, commit });
  const { count } = owner(store);
  await store.runs.create(keyOf('a'), CREATED, 'f');
  const lease = await count(1);
  isFull = true;
  lease.park(later());
  await placing.promise;
  const closed = store.close();
  full.resolve({ ok: false, full: true, message: 'full' });
  await closed;
});

test('a run whose request cannot be read does not keep the others off the list', async () => {
  const persister = createMemoryPersister();
  const store = hallOf({ ...persister, load: () => Promise.reject(new OpenClawError('DATA_DAMAGED', 'a checksum fails')) });
  const { count } = owner(store);
  for (const name of ['a', 'b']) await store.runs.create(keyOf(name), CREATED, 'f');
  (await count(1)).park(later());
  for (const n of [1, 2]) await store.state.put('t', `state ${n}`, 'x', 0);
  expect((await store.runs.list('t', { limit: 10 })).runs.map(({ run }) => run)).toEqual([keyOf('b').slice(2)]);
  await store.close();
});

function hallOf(persister: Persister): Store {
  return createHall({
    persister,
    recovered: { runs: [], nextId: 1, firstId: 0, chars: 0, regressed: false, epoch: 1, found: [] },
    secret: new Uint8Array(32),
    clock: systemClock,
    gap: { minMs: 0, maxMs: 0 },
    cacheChars: 0,
    maxAliveChars: 1_000,
  });
}
