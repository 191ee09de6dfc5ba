import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inflateRawSync } from 'node:zlib';
import { encodeRecord } from '@openclaw-runtime/protocol';
import { createMemoryStore, type RunKey, restoreBackup, runKey, type Store, verifyFolder } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { codeOf, crashImage, houseOf, type OpenHouse, openHouse, recordsOf, STARTED, text, workplace } from './open-house.ts';

const GONE = 'canary-that-goes';
const KEPT = 'canary-that-stays';

const key = (tenant: string, name: string): RunKey => runKey(tenant, name.padEnd(22, '_'));
const idOf = (name: string): string => name.padEnd(22, '_');

function created(input: string, more: object = {}): string {
  return encodeRecord('run.created', 0, 0, { agent: 'default', input, at: 7, fingerprint: 'f', ...more });
}

/** Where in the folder these bytes are. */
function filesWith(folder: string, bytes: string | Uint8Array): string[] {
  return globSync(join(folder, '**', '*')).filter((path) => statSync(path).isFile() && readFileSync(path).includes(bytes));
}

/** A run of everything that a store keeps, with a word in all of it. */
async function fill({ store, run }: OpenHouse, tenant: string, word: string): Promise<void> {
  const long = Array.from({ length: 40 }, (_, i) => text(`${word} ${i} ${`${i}`.repeat(9_000)}`));
  await store.runs.create(key(tenant, 'ended'), created(`${word} input`, { session: 's' }), 'f');
  await run(key(tenant, 'ended'), [STARTED, ...long], true);
  await store.state.put(tenant, 'session/s', `{"said":"${word}"}`, 0);
  await store.state.put(tenant, 'other', `{"said":"${word}"}`, 0);
  await store.runs.create(key(tenant, 'long'), created(`${word} input`), 'f');
  const lease = await run(key(tenant, 'long'), [STARTED]);
  for (let i = 0; i < 5; i++) {
    lease.append(
      Array.from({ length: 1_000 }, (_, j) => text(`${word} ${i} ${j} ${'x'.repeat(400)}`)),
      'process',
    );
    await lease.settled();
    lease.saveReplay(lease.head.seq, `${word} replay ${i}`);
  }
  await store.inbox.put(key(tenant, 'long'), { id: 'c', kind: 'send', data: { text: word } });
  await store.runs.create(key(tenant, 'short'), created(`${word} input`), 'f');
  await run(key(tenant, 'short'), [STARTED, text(word)]);
}

async function mixed(folder: string): Promise<OpenHouse> {
  const house = await openHouse(folder);
  for (const [tenant, word] of [
    ['gone', GONE],
    ['stays', KEPT],
  ] as const)
    await fill(house, tenant, word);
  await house.store.upkeep.compact({ compactAfterMs: 0, tenants: { stays: { compactAfterMs: 1e9 } } }, Date.now() + 1_000);
  // Both in one entry of the journal.
  for (const tenant of ['gone', 'stays'])
    house.leases.find((each) => each.key === key(tenant, 'short'))?.append([text(tenant === 'gone' ? GONE : KEPT)], 'process');
  await Promise.all(house.leases.filter((each) => each.key.includes('short')).map((each) => each.settled()));
  return house;
}

/** The bytes of what is stored deflated and has this word: the ends of each, which differ. */
function deflatedWith(folder: string, word: string): Uint8Array[] {
  const db = new DatabaseSync(join(crashImage(folder, `${folder}-look`), 'openclaw.db'));
  const tables = [
    'SELECT fold AS b FROM snapshot',
    'SELECT creation AS b FROM snapshot',
    'SELECT body AS b FROM part',
    'SELECT fold AS b FROM older',
  ];
  const blobs = tables.flatMap((sql) =>
    db
      .prepare(sql)
      .all()
      .map(({ b }) => Buffer.from(b as Uint8Array)),
  );
  db.close();
  return blobs.filter((blob) => inflateRawSync(blob).includes(word)).map((blob) => blob.subarray(0, 200));
}

async function kept(store: Store): Promise<number> {
  let records = 0;
  for (const name of ['ended', 'long', 'short']) {
    const found = await recordsOf(store, key('stays', name));
    records += found.filter((record) => record.includes(KEPT)).length;
  }
  return records;
}

