import { cpSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { applyRecord, chain, decodeRecords, emptyFold, encodeRecord, NO_USAGE, type RunFold } from '@openclaw-runtime/protocol';
import { type Lease, openSqliteStore, type RunKey, runKey, type SqliteOptions, type Store } from '@openclaw-runtime/store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DATA_FORMAT } from '../src/sqlite/schema.ts';
import { foldedBehind } from './open-house.ts';

const created = encodeRecord('run.created', 0, 0, { agent: 'default', input: 'q', at: 0, fingerprint: 'f' });
const started = encodeRecord('step.started', 1, 1, { model: 'm' });
const finished = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });
const text = (payload: string): string => encodeRecord('text', 1, 1, payload);
const LATER = Date.now() + 3_600_000;

const place = { folder: '' };
beforeEach(() => {
  place.folder = mkdtempSync(join(tmpdir(), 'openclaw-compaction-'));
});
afterEach(() => {
  rmSync(place.folder, { recursive: true, force: true });
  rmSync(`${place.folder}-crash`, { recursive: true, force: true });
});

async function open(
  folder = place.folder,
  options: Partial<SqliteOptions> = {},
): Promise<{ store: Store; leases: Lease[] } & AsyncDisposable> {
  const store = await openSqliteStore({ folder, cacheChars: 0, ...options });
  const leases: Lease[] = [];
  store.queue.consume('test', 1000, { leased: (lease) => leases.push(lease), command: () => undefined, lost: () => undefined });
  return { store, leases, [Symbol.asyncDispose]: () => store.close() };
}

/** What a process that died now would leave. */
function crashImage(): string {
  const copy = `${place.folder}-crash`;
  rmSync(copy, { recursive: true, force: true });
  cpSync(place.folder, copy, { recursive: true });
  return copy;
}

async function ended(store: Store, leases: Lease[], key: RunKey, records: readonly string[]): Promise<string[]> {
  await store.runs.create(key, created, 'f');
  const lease = leases.find((each) => each.key === key) as Lease;
  for (let i = 0; i < records.length; i += 500) {
    lease.append(records.slice(i, i + 500), 'process');
    await lease.settled();
  }
  lease.append([finished], 'disk', true);
  await lease.settled();
  return [created, ...records, finished];
}

function foldOf(records: readonly string[]): RunFold {
  const fold = emptyFold();
  for (const record of decodeRecords(records.join(','), 1)) applyRecord(fold, record);
  return fold;
}

/** Reads from a cursor to the head, by whatever the store answers: never a hole, and always what was written. */
async function follow(store: Store, key: RunKey, after: number, all: readonly string[]): Promise<'records' | 'snapshot'> {
  let way: 'records' | 'snapshot' = 'records';
  let h = after === 0 ? 0 : undefined;
  for (let at = after; at < all.length; ) {
    const { before, chunk, snapshot } = await store.runs.read(key, at, 64 * 1024);
    if (snapshot) {
      expect(snapshot.seq).toBeGreaterThan(at);
      expect(snapshot.h).toBe(all.slice(0, snapshot.seq).reduce(chain, 0));
      expect(snapshot.fold === JSON.stringify(foldOf(all.slice(0, snapshot.seq)))).toBe(true);
      [at, h, way] = [snapshot.seq, snapshot.h, 'snapshot'];
      continue;
    }
    expect(chunk?.first).toBe(at + 1);
    if (h !== undefined) expect(before).toBe(h);
    at += chunk?.count ?? 0;
    h = chunk?.h;
    expect(chunk?.body === all.slice((chunk?.first ?? 0) - 1, at).join(',')).toBe(true);
  }
  return way;
}

function edit(folder: string, sql: string): void {
  const db = new DatabaseSync(join(folder, 'openclaw.db'));
  db.exec(sql);
  db.close();
}

function rows(folder: string, sql: string): unknown[] {
  const db = new DatabaseSync(join(folder, 'openclaw.db'));
  const found = db.prepare(sql).all();
  db.close();
  return found;
}

