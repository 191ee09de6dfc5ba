import { cpSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import { type Lease, openSqliteStore, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeOf } from './open-house.ts';

const created = encodeRecord('run.created', 0, 0, { agent: 'default', input: 'q', at: 0, fingerprint: 'f' });
const finished = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });
const text = (payload: string): string => encodeRecord('text', 1, 1, payload);

const place = { folder: '' };
beforeEach(() => {
  place.folder = mkdtempSync(join(tmpdir(), 'openclaw-sqlite-'));
});
afterEach(() => rmSync(place.folder, { recursive: true, force: true }));

/** A store and the leases it gives out, closed at the end of the block. */
async function open(folder = place.folder, cacheChars?: number): Promise<{ store: Store; leases: Lease[] } & AsyncDisposable> {
  const store = await openSqliteStore({ folder, ...(cacheChars === undefined ? {} : { cacheChars }) });
  const leases: Lease[] = [];
  store.queue.consume('test', 1000, { leased: (lease) => leases.push(lease), command: () => undefined, lost: () => undefined });
  return { store, leases, [Symbol.asyncDispose]: () => store.close() };
}

/** What a process that died now would leave: the files as they are, beside the ones in use. */
function crashImage(): string {
  const copy = `${place.folder}-crash`;
  rmSync(copy, { recursive: true, force: true });
  cpSync(place.folder, copy, { recursive: true });
  return copy;
}

async function allText(store: Store, key: RunKey): Promise<string> {
  let body = '';
  for (let after = 0; ; ) {
    const { chunk } = await store.runs.read(key, after, 100_000);
    if (!chunk) return body;
    body += `${chunk.body},`;
    after = chunk.first + chunk.count - 1;
  }
}

function edit(folder: string, sql: string): void {
  const db = new DatabaseSync(join(folder, 'openclaw.db'));
  db.exec(sql);
  db.close();
}

describe('a restart', () => {
  test('after a crash offers the runs that are not done, in the order of their creation, with all that was durable', async () => {
    const keys = ['c', 'a', 'b', 'done'].map((name) => runKey('t', name));
    await using first = await open();
    for (const key of keys) await first.store.runs.create(key, created, key);
    for (const [i, lease] of first.leases.entries()) {
      lease.append([text(`one of ${i}`)], 'process');
      await lease.settled();
      lease.append([text('two'), text('three')], 'process');
    }
    first.leases[3]?.append([finished], 'disk', true);
    await Promise.all(first.leases.map((lease) => lease.settled()));

    await using second = await open(crashImage());
    expect(second.leases.map((lease) => lease.key)).toEqual(keys.slice(0, 3));
    expect(second.leases.map((lease) => lease.head)).toEqual(
      first.leases.slice(0, 3).map(() => expect.objectContaining({ seq: 4, epoch: 1, done: false })),
    );
    expect(second.leases.every((lease) => lease.creation === created)).toBe(true);
    for (const key of keys) expect(await allText(second.store, key)).toBe(await allText(first.store, key));
    second.leases[0]?.append([finished], 'disk', true);
    await second.leases[0]?.settled();
    expect(await second.store.runs.create(keys[0] as RunKey, created, 'other')).toMatchObject({ created: false, fingerprint: keys[0] });
  });

  test('keeps commands for the next owner, and duplicates stay duplicates', async () => {
    const key = runKey('t', 'commands');
    {
      await using first = await open();
      await first.store.runs.create(key, created, 'f');
      await first.store.inbox.put(key, { id: 'c1', kind: 'cancel' });
    }
    await using second = await open();
    expect(second.leases[0]?.commands).toEqual([{ id: 'c1', kind: 'cancel' }]);
    expect(await second.store.inbox.put(key, { id: 'c1', kind: 'cancel' })).toEqual({ dup: true });
  });

  test('gives the same ids to the same keys', async () => {
    let id = '';
    {
      await using first = await open();
      id = first.store.runId('t', 'key');
    }
    await using second = await open();
    expect(second.store.runId('t', 'key')).toBe(id);
  });

  test('after the machine went down uncleanly begins new epochs, after a mere crash or a clean end it does not', async () => {
    const key = runKey('t', 'power');
    await using first = await open();
    await first.store.runs.create(key, created, 'f');
    const crashed = crashImage();
    {
      await using second = await open(crashed);
      expect(second.leases[0]?.head.epoch).toBe(1);
    }
    edit(crashed, "UPDATE meta SET value = 'another boot' WHERE name = 'boot'");
    {
      await using third = await open(crashed);
      expect(third.leases[0]?.head.epoch).toBe(1);
    }
    edit(crashed, "UPDATE meta SET value = 'another boot' WHERE name = 'boot'; UPDATE meta SET value = 0 WHERE name = 'clean'");
    {
      await using fourth = await open(crashed);
      expect(fourth.leases[0]?.head.epoch).toBe(2);
    }
    await using fifth = await open(crashed);
    expect(fifth.leases[0]?.head.epoch).toBe(2);
  });
});

