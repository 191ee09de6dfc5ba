import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import { type Lease, openSqliteStore, type RunList, runKey, type Store } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { aboutOf, firstRecord } from '../src/hall/about.ts';
import { openDatabase } from '../src/sqlite/database.ts';
import { BY_NAME, createEndedList, NEWEST } from '../src/sqlite/ended-list.ts';
import { NEW_ROW } from '../src/sqlite/run-rows.ts';
import { createTables } from '../src/sqlite/tables.ts';

const ended = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });
const created = (input: string): string =>
  encodeRecord('run.created', 0, 0, {
    agent: 'a',
    input,
    session: 's',
    model: 'm',
    fork: { run: 'r', seq: 3, text: 't' },
    at: 7,
    fingerprint: 'f',
  });

function makeFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'openclaw-listing-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

async function run(store: Store, name: string, isEnded: boolean): Promise<void> {
  const leased = Promise.withResolvers<Lease>();
  const stop = store.queue.consume('test', 1, {
    leased: (lease) => leased.resolve(lease),
    command: () => undefined,
    lost: () => undefined,
  });
  await store.runs.create(runKey('t', name), created(name), 'f');
  const lease = await leased.promise;
  stop();
  if (isEnded) lease.append([ended], 'disk', true);
  await lease.settled();
}

test('the first record of a body is found without the rest, whatever its strings hold', () => {
  for (const input of ['plain', '"],[', '\\', 'a\\"]', '{[', '\u{1f600}']) {
    const record = created(input);
    expect(firstRecord(record)).toBe(record);
    expect(firstRecord(`${record},${ended}`)).toBe(record);
    expect(aboutOf(record)).toEqual({ agent: 'a', model: 'm', session: 's', fork: { run: 'r', seq: 3 }, createdMs: 7 });
  }
});

test('a list is the same after a restart, also of runs that ended in one process and of those that go on in the next', async () => {
  using folder = makeFolder();
  const names = async (store: Store): Promise<unknown> =>
    (await store.runs.list('t', { limit: 10 })).runs.map(({ run, status }) => [run, status]);
  const expected = [
    ['r4', 'running'],
    ['r3', 'completed'],
    ['r2', 'running'],
    ['r1', 'completed'],
  ];
  const first = await openSqliteStore({ folder: folder.path });
  for (const name of ['r1', 'r2', 'r3', 'r4']) await run(first, name, name === 'r1' || name === 'r3');
  expect(await names(first)).toEqual(expected);
  await first.close();
  const second = await openSqliteStore({ folder: folder.path });
  expect(await names(second)).toEqual(expected);
  const { runs } = await second.runs.list('t', { limit: 10, prefix: 'r3' });
  expect(runs).toEqual([
    expect.objectContaining({ agent: 'a', model: 'm', session: 's', createdMs: 7, head: 2, epoch: 1, fork: { run: 'r', seq: 3 } }),
  ]);
  await second.close();
});

test('long requests make pages shorter, and none is left out', async () => {
  using folder = makeFolder();
  const store = await openSqliteStore({ folder: folder.path });
  const long = 'x'.repeat(3 * 1024 * 1024);
  for (const name of ['r1', 'r2', 'r3', 'r4', 'r5']) {
    await store.runs.create(
      runKey('t', name),
      encodeRecord('run.created', 0, 0, { agent: 'a', input: long, at: 0, fingerprint: 'f' }),
      'f',
    );
  }
  const seen: string[] = [];
  let pages = 0;
  for (let before: number | undefined = Number.MAX_SAFE_INTEGER; before !== undefined; pages++) {
    const page: RunList = await store.runs.list('t', { limit: 10, before });
    seen.push(...page.runs.map((each) => each.run));
    before = page.next;
  }
  expect(seen).toEqual(['r5', 'r4', 'r3', 'r2', 'r1']);
  expect(pages).toBeGreaterThan(1);
  await store.close();
});

test('a page of 100,000 ended runs is read from an index, and one damaged row is left out', () => {
  using folder = makeFolder();
  const db = openDatabase(join(folder.path, 'openclaw.db'), 0);
  const tables = createTables(db, 'openclaw.db', 0);
  db.exec('BEGIN');
  for (let i = 1; i <= 100_000; i++) {
    tables.runs.put({
      ...NEW_ROW,
      key: `t/r${i}`,
      born: i,
      seq: 5,
      done: 1,
      ended: i,
      status: i % 1_000 === 0 ? 'failed' : 'completed',
    });
  }
  db.exec("UPDATE run SET fingerprint = 'x' WHERE key = 't/r99999'; COMMIT");
  for (const [sql, values] of [
    [NEWEST, ['t', 'failed', 50_000, 20]],
    [BY_NAME, ['t/r1', 't/r1\u007f']],
  ] as const) {
    const plan = db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map(({ detail }) => String(detail));
    expect(plan.join()).toMatch(/SEARCH run USING/);
    expect(plan.join()).not.toMatch(/SCAN|TEMP B-TREE/);
  }
  const list = createEndedList(db, tables);
  expect(list('t', { limit: 3 }).map((each) => each.run)).toEqual(['r100000', 'r99998', 'r99997']);
  expect(list('t', { limit: 2, status: 'failed', before: 50_000 }).map(({ born }) => born)).toEqual([49_000, 48_000]);
  expect(list('t', { limit: 5, prefix: 'r9999' }).map(({ born }) => born)).toEqual([99_998, 99_997, 99_996, 99_995, 99_994]);
  db.close();
});