describe('compaction', () => {
  test('of a long run goes on beside its readers, survives a crash at any time, and gives the space back', async () => {
    const key = runKey('t', 'long');
    const all: string[] = [];
    await using house = await open();
    all.push(...(await ended(house.store, house.leases, key, [started, ...Array.from({ length: 30_000 }, (_, i) => text(`${i} é `))])));
    const sizeBefore = statSync(join(place.folder, 'openclaw.db')).size + statSync(join(place.folder, 'openclaw.db-wal')).size;
    expect(await follow(house.store, key, 0, all)).toBe('records');

    let report: Awaited<ReturnType<Store['upkeep']['compact']>> | undefined;
    const done = house.store.upkeep.compact({ compactAfterMs: 0 }, LATER).then((value) => {
      report = value;
    });
    for (let i = 0; !report; i++) {
      await follow(house.store, key, (i * 7_919) % all.length, all);
      if (i % 3 > 0) continue;
      await using other = await open(crashImage());
      await follow(other.store, key, 0, all);
      await other.store.upkeep.compact({ compactAfterMs: 0 }, LATER);
      expect((await other.store.runs.read(key, 0, 1)).snapshot?.seq).toBe(all.length);
    }
    await done;
    expect(report).toMatchObject({ compacted: 1, deleted: 0, damaged: [] });
    for (const after of [0, 1, 29_000, all.length - 1]) expect(await follow(house.store, key, after, all)).toBe('snapshot');
    expect(await follow(house.store, key, all.length, all)).toBe('records');
    const sizeAfter = statSync(join(place.folder, 'openclaw.db')).size + statSync(join(place.folder, 'openclaw.db-wal')).size;
    expect(report?.freedBytes).toBeGreaterThan(0);
    expect(sizeAfter).toBeLessThan(sizeBefore / 2);
    expect(await house.store.upkeep.compact({ compactAfterMs: 0 }, LATER)).toMatchObject({ compacted: 0, deleted: 0, freedBytes: 0 });
  });

  test('reports damage and leaves that run alone, with all that can still be read of it', async () => {
    const [bad, good] = [runKey('t', 'bad'), runKey('t', 'good')];
    let all: string[] = [];
    {
      await using house = await open();
      await ended(house.store, house.leases, bad, [started, text('said')]);
      all = await ended(house.store, house.leases, good, [started, text('fine')]);
    }
    edit(place.folder, "UPDATE segment SET body = replace(body, 'said', 'sAid')");
    await using house = await open();
    for (let i = 0; i < 2; i++) {
      const report = await house.store.upkeep.compact({ compactAfterMs: 0 }, LATER);
      expect(report.damaged).toEqual([{ key: bad, message: expect.stringContaining('checksum') }]);
      expect(report.compacted).toBe(i === 0 ? 1 : 0);
    }
    expect(await follow(house.store, good, 0, all)).toBe('snapshot');
    await expect(Promise.resolve(house.store.runs.read(bad, 0, 1))).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
  });

  test('of a run that goes on: a restart has its creation, its snapshot, what its owner saved and what came after it', async () => {
    const key = runKey('t', 'live');
    const all = [created, started];
    await using house = await open(place.folder, { liveChars: 200_000 });
    await house.store.runs.create(key, created, 'f');
    const lease = house.leases[0] as Lease;
    lease.append([started], 'process');
    for (let i = 0; i < 300; i++) {
      const some = Array.from({ length: 100 }, (_, n) => text(`${i}.${n} ${'x'.repeat(20)}`));
      all.push(...some);
      lease.append(some, 'process');
      await lease.settled();
      lease.saveReplay(all.length, `{"seq":${all.length}}`);
    }
    await foldedBehind(house.store, key, 20_000);
    await using other = await open(crashImage());
    expect(other.leases[0]?.head).toMatchObject({ seq: all.length, epoch: 1 });
    for (const { store, leases } of [house, other]) {
      expect(leases[0]?.creation).toBe(created);
      expect(await follow(store, key, 0, all)).toBe('snapshot');
      expect(await follow(store, key, all.length - 4_000, all)).toBe('records');
      const { replay = '' } = (await store.runs.snapshot(key)) ?? {};
      expect(JSON.parse(replay)).toEqual({ seq: expect.any(Number) });
    }
    (other.leases[0] as Lease).append([finished], 'disk', true);
    await other.leases[0]?.settled();
    await other.store.upkeep.compact({ compactAfterMs: 0 }, LATER);
    expect((await other.store.runs.read(key, 0, 1)).snapshot?.fold).toBe(JSON.stringify(foldOf([...all, finished])));
  }, 60_000);
});

