import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Random, seededRandom } from '@openclaw-runtime/kit';
import { expect, test } from 'vitest';
import { createCheckpoints } from '../src/sqlite/checkpoints.ts';
import { openDatabase } from '../src/sqlite/database.ts';
import { createOverwriting } from '../src/sqlite/overwriting.ts';
import { openPages } from '../src/sqlite/pages.ts';
import { workplace } from './open-house.ts';

/** Rows of all kinds and lengths that come, change and go; each has a word of its own all over. */
function createRows(db: DatabaseSync, random: Random) {
  db.exec(
    'CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT); CREATE TABLE w (key TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID; CREATE INDEX ti ON t (body)',
  );
  const below = (n: number): number => Math.floor(random.float() * n);
  const alive = new Map<number, string>();
  const dead: string[] = [];
  let n = 0;
  const lengthOf = (): number => (below(4) === 0 ? below(60_000) : below(4) === 0 ? below(9_000) : below(300)) + 20;
  const wordOf = (id: number): string => `<word ${id}>`;
  const bodyOf = (word: string): string => word.repeat(Math.ceil(lengthOf() / word.length));
  const put = (): void => {
    const id = ++n;
    const body = bodyOf(wordOf(id));
    alive.set(id, body);
    if (id % 2 === 0) db.prepare('INSERT INTO t VALUES (?, ?)').run(id, body);
    else db.prepare('INSERT INTO w VALUES (?, ?)').run(`${(id * 7919) % 1_000} ${body.slice(0, 3_000)}`, body);
  };
  const drop = (id: number): void => {
    dead.push(wordOf(id));
    alive.delete(id);
    db.prepare(id % 2 === 0 ? 'DELETE FROM t WHERE id = ?' : 'DELETE FROM w WHERE key >= ? AND instr(body, ?) = 1').run(
      ...(id % 2 === 0 ? [id] : ['', wordOf(id)]),
    );
  };
  return {
    dead,
    some(deletes: boolean) {
      db.exec('BEGIN IMMEDIATE');
      for (let i = below(30); i >= 0; i--) {
        const ids = [...alive.keys()];
        if (deletes && below(2) === 0 && ids.length > 10) drop(ids[below(ids.length)] as number);
        else put();
      }
      db.exec('COMMIT');
    },
    isWhole() {
      const all = [...db.prepare('SELECT body FROM t').all(), ...db.prepare('SELECT body FROM w').all()].map(({ body }) => body as string);
      expect(all.toSorted()).toEqual([...alive.values()].toSorted());
      expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    },
  };
}

const left = (path: string, words: readonly string[]): readonly string[] => {
  const bytes = readFileSync(path);
  return words.filter((word) => bytes.includes(word));
};

test.each([1, 2, 3, 4])('what was deleted is in no place of the file any more, and all else is as it was (seed %i)', (seed) => {
  using work = workplace();
  const path = work.in('x.db');
  const db = openDatabase(path, 0);
  const rows = createRows(db, seededRandom(seed));
  for (let i = 0; i < 60; i++) rows.some(true);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const before = left(path, rows.dead);
  expect(before.length).toBeGreaterThan(30);
  const fd = openSync(path, 'r+');
  const pages = openPages(fd);
  expect(pages?.count).toBe(fstatSync(fd).size / 8192);
  let bytes = 0;
  for (let page = 1; page <= (pages?.count ?? 0); page++) bytes += pages?.overwrite(page) ?? Number.NaN;
  expect(bytes).toBeGreaterThan(100_000);
  expect(left(path, rows.dead)).toEqual([]);
  db.exec('PRAGMA shrink_memory');
  rows.isWhole();
  // And goes on being used.
  for (let i = 0; i < 20; i++) rows.some(true);
  rows.isWhole();
  db.close();
  closeSync(fd);
  const again = new DatabaseSync(path);
  expect(again.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  again.close();
});

test.each([19, 27, 47])(
  'the same while others write between the slices, also where the log goes into the file meanwhile (seed %i)',
  (seed) => {
    using work = workplace();
    const path = work.in('x.db');
    const db = openDatabase(path, 0);
    const random = seededRandom(seed);
    const rows = createRows(db, random);
    const checkpoints = createCheckpoints(db, path);
    const overwriting = createOverwriting(db, path, checkpoints);
    for (let i = 0; i < 60; i++) rows.some(true);
    const gone = [...rows.dead];
    overwriting.begin();
    for (let slices = 1; overwriting.slice(() => random.float() < 0.7) !== 'done'; slices++) {
      rows.some(true);
      if (random.float() < 0.03) checkpoints.run();
      if (random.float() < 0.3) db.exec('PRAGMA incremental_vacuum(20)');
      if (slices === 5) {
        const rest = checkpoints.freeze();
        expect(overwriting.slice(() => true)).toBe('held');
        checkpoints.thaw(rest);
      }
    }
    expect(overwriting.problem).toBeUndefined();
    expect(overwriting.share).toBe(1);
    expect(left(path, gone)).toEqual([]);
    rows.isWhole();
    for (let i = 0; i < 20; i++) rows.some(true);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    expect(left(path, gone)).toEqual([]);
    rows.isWhole();
    db.close();
    overwriting.close();
  },
);

/** What lies in the cells of all tables is as it was, whichever bytes of the file were changed before: nobody's data are taken for unused. */
test.each([1, 2, 3])('a byte that was changed leads to no loss of what could be read with it (seed %i)', (seed) => {
  using work = workplace();
  const path = work.in('x.db');
  const db = openDatabase(path, 0);
  const random = seededRandom(seed);
  const rows = createRows(db, random);
  for (let i = 0; i < 60; i++) rows.some(true);
  db.close();
  const whole = readFileSync(path);
  const count = whole.length / 8192;
  const texts = (of: Uint8Array): ReadonlyMap<number, string> => {
    writeFileSync(path, of);
    const found = new Map<number, string>();
    const look = new DatabaseSync(path, { readOnly: true });
    for (const table of ['t NOT INDEXED', 'w'])
      try {
        for (const { body } of look.prepare(`SELECT body FROM ${table}`).iterate() as Iterable<{ body: unknown }>)
          found.set(found.size, String(body));
      } catch {}
    look.close();
    return found;
  };
  let strange = 0;
  for (let i = 0; i < 100; i++) {
    const bytes = Buffer.from(whole);
    // In the map, the heads of pages and lists of cells, and what links pages, where most harm could be done.
    const page = i % 5 === 0 ? 1 : Math.floor(random.float() * count);
    const at = page * 8192 + Math.floor(random.float() * (page === 1 ? count * 5 : 40));
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random.float() * 8));
    const before = texts(bytes);
    writeFileSync(path, bytes);
    const fd = openSync(path, 'r+');
    const pages = openPages(fd);
    for (let each = 1; each <= (pages?.count ?? 0); each++) if (pages?.overwrite(each) === undefined) strange++;
    closeSync(fd);
    const after = texts(readFileSync(path));
    for (const [n, body] of before)
      if (after.get(n) !== body) expect.fail(`byte ${at % 8192} of page ${page + 1} (${i}): ${body.slice(0, 20)}`);
  }
  expect(strange).toBeGreaterThan(3);
});