test('all of a tenant goes, to the last byte, and nothing of another', async () => {
  using work = workplace();
  const folder = work.in('data');
  {
    await using house = await mixed(folder);
    const { store } = house;
    const before = await kept(store);
    expect(before).toBeGreaterThan(1_000);
    expect(filesWith(folder, GONE)).not.toEqual([]);
    const blobs = deflatedWith(folder, GONE);
    expect(blobs.length).toBeGreaterThan(10);
    expect(blobs.filter((blob) => filesWith(folder, blob).length === 0)).toEqual([]);
    const others = deflatedWith(folder, KEPT);
    const report = await store.upkeep.erase({ tenant: 'gone' });
    expect(report).toMatchObject({ runs: 3, states: 2, damaged: [], aside: [] });
    expect(report.overwrittenBytes).toBeGreaterThan(10_000);
    expect(filesWith(folder, GONE)).toEqual([]);
    expect(filesWith(folder, KEPT)).not.toEqual([]);
    expect(blobs.flatMap((blob) => filesWith(folder, blob))).toEqual([]);
    expect(others.filter((blob) => filesWith(folder, blob).length === 0)).toEqual([]);
    expect(await kept(store)).toBe(before);
    expect((await store.upkeep.verify()).damaged).toEqual([]);
    for (const name of ['ended', 'long', 'short']) {
      expect(await codeOf(() => store.runs.read(key('gone', name), 0, 100))).toBe('NOT_FOUND');
      expect(await codeOf(() => store.inbox.put(key('gone', name), { id: 'x', kind: 'feedback' }, true))).toBe('NOT_FOUND');
    }
    expect(await store.state.get('gone', 'other')).toBeUndefined();
    expect((await store.runs.list('gone', { limit: 10 })).runs).toEqual([]);
    const again = await store.runs.create(key('gone', 'ended'), created('anew'), 'g');
    expect(again).toMatchObject({ created: true, head: { epoch: 2 } });
  }
  expect(filesWith(folder, GONE)).toEqual([]);
  expect((await verifyFolder(folder)).damaged).toEqual([]);
  await using house = await openHouse(folder);
  expect(await codeOf(() => house.store.runs.read(key('gone', 'long'), 0, 100))).toBe('NOT_FOUND');
  expect(await kept(house.store)).toBeGreaterThan(1_000);
});

test('a run goes with those that it started and with what its session remembers; the others of its tenant stay', async () => {
  using work = workplace();
  const folder = work.in('data');
  await using house = await openHouse(folder);
  const { store } = house;
  await fill(house, 'gone', KEPT);
  const root = key('gone', 'root');
  const parent = (run: string): object => ({ parent: { run: idOf(run), name: 'n', depth: 1, root: idOf('root') } });
  await store.runs.create(root, created(GONE, { session: 'mine' }), 'f');
  await house.run(root, [STARTED, text(GONE)], true);
  for (const [name, from] of [
    ['child', 'root'],
    ['grandchild', 'child'],
  ] as const) {
    await store.runs.create(key('gone', name), created(GONE, parent(from)), 'f');
    await house.run(key('gone', name), [STARTED, text(GONE)], name === 'child');
  }
  await store.state.put('gone', 'session/mine', `{"messages":"${GONE}"}`, 0);
  const heard: unknown[] = [];
  store.upkeep.onErased((erased) => void heard.push(erased));
  expect(await codeOf(() => store.upkeep.erase({ tenant: 'stays', run: idOf('root') }))).toBe('NOT_FOUND');
  expect(await store.upkeep.erase({ tenant: 'gone', run: idOf('root') })).toMatchObject({ runs: 3, states: 1, damaged: [] });
  expect(filesWith(folder, GONE)).toEqual([]);
  expect(heard).toEqual([{ tenant: 'gone', runs: [idOf('root'), idOf('child'), idOf('grandchild')] }]);
  expect((await store.runs.list('gone', { limit: 10 })).runs.map(({ run }) => run).toSorted()).toEqual(
    ['ended', 'long', 'short'].map(idOf),
  );
  expect((await store.state.get('gone', 'session/s'))?.value).toContain(KEPT);
  expect((await store.upkeep.verify()).damaged).toEqual([]);
  expect(await codeOf(() => store.upkeep.erase({ tenant: 'gone', run: idOf('root') }))).toBe('NOT_FOUND');
});

test('a death at any moment: what was begun is finished before anybody reads', async () => {
  using work = workplace();
  const folder = work.in('data');
  const images: string[] = [];
  {
    await using house = await mixed(folder);
    const begun = Promise.withResolvers<void>();
    const onProgress = (): void => {
      images.push(crashImage(folder, work.in(`image${images.length}`)));
      begun.resolve();
    };
    const erased = house.store.upkeep.erase({ tenant: 'gone' }, { onProgress });
    await begun.promise;
    // What came in meanwhile is refused.
    expect(await codeOf(() => house.store.runs.create(key('gone', 'fresh'), created(GONE), 'f'))).toBe('RATE_LIMITED');
    const late = codeOf(() => house.store.state.put('gone', 'fresh', GONE, 0));
    await erased;
    expect(await late).toBe('STATE_CONFLICT');
  }
  expect(images.length).toBeGreaterThan(3);
  for (const image of images) {
    {
      await using house = await openHouse(image);
      expect(filesWith(image, GONE)).toEqual([]);
      expect(await kept(house.store)).toBeGreaterThan(1_000);
      expect((await house.store.upkeep.verify()).damaged).toEqual([]);
    }
    expect(filesWith(image, GONE)).toEqual([]);
  }
});

