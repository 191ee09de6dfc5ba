/** Runs are found by their keys, whether their rows are young or have their place, after crashes, after transactions that were taken back, and when what leads to them was changed on the disk. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openState } from '../../../tests/faults/power/open-state.ts';
import { createCheckpoints } from '../src/sqlite/checkpoints.ts';
import { openDatabase } from '../src/sqlite/database.ts';
import { createEndedList } from '../src/sqlite/ended-list.ts';
import { createDataFile } from '../src/sqlite/file.ts';
import { placeOf, placesOf } from '../src/sqlite/places.ts';
import { NEW_ROW, type RunRow } from '../src/sqlite/run-rows.ts';
import { createTables, type Tables } from '../src/sqlite/tables.ts';
import { createTransactions } from '../src/sqlite/transactions.ts';
import { verifyFile } from '../src/sqlite/verify.ts';
import { CREATED, crashImage, edit, FINISHED, houseOf, keyOf, recordsOf, STARTED, text, workplace } from './open-house.ts';

/** All openings are in this one: none of the crashes is a loss of power. */
const BOOT = 'this boot';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Names spread as real ones are. */
function nameOf(i: number): string {
  let rest = Math.imul(i + 1, 0x9e3779b1) >>> 0;
  let name = '';
  for (let n = 0; n < 6; n++, rest = Math.floor(rest / 64)) name += LETTERS[rest % 64];
  return `${name}${i}`;
}

function rowOf(key: string, i: number): RunRow {
  return { ...NEW_ROW, key, born: i + 1, done: 1, ended: i + 1, status: 'completed', fingerprint: String(i) };
}

interface Bench extends Disposable {
  readonly db: DatabaseSync;
  readonly tables: Tables;
  /** In a transaction each, as commits do. */
  put(rows: readonly RunRow[], fails?: boolean): void;
  placed(): number;
  /** As after a crash. */
  again(): Tables;
}

function openBench(path: string): Bench {
  const db = openDatabase(path, 0);
  const tables = createTables(db, path, 0);
  const transactions = createTransactions(db, createCheckpoints(db, path), () => {
    tables.places.forget();
    tables.runs.forget();
  });
  return {
    db,
    tables,
    put: (rows, fails = false) =>
      transactions.run(false, () => {
        for (const row of rows) tables.runs.put(row);
        tables.places.flush();
        if (fails) throw new Error('taken back');
      }),
    placed: () => Number(db.prepare('SELECT count(*) AS n FROM place').get()?.['n']),
    again: () => createTables(db, path, 0),
    [Symbol.dispose]: () => db.close(),
  };
}

function damagesOf(path: string): readonly string[] {
  const work = verifyFile(path, true);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value.damaged.map(({ what }) => what);
  }
}