describe('a long run', () => {
  test('is moved out of the journal and of memory piece by piece, and reads the same from everywhere', async () => {
    const key = runKey('t', 'long');
    await using house = await open();
    await house.store.runs.create(key, created, 'f');
    const lease = house.leases[0] as Lease;
    const big = 'x'.repeat(10_000);
    const records = [created];
    for (let i = 0; i < 120; i++) {
      const record = text(`${i} ${big}`);
      records.push(record);
      lease.append([record], 'process');
      await lease.settled();
    }
    for (const image of [undefined, crashImage()]) {
      await using other = image === undefined ? undefined : await open(image);
      const store = other?.store ?? house.store;
      expect(await allText(store, key)).toBe(`${records.join(',')},`);
      for (const after of [0, 1, 17, 60, 119, 121]) {
        const { chunk } = await store.runs.read(key, after, 1);
        expect(chunk?.body).toBe(records[after]);
      }
    }
  });

  test('that is idle does not keep others’ records in the journal', async () => {
    await using house = await open();
    await house.store.runs.create(runKey('t', 'idle'), created, 'f');
    await house.store.runs.create(runKey('t', 'busy'), created, 'f');
    const busy = house.leases[1] as Lease;
    for (let i = 0; i < 400; i++) {
      busy.append([text('y'.repeat(100_000))], 'process');
      await busy.settled();
    }
    const db = new DatabaseSync(join(crashImage(), 'openclaw.db'));
    const { bytes } = db.prepare('SELECT sum(length(body)) AS bytes FROM journal').get() as { bytes: number };
    db.close();
    expect(bytes).toBeLessThan(24 * 1024 * 1024);
  });
});

/** What has ended leaves with the commit after, when nothing ended is kept. */
async function leaveMemory(store: Store): Promise<void> {
  await store.state.put('t', 'next', 'x', 0);
}

describe('an ended run', () => {
  test('is in memory until the commit after the one that ends it, whoever follows it', async () => {
    await using house = await open(place.folder, 0);
    const key = runKey('t', 'read');
    await house.store.runs.create(key, created, 'f');
    const { promise, resolve } = Promise.withResolvers<boolean>();
    house.store.runs.follow(key, () => queueMicrotask(() => resolve(house.store.runs.read(key, 0, 1) instanceof Promise)));
    house.leases[0]?.append([finished], 'disk', true);
    expect(await promise).toBe(false);
    await leaveMemory(house.store);
    expect(house.store.runs.read(key, 0, 1)).toBeInstanceOf(Promise);
  });

  test('is found on disk when memory has let it go', async () => {
    await using house = await open(place.folder, 0);
    const key = runKey('t', 'gone');
    await house.store.runs.create(key, created, 'f');
    const lease = house.leases[0] as Lease;
    lease.append([text('a')], 'process');
    lease.append([text('b'), finished], 'disk', true);
    await lease.settled();
    await leaveMemory(house.store);
    expect(await allText(house.store, key)).toBe(`${created},${text('a')},${text('b')},${finished},`);
    expect(await house.store.runs.create(key, created, 'other')).toMatchObject({ created: false, fingerprint: 'f', head: { done: true } });
    expect(await codeOf(() => house.store.inbox.put(key, { id: 'c', kind: 'cancel' }))).toBe('RUN_FINISHED');
    expect(await house.store.runs.regress(key, 1)).toMatchObject({ epoch: 2 });
    expect((await house.store.runs.read(key, 0, 1)).head.epoch).toBe(2);
  });
});