test('the same of a run with those that it started', async () => {
  using work = workplace();
  const folder = work.in('data');
  const images: string[] = [];
  {
    await using house = await openHouse(folder);
    await fill(house, 'stays', KEPT);
    await house.store.runs.create(key('stays', 'root'), created(GONE, { session: 'mine' }), 'f');
    await house.run(key('stays', 'root'), [STARTED, text(GONE)]);
    for (let i = 0; i < 12; i++) {
      const parent = { run: idOf(i === 0 ? 'root' : `child${i - 1}`), name: 'n', depth: 1, root: idOf('root') };
      await house.store.runs.create(key('stays', `child${i}`), created(GONE, { parent }), 'f');
      await house.run(key('stays', `child${i}`), [STARTED, text(GONE)], i % 2 === 0);
    }
    await house.store.state.put('stays', 'session/mine', GONE, 0);
    await house.store.upkeep.erase(
      { tenant: 'stays', run: idOf('root') },
      { onProgress: () => images.push(crashImage(folder, work.in(`image${images.length}`))) },
    );
  }
  for (const image of images) {
    await using house = await openHouse(image);
    expect(filesWith(image, GONE)).toEqual([]);
    expect((await house.store.runs.list('stays', { limit: 100 })).runs).toHaveLength(3);
    expect((await house.store.upkeep.verify()).damaged).toEqual([]);
  }
});

test('what an older backup brings back goes again, and what came later stays', async () => {
  using work = workplace();
  const folder = work.in('data');
  const copy = work.in('copy');
  {
    await using house = await mixed(folder);
    const parts: Uint8Array[] = [];
    for await (const part of (await house.store.upkeep.backup()).parts) parts.push(part);
    writeFileSync(copy, Buffer.concat(parts));
    await house.store.upkeep.erase({ tenant: 'gone' });
  }
  await restoreBackup({ file: copy, folder, force: true });
  expect(filesWith(folder, GONE)).not.toEqual([]);
  await using house = await openHouse(folder);
  expect(await codeOf(() => house.store.runs.read(key('gone', 'ended'), 0, 100))).toBe('NOT_FOUND');
  expect(filesWith(folder, GONE)).toEqual([]);
  expect(await kept(house.store)).toBeGreaterThan(1_000);
  expect((await house.store.upkeep.verify()).damaged).toEqual([]);
  await fill(house, 'gone', KEPT);
  expect(await house.store.upkeep.erase({ tenant: 'nobody' })).toMatchObject({ runs: 0, states: 0, aside: ['replaced-1'] });
  expect((await house.store.runs.list('gone', { limit: 10 })).runs).toHaveLength(3);
});

test('while others go on writing, and while a backup is read', async () => {
  using work = workplace();
  const folder = work.in('data');
  await using house = await mixed(folder);
  const { store } = house;
  const backup = await store.upkeep.backup();
  const reader = backup.parts[Symbol.asyncIterator]();
  await reader.next();
  let isOver = false;
  const erased = store.upkeep.erase({ tenant: 'gone' }).finally(() => {
    isOver = true;
  });
  let written = 0;
  const writing = (async () => {
    while (!isOver || written < 100) {
      await house.run(
        key('stays', `more${written++}`),
        [STARTED, text(`${KEPT} ${'y'.repeat((written * 997) % 30_000)}`)],
        written % 3 > 0,
      );
      if (written % 5 === 0) await store.upkeep.compact({ compactAfterMs: 0 }, Date.now() + 1_000);
      if (written === 40) for await (const _part of { [Symbol.asyncIterator]: () => reader });
    }
  })();
  const report = await erased;
  expect(report).toMatchObject({ runs: 3, damaged: [] });
  // What was written since is another matter, and none of it is what went.
  expect(filesWith(folder, GONE)).toEqual([]);
  await writing;
  await store.upkeep.compact({ compactAfterMs: 0 }, Date.now() + 1_000);
  expect(filesWith(folder, GONE)).toEqual([]);
  expect((await store.upkeep.verify()).damaged).toEqual([]);
  expect((await store.runs.list('stays', { limit: 1_000 })).runs.length).toBe(3 + written);
});

test('an engine that keeps nothing forgets it, too', async () => {
  await using house = houseOf(createMemoryStore());
  await fill(house, 'gone', GONE);
  await fill(house, 'stays', KEPT);
  expect(await house.store.upkeep.erase({ tenant: 'gone' })).toMatchObject({ runs: 3, states: 2 });
  expect((await house.store.runs.list('gone', { limit: 10 })).runs).toEqual([]);
  expect(await kept(house.store)).toBeGreaterThan(1_000);
});

test('many at a time: each is told what went of its own, and the file is looked through about once', async () => {
  using work = workplace();
  const folder = work.in('data');
  await using house = await openHouse(folder);
  const tenants = Array.from({ length: 20 }, (_, i) => `gone${i}`);
  for (const tenant of tenants) {
    await house.store.runs.create(key(tenant, 'r'), created(GONE), 'f');
    await house.run(key(tenant, 'r'), [STARTED, text(GONE)], tenant.endsWith('3'));
  }
  const reports = await Promise.all(tenants.map((tenant) => house.store.upkeep.erase({ tenant })));
  expect(reports.map(({ runs }) => runs)).toEqual(tenants.map(() => 1));
  expect(new Set(reports.map(({ overwrittenBytes }) => overwrittenBytes)).size).toBeLessThan(4);
  expect(filesWith(folder, GONE)).toEqual([]);
});