describe('a row', () => {
  const ROWS = Array.from({ length: 40_000 }, (_, i) => rowOf(`${i % 3 === 0 ? 't' : 'u'}/${nameOf(i)}`, i));
  const found = ({ runs }: Tables): number => ROWS.filter(({ key, fingerprint }) => runs.find(key)?.fingerprint === fingerprint).length;

  test('is found while it is young, when it has its place, and after a crash; what is not there is not found', { timeout: 60_000 }, () => {
    using work = workplace();
    using bench = openBench(work.in('.openclaw.db'));
    for (let i = 0; i < ROWS.length; i += 100) {
      bench.put(ROWS.slice(i, i + 100));
      if (i === 16_200) expect(bench.placed()).toBe(0);
    }
    expect(bench.placed()).toBeGreaterThan(20_000);
    expect(bench.placed()).toBeLessThan(ROWS.length - 10_000);
    const crashed = bench.again();
    for (const tables of [bench.tables, crashed]) {
      expect(found(tables)).toBe(ROWS.length);
      expect(tables.found).toEqual([]);
      for (let i = 50_000; i < 51_000; i++) expect(tables.runs.find(`t/${nameOf(i)}`)).toBeUndefined();
      expect(tables.runs.find(ROWS[0]?.key.replace('t/', 'u/') as string)).toBeUndefined();
    }
    bench.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    expect(damagesOf(work.in('.openclaw.db'))).toEqual([]);
  });

  test('is one of no more young ones than a restart reads, however many come at once', () => {
    using work = workplace();
    using bench = openBench(work.in('.openclaw.db'));
    bench.put(ROWS);
    expect(bench.placed()).toBeGreaterThan(ROWS.length - 33_000);
    expect(bench.placed()).toBeLessThan(ROWS.length - 10_000);
    expect(found(bench.again())).toBe(ROWS.length);
  });

  test.each([
    ['a commit', 16_380],
    ['the end', 20],
  ])('gets a place though the table of places cannot take it as it is, at %s', (_when, young) => {
    using work = workplace();
    const path = work.in('.openclaw.db');
    let root = 0;
    {
      using bench = openBench(path);
      bench.put(ROWS.slice(0, 100));
      bench.tables.places.flush(true);
      bench.put(ROWS.slice(100, 100 + young));
      root = Number(bench.db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'place'").get()?.['rootpage']);
    }
    const bytes = readFileSync(path);
    // Where the first free block of the page is: whoever reads does not care.
    bytes.writeUInt16BE(0x7f00, (root - 1) * 8192 + 1);
    writeFileSync(path, bytes);
    const rows = ROWS.slice(100 + young, 120 + young).map(
      ({ key }) => ({ op: 'epoch', key, epoch: 2, born: 1, fingerprint: 'f' }) as const,
    );
    for (const batch of [rows, []]) {
      const opening = { boot: BOOT, life: 'a life', wallMs: 0 };
      const file = createDataFile(openDatabase(path, 0), { path, clock: { now: () => 0 }, liveChars: 1, opening });
      const { nextId } = file.recover();
      expect(file.commit({ id: nextId, sync: false, lines: '', creates: '', segments: '', rows: batch, dropBelow: 0 }).ok).toBe(true);
      for (const { key } of ROWS.slice(0, 120 + young)) expect(file.load(key, 0, 1)).toBeDefined();
      expect(file.load('t/none', 0, 1)).toBeUndefined();
      file.close();
    }
    if (young > 1_000) expect(damagesOf(path)).toEqual([]);
  });

  test.each(['key', 'segments', 'tenant', 'status', 'fingerprint'])('of which the %s is no text any more is reported', (column) => {
    using work = workplace();
    {
      using bench = openBench(work.in('.openclaw.db'));
      bench.put(ROWS.slice(0, 10));
      bench.tables.places.flush(true);
      bench.db.exec(`UPDATE run SET ${column} = CAST(${column} AS BLOB) WHERE id = 3`);
    }
    expect(damagesOf(work.in('.openclaw.db'))).toContainEqual(expect.stringContaining('the row of'));
  });

  test('that goes is found no more, young or not, and its id and its place may be another’s', { timeout: 60_000 }, () => {
    using work = workplace();
    using bench = openBench(work.in('.openclaw.db'));
    bench.put(ROWS.slice(0, 100));
    bench.tables.places.flush(true);
    bench.put(ROWS.slice(100, 200));
    const gone = ROWS.filter((_, i) => i < 200 && (i % 2 === 0 || i > 190));
    for (const { key } of gone) bench.tables.runs.drop(bench.tables.runs.find(key) as RunRow);
    const after = bench.again();
    for (const { key } of gone) for (const { runs } of [bench.tables, after]) expect(runs.find(key)).toBeUndefined();
    after.runs.put(rowOf(ROWS[199]?.key as string, 7));
    const last = bench.again();
    expect(last.runs.find(ROWS[199]?.key as string)?.fingerprint).toBe('7');
    expect(last.runs.find(ROWS[189]?.key as string)?.fingerprint).toBe('189');
    expect(last.found).toEqual([]);
  });

  test.each([
    ['before any has its place', 100, 300],
    ['when some get their place', 16_300, 300],
  ])('that was taken back is not found, %s, and those before it are', (_when, before, taken) => {
    using work = workplace();
    using bench = openBench(work.in('.openclaw.db'));
    bench.put(ROWS.slice(0, before));
    const placed = bench.placed();
    expect(() => bench.put(ROWS.slice(before, before + taken), true)).toThrow('taken back');
    expect(bench.placed()).toBe(placed);
    expect(found(bench.tables)).toBe(before);
    bench.put(ROWS.slice(before, before + taken));
    expect(found(bench.tables)).toBe(before + taken);
    expect(found(bench.again())).toBe(before + taken);
    expect(bench.tables.found).toEqual([]);
  });

  test('is told from others of which the names begin alike', () => {
    using work = workplace();
    using bench = openBench(work.in('.openclaw.db'));
    const rows = Array.from({ length: 30 }, (_, i) => rowOf(`${'tu'[i % 2]}/abcdef${i}`, i));
    bench.put(rows);
    for (const all of [false, true]) {
      if (all) bench.tables.places.flush(true);
      for (const { key, fingerprint } of rows) expect(bench.tables.runs.find(key)?.fingerprint).toBe(fingerprint);
      expect(bench.tables.runs.find('t/abcdef99')).toBeUndefined();
    }
    expect(bench.tables.found).toEqual([]);
  });
});

test('runs are listed by how their names begin, of young and placed rows, of this tenant only, short names too', () => {
  using work = workplace();
  using bench = openBench(work.in('.openclaw.db'));
  const names = ['a', 'ab', 'abc', 'abcdef', 'abcdefg', 'abcdegg', 'abd', 'b'];
  const rows = ['t', 'u'].flatMap((tenant, n) => names.map((name, i) => rowOf(`${tenant}/${name}`, n * 100 + i)));
  const listed = (tables: Tables, prefix: string): readonly string[] =>
    createEndedList(bench.db, tables)('t', { limit: 20, prefix })
      .map(({ run }) => run)
      .sort();
  const expected = (prefix: string): readonly string[] => names.filter((name) => name.startsWith(prefix)).sort();
  bench.put(rows.filter((_, i) => i % 2 === 0));
  bench.tables.places.flush(true);
  bench.put(rows.filter((_, i) => i % 2 === 1));
  for (const tables of [bench.tables, bench.again()])
    for (const prefix of ['a', 'ab', 'abc', 'abcde', 'abcdef', 'abcdefg', 'abcdefgh', 'b', 'x', ''])
      expect(listed(tables, prefix)).toEqual(expected(prefix));
});

test('a place is a number, those of names that begin alike are a range', () => {
  expect(placeOf('t/A')).toBe(0x41 * 256 ** 5);
  expect(placeOf('tenant/ABCDEFG')).toBe(placeOf('u/ABCDEF'));
  expect(placesOf('ABCDEFG')).toEqual([placeOf('t/ABCDEF'), placeOf('t/ABCDEF')]);
  const [low, high] = placesOf('AB');
  expect(placeOf('t/AB')).toBe(low);
  expect(placeOf('t/AB\u{1f600}zz')).toBeLessThanOrEqual(high);
  expect(placeOf('t/AC')).toBeGreaterThan(high);
});

describe('what leads to the row of a run, when it was changed,', () => {
  const KEYS = Array.from({ length: 40 }, (_, i) => keyOf(`run${i * 7}`));
  const LONG = Array.from({ length: 40 }, (_, i) => text(`${i} ${'x'.repeat(10_000)}`));

  const filled = workplace();

  beforeAll(async () => {
    mkdirSync(filled.in('placed'));
    await using house = houseOf(openState(filled.in('placed'), BOOT));
    await Promise.all(KEYS.map((key) => house.run(key, [STARTED, text(key)], true)));
    await house.run(keyOf('alive'), [STARTED, ...LONG]);
    crashImage(filled.in('placed'), filled.in('young'));
  }, 60_000);

  afterAll(() => filled[Symbol.dispose]());

  /** Every run is there as it was, or refused; none is created a second time. Answers how many are right. */
  async function judge(folder: string, how: string, fresh = 'new'): Promise<number> {
    const right = await judgeRuns(folder, how, fresh);
    if (right === KEYS.length) expect(damagesOf(join(folder, 'openclaw.db')), how).toEqual([]);
    return right;
  }

  async function judgeRuns(folder: string, how: string, fresh: string): Promise<number> {
    await using house = houseOf(openState(folder, BOOT));
    let right = 0;
    const code = (error: unknown): string => OpenClawError.from(error).code;
    const reads = await Promise.all(KEYS.map((key) => recordsOf(house.store, key).catch(code)));
    const creates = await Promise.all(KEYS.map((key) => house.store.runs.create(key, CREATED, 'g').catch(code)));
    for (const [i, key] of KEYS.entries()) {
      const [read, created] = [reads[i], creates[i]];
      if (read === 'DATA_DAMAGED') expect(created, `${key} with ${how}`).toBe('DATA_DAMAGED');
      else {
        expect(read, `${key} with ${how}`).toEqual([CREATED, STARTED, text(key), FINISHED]);
        expect(created, `${key} with ${how}`).toMatchObject({ created: false, fingerprint: 'f' });
        right++;
      }
    }
    expect(
      house.leases.map(({ key }) => key),
      how,
    ).toEqual([keyOf('alive')]);
    expect(house.leases[0]?.damage, how).toBeUndefined();
    expect(house.leases[0]?.creation, how).toBe(CREATED);
    await house.run(keyOf(fresh), [STARTED], true);
    expect(await recordsOf(house.store, keyOf(fresh))).toHaveLength(3);
    return right;
  }

  test.each([
    'UPDATE place SET at = at + 1 WHERE id = 7',
    'UPDATE place SET at = at + (1 << 40)',
    'UPDATE place SET id = id + 1 WHERE id = 40',
    'UPDATE OR REPLACE place SET id = id + 1 WHERE id % 2 = 0',
    'UPDATE place SET mark = mark + 1',
    'UPDATE place SET at = 1 << 60',
    'UPDATE run SET id = id + 1000 WHERE done = 0 OR id = 9',
    'UPDATE run SET id = 1 << 60 WHERE id = 9',
    "UPDATE run SET key = replace(key, 'run14_', 'run15_')",
    "UPDATE run SET key = replace(key, 'alive', 'alivf')",
    "UPDATE run SET key = replace(key, 'run14_', 'rux15_')",
    "UPDATE run SET key = replace(key, 'alive', 'alxvf')",
    'UPDATE run SET mark = mark + 1',
    "UPDATE meta SET value = '40 1' WHERE name = 'placed'",
    "UPDATE meta SET value = 7 WHERE name = 'placed'",
    "UPDATE meta SET name = 'placee' WHERE name = 'placed'",
    "UPDATE meta SET value = '[' WHERE name = 'strays'",
  ])('is made again from the rows: %s', { timeout: 60_000 }, async (sql) => {
    using work = workplace();
    for (const which of ['placed', 'young']) {
      const folder = crashImage(filled.in(which), work.in(which));
      edit(folder, sql);
      for (const time of [1, 2]) expect(await judge(folder, `${sql}, opened for the ${time}. time`, `new${time}`)).toBe(KEYS.length);
    }
  });

  test.each(['placed', 'young'])(
    'in single bits of a file with %s rows, makes no run be taken for one that is not there',
    { timeout: 300_000 },
    async (which) => {
      using work = workplace();
      const folder = crashImage(filled.in(which), work.in(which));
      // Its log goes into the file.
      edit(folder, 'SELECT 1');
      const bytes = readFileSync(join(folder, 'openclaw.db'));
      const rows = [KEYS[0], KEYS[21]].flatMap((key) => rowBytes(bytes, key as string));
      const places = which === 'placed' ? [...placeBytes(bytes, 'run14_'), ...placeBytes(bytes, 'run133')] : [];
      for (const at of [...rows, ...places]) {
        const bit = (at * 3) % 8;
        const harmed = Buffer.from(bytes);
        harmed[at] = (harmed[at] as number) ^ (1 << bit);
        const image = crashImage(folder, work.in('image'));
        writeFileSync(join(image, 'openclaw.db'), harmed);
        expect(await judge(image, `bit ${bit} of byte ${at} changed`)).toBeGreaterThan(KEYS.length - 2);
      }
    },
  );
});

/** Where the file has the place of a name: the name's beginning, an id and a mark of four bytes. */
function placeBytes(bytes: Buffer, start: string): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(start); at >= 0; at = bytes.indexOf(start, at + 1)) {
    const isKey = bytes.subarray(at - 2, at).toString() === 't/';
    if (!isKey && bytes[at + start.length] !== 0x5f) found.push(...Array.from({ length: 11 }, (_, i) => at + i));
  }
  expect(found.length).toBeGreaterThanOrEqual(11);
  return found;
}

/** Where the file has the id of a run's row, behind the length, and the beginning of its header. */
function rowBytes(bytes: Buffer, key: string): number[] {
  const PAGE = 8192;
  const LEAF = 13;
  const found: number[] = [];
  for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) {
    const page = Math.floor(at / PAGE) * PAGE;
    if (bytes[page] !== LEAF) continue;
    const cells = Array.from({ length: bytes.readUInt16BE(page + 3) }, (_, i) => page + bytes.readUInt16BE(page + 8 + 2 * i));
    const cell = Math.max(...cells.filter((each) => each < at));
    // Behind a header of 18 bytes or so: no other table has the key there.
    if (at - cell > 16 && at - cell < 40)
      found.push(...Array.from({ length: 6 }, (_, i) => cell + ((bytes[cell] as number) < 128 ? 1 : 2) + i));
  }
  expect(found.length).toBeGreaterThan(0);
  return found;
}