test('one key twice at once, for a run that memory has let go, gives the run to both', async () => {
  await using house = await open(place.folder, 0);
  const key = runKey('t', 'twice');
  await house.store.runs.create(key, created, 'f');
  house.leases[0]?.append([finished], 'disk', true);
  await house.leases[0]?.settled();
  await leaveMemory(house.store);
  const answers = await Promise.all([1, 2, 3].map(() => house.store.runs.create(key, created, 'other')));
  expect(answers).toEqual(answers.map(() => ({ created: false, fingerprint: 'f', head: expect.objectContaining({ done: true }) })));
});

test('unfinished runs may hold so much and no more; each end makes room', async () => {
  await using store = Object.assign(await openSqliteStore({ folder: place.folder, maxAliveChars: created.length * 2 }), {
    async [Symbol.asyncDispose](this: Store) {
      await this.close();
    },
  });
  const leases: Lease[] = [];
  store.queue.consume('test', 10, { leased: (lease) => leases.push(lease), command: () => undefined, lost: () => undefined });
  const create = (name: string) => codeOf(() => store.runs.create(runKey('t', name), created, 'f'));
  expect([await create('a'), await create('b'), await create('c')]).toEqual(['nothing was thrown', 'nothing was thrown', 'RATE_LIMITED']);
  leases[0]?.append([finished], 'disk', true);
  await leases[0]?.settled();
  expect([await create('c'), await create('d')]).toEqual(['nothing was thrown', 'RATE_LIMITED']);
});

describe('damage', () => {
  test('in a segment is refused by its readers, others are served', async () => {
    const [bad, good] = [runKey('t', 'bad'), runKey('t', 'good')];
    {
      await using house = await open();
      for (const key of [bad, good]) await house.store.runs.create(key, created, 'f');
      for (const lease of house.leases) lease.append([finished], 'disk', true);
      await Promise.all(house.leases.map((lease) => lease.settled()));
    }
    edit(place.folder, "UPDATE segment SET body = replace(body, 'completed', 'complEted') WHERE id = 1");
    await using house = await open();
    expect(await codeOf(() => house.store.runs.read(bad, 0, 1000))).toBe('DATA_DAMAGED');
    expect(await allText(house.store, good)).toBe(`${created},${finished},`);
  });

  test.each([
    ['emptied', (folder: string) => truncateSync(join(folder, 'openclaw.db'))],
    ['gone', (folder: string) => rmSync(join(folder, 'openclaw.db'))],
    ['without the key of its run ids', (folder: string) => rmSync(join(folder, 'openclaw.key'))],
    ['with another key', (folder: string) => writeFileSync(join(folder, 'openclaw.key'), `${'A'.repeat(43)} 1\n`)],
  ])('a database that was %s is not taken for a new folder', async (_how, harm) => {
    {
      await using house = await open();
      await house.store.runs.create(runKey('t', 'r'), created, 'f');
    }
    harm(place.folder);
    expect(await codeOf(() => open())).toBe('DATA_DAMAGED');
  });

  test('is told from another format, DATA_FORMAT, and from an impossible folder, STORE_FAILED', async () => {
    {
      await using _house = await open();
    }
    edit(place.folder, 'PRAGMA user_version = 99');
    expect(await codeOf(() => open())).toBe('DATA_FORMAT');
    expect(await codeOf(() => open(join(place.folder, 'openclaw.db', 'below-a-file')))).toBe('STORE_FAILED');
  });
});

test('only the owner of the folder can read the data', async () => {
  const folder = join(place.folder, 'fresh');
  await using _house = await open(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const file of ['openclaw.db', 'openclaw.db-wal']) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
});