describe('deletion', () => {
  test('is for good: what the journal still holds does not come back with a restart, and a new run of that key is another log', async () => {
    const [gone, idle] = [runKey('t', 'gone'), runKey('t', 'idle')];
    await using house = await open();
    await house.store.runs.create(idle, created, 'f');
    await ended(house.store, house.leases, gone, [started, text('said')]);
    const report = await house.store.upkeep.compact({ compactAfterMs: 0, deleteAfterMs: 0 }, LATER);
    expect(report).toMatchObject({ deleted: 1 });
    {
      await using other = await open(crashImage());
      expect(other.leases.map(({ key }) => key)).toEqual([idle]);
      await expect(Promise.resolve(other.store.runs.read(gone, 0, 1))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      const again = await other.store.runs.create(gone, created, 'g');
      expect(again).toMatchObject({ created: true, head: { epoch: 2, seq: 1 } });
    }
    expect(await house.store.runs.create(gone, created, 'g')).toMatchObject({ created: true, head: { epoch: 2, seq: 1 } });
    await using third = await open(crashImage());
    expect(third.leases.map(({ key, head }) => [key, head.epoch, head.seq])).toEqual([
      [idle, 1, 1],
      [gone, 2, 1],
    ]);
    expect(await third.store.runs.create(runKey('t', 'fresh'), created, 'f')).toMatchObject({ head: { epoch: 2 } });
  });

  test('takes a run that feedback is on its way to: neither is there afterwards', async () => {
    await using house = await open();
    const { store } = house;
    const key = runKey('t', 'a');
    await ended(store, house.leases, key, [started]);
    let isDeleting = true;
    const deleting = store.upkeep.compact({ compactAfterMs: 0, maxBytes: 0 }, LATER).finally(() => {
      isDeleting = false;
    });
    const putting: Promise<unknown>[] = [];
    while (isDeleting) {
      const put = store.inbox.put(key, { id: `c${putting.length}`, kind: 'feedback' }, true);
      putting.push(put.catch((error: unknown) => error));
      await new Promise(setImmediate);
    }
    expect((await deleting).deleted).toBe(1);
    const refused = (await Promise.all(putting)).filter((each) => each instanceof Error);
    expect(refused.length).toBeGreaterThan(0);
    for (const each of refused) expect(each).toMatchObject({ code: 'NOT_FOUND' });
    expect(rows(crashImage(), 'SELECT id FROM command')).toEqual([]);
  });

  test('leaves nothing of a run in the file', async () => {
    {
      await using house = await open();
      const key = runKey('t', 'a');
      await house.store.runs.create(key, created, 'f');
      await house.store.inbox.put(key, { id: 'c', kind: 'feedback' });
      const lease = house.leases[0] as Lease;
      lease.append([started, ...Array.from({ length: 100 }, () => text('x'.repeat(10_000)))], 'process');
      await lease.settled();
      lease.saveReplay(5, '{}');
      lease.append([finished], 'disk', true);
      await lease.settled();
      await house.store.upkeep.compact({ compactAfterMs: 0 }, LATER);
      expect(rows(crashImage(), 'SELECT id FROM part').length).toBeGreaterThan(0);
      await house.store.upkeep.compact({ compactAfterMs: 0, maxBytes: 0 }, LATER);
    }
    for (const table of ['run', 'segment', 'snapshot', 'part', 'replay', 'command', 'command_count']) {
      expect([table, rows(place.folder, `SELECT count(*) AS n FROM ${table}`)]).toEqual([table, [{ n: 0 }]]);
    }
    expect(rows(place.folder, 'SELECT name, runs, chars FROM tenant')).toEqual([{ name: 't', runs: 0, chars: 0 }]);
  });
});

describe('a folder of format 1', () => {
  /** As it was written then. */
  const OLD = `
    PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA user_version = 1;
    CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE journal (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE TABLE segment (id INTEGER PRIMARY KEY, first INTEGER NOT NULL, count INTEGER NOT NULL, before INTEGER NOT NULL, h INTEGER NOT NULL,
      crc INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE TABLE run (key TEXT PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, h INTEGER NOT NULL, done INTEGER NOT NULL,
      born INTEGER NOT NULL, fingerprint TEXT NOT NULL, segments TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX run_open ON run (born) WHERE done = 0;
    CREATE TABLE command (key TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL, crc INTEGER NOT NULL,
      PRIMARY KEY (key, id)) WITHOUT ROWID;
    CREATE TABLE state (key TEXT PRIMARY KEY, rev INTEGER NOT NULL, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE snapshot (key TEXT PRIMARY KEY, seq INTEGER NOT NULL, h INTEGER NOT NULL, crc INTEGER NOT NULL, fold TEXT NOT NULL) WITHOUT ROWID;
    INSERT INTO meta VALUES ('boot', 'some boot'), ('clean', 1);
  `;
  const seal = (...fields: readonly (string | number)[]): number => crc32(fields.join('\t'));
  const endedLog = [created, started, text('said é'), finished];
  const liveLog = [created, started, text('one'), text('two')];

  function writeOld(): void {
    const key = 'A'.repeat(43);
    writeFileSync(join(place.folder, 'openclaw.key'), `${key} ${crc32(key)}\n`);
    const db = new DatabaseSync(join(place.folder, 'openclaw.db'));
    db.exec(OLD);
    const segment = (run: string, id: number, first: number, before: number, records: readonly string[]): number => {
      const [body, h] = [records.join(','), records.reduce(chain, before)];
      db.prepare('INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?)').run(
        id,
        first,
        records.length,
        before,
        h,
        seal(run, first, records.length, before, h, body),
        body,
      );
      return h;
    };
    const run = (key: string, seq: number, h: number, done: number, born: number, segments: string): void => {
      const crc = seal(key, 1, seq, h, done, born, 'f', segments);
      db.prepare('INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)').run(key, 1, seq, h, done, born, 'f', segments, crc);
    };
    const half = segment('t/ended', 1, 1, 0, endedLog.slice(0, 2));
    run('t/ended', 4, segment('t/ended', 2, 3, half, endedLog.slice(2)), 1, 65_536, '1:1,2:3');
    const h = segment('t/live', 3, 1, 0, liveLog.slice(0, 2));
    run('t/live', 2, h, 0, 131_072, '3:1');
    const line = `t/live\t1\t3\t2\t${liveLog.slice(2).reduce(chain, h)}\t\t${liveLog.slice(2).join(',')}\n`;
    db.prepare('INSERT INTO journal VALUES (?, ?, ?)').run(7, crc32(line, 7), line);
    const command = JSON.stringify({ id: 'c', kind: 'cancel' });
    db.prepare('INSERT INTO command VALUES (?, ?, 0, ?, ?)').run('t/live', 'c', command, seal('t/live', 'c', command));
    db.prepare('INSERT INTO state VALUES (?, 3, ?, ?)').run('t/k', 'v', seal('t/k', 3, 'v'));
    db.prepare('INSERT INTO snapshot VALUES (?, 2, 5, 5, ?)').run('t/live', '{}');
    db.close();
  }

  test('opens with all that it held, and is compacted like any other', async () => {
    writeOld();
    {
      await using house = await open();
      expect(house.leases).toHaveLength(1);
      expect(house.leases[0]).toMatchObject({
        key: 't/live',
        creation: created,
        commands: [{ id: 'c', kind: 'cancel' }],
        head: { seq: 4 },
      });
      expect(await follow(house.store, runKey('t', 'live'), 0, liveLog)).toBe('records');
      expect(await follow(house.store, runKey('t', 'ended'), 0, endedLog)).toBe('records');
      expect(await house.store.state.get('t', 'k')).toEqual({ value: 'v', rev: 3 });
      expect(await house.store.runs.create(runKey('t', 'ended'), created, 'other')).toMatchObject({ created: false, fingerprint: 'f' });
      await house.store.upkeep.compact({ compactAfterMs: 0 }, LATER);
      expect(await follow(house.store, runKey('t', 'ended'), 0, endedLog)).toBe('snapshot');
      house.leases[0]?.append([finished], 'disk', true);
      await house.leases[0]?.settled();
    }
    expect(rows(place.folder, 'PRAGMA user_version')).toEqual([{ user_version: DATA_FORMAT }]);
    expect(rows(place.folder, 'PRAGMA auto_vacuum')).toEqual([{ auto_vacuum: 2 }]);
    expect(rows(place.folder, 'SELECT key, done, status, oldest FROM run ORDER BY key')).toEqual([
      { key: 't/ended', done: 1, status: 'completed', oldest: 5 },
      { key: 't/live', done: 1, status: 'completed', oldest: 1 },
    ]);
    await using again = await open();
    expect(await follow(again.store, runKey('t', 'live'), 0, [...liveLog, finished])).toBe('records');
  });

  test('that is damaged is refused, and stays as it is', async () => {
    writeOld();
    edit(place.folder, "UPDATE run SET seq = 9 WHERE key = 't/ended'");
    await expect(open()).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
    expect(rows(place.folder, 'PRAGMA user_version')).toEqual([{ user_version: 1 }]);
    expect(rows(place.folder, 'SELECT count(*) AS n FROM run')).toEqual([{ n: 2 }]);
  });
});
