import type { DatabaseSync } from 'node:sqlite';
import { type Damage, runOf } from '../contract/store.ts';
import { isUnreadable } from './damage.ts';
import { mendRow } from './mend.ts';
import type { Meta } from './meta.ts';
import type { Places } from './places.ts';
import { asRow, isMarked, isWhole, type RunRow, type Sealed, type StoredRows, sealed } from './run-rows.ts';
import { atOnce } from './savepoint.ts';
import { SCHEMA } from './schema.ts';
import { formatRefs, parseRefs, type SegmentRef, type Segments } from './segments.ts';
import type { SnapshotRows } from './snapshot-rows.ts';

export interface RenewalParts {
  readonly meta: Meta;
  readonly places: Places;
  readonly segments: Segments;
  readonly snapshots: SnapshotRows;
  freshEpoch(): number;
  found(damage: Damage): void;
}

/**
 * Writes all that leads to the rows of runs anew, as a scan finds them, and the rows themselves where their ids are not in order. Keeps in mind the ids of those whose key was changed and cannot be
 * known again, or which are gone, and the segments of rows that cannot be read.
 */
export function renewRows(db: DatabaseSync, rows: StoredRows, put: (row: RunRow) => void, parts: RenewalParts): void {
  const { meta, places, found } = parts;
  // First: SQLite writes nothing more in a transaction in which it could not read something.
  const { isInOrder, unreadable, last, ...survey } = surveyRows(db, rows);
  atOnce(db, () => {
    const doubtful = isInOrder ? survey.doubtful : rewriteRows(db, last, unreadable, found);
    if (isInOrder) db.exec('REINDEX run');
    const strays = doubtful.filter((id) => !tryToMend(rows.at(id), put, parts));
    const gone = places.renew();
    meta.put('strays', JSON.stringify([...strays, ...gone]));
    if (unreadable.length > 0) meta.put('orphans', formatRefs([...orphansOf(meta), ...ownerless(db)]));
    if (unreadable.length + gone.length > 0)
      found({ what: `the rows of ${Math.max(unreadable.length, gone.length)} runs`, repair: 'none: the runs are refused' });
  });
  found({ what: 'what leads to the rows of runs', repair: 'made again from the rows' });
}

/** Segments of rows that could not be read. */
export function orphansOf(meta: Meta): readonly SegmentRef[] {
  return parseRefs(String(meta.get('orphans') ?? ''));
}

interface Survey {
  /** Each row is found by its id, which it has had from the beginning. */
  readonly isInOrder: boolean;
  /** The last id that is certain. */
  readonly last: number;
  /** Ids of rows with fields that were changed. */
  readonly doubtful: readonly number[];
  /** How many rows lie before each that cannot be read. */
  readonly unreadable: readonly number[];
}

/** A number that was changed may be too large to be read as it is. */
const NUMBERS = ['id', 'mark', 'epoch', 'seq', 'h', 'done', 'born', 'ended', 'chars', 'oldest', 'snapshot', 'crc'];
const SCAN = `SELECT key, tenant, status, fingerprint, segments, ${NUMBERS.map((name) => `CAST(${name} AS REAL) AS ${name}`).join(', ')}
  FROM run NOT INDEXED LIMIT ? OFFSET ?`;
/** More of them one after the other are a page that cannot be read. */
const MAX_UNREADABLE = 4;

function surveyRows(db: DatabaseSync, rows: StoredRows): Survey {
  const doubtful: number[] = [];
  let isInOrder = true;
  let last = 0;
  const unreadable: number[] = [];
  let seen = 0;
  for (const row of scan(db)) {
    if (!row) unreadable.push(seen);
    seen++;
    if (!row || !isMarked(row)) {
      isInOrder = false;
      continue;
    }
    last = Math.max(last, row.id);
    isInOrder &&= rows.at(row.id)?.key === row.key;
    if (!isWhole(row)) doubtful.push(row.id);
  }
  return { isInOrder, last, doubtful, unreadable };
}

/** Rows whose id or key is not certain get a new id, those that cannot be read are left out. Answers with the ids of those that are still not whole. */
function rewriteRows(db: DatabaseSync, certain: number, unreadable: readonly number[], found: (damage: Damage) => void): readonly number[] {
  const { sql } = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'run'").get() as { sql: string };
  db.exec(sql.replace(/^CREATE TABLE "?run"?/, 'CREATE TABLE run_anew'));
  const insert = db.prepare('INSERT INTO run_anew VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const doubtful: number[] = [];
  let last = certain;
  for (const row of scanBetween(db, unreadable)) {
    if (!row) continue;
    const id = isMarked(row) ? row.id : ++last;
    const key = isWhole(row) ? row.key : isMarked(row) ? undefined : nearKey(row);
    if (key === undefined) {
      doubtful.push(id);
      insert.run(...asItIs({ ...row, id }));
      continue;
    }
    insert.run(...sealed({ ...row, id, key }));
    if (key !== row.key) found({ run: runOf(key), what: 'the key of the run’s row', repair: 'put right' });
  }
  db.exec(`DROP TABLE run; ALTER TABLE run_anew RENAME TO run; ${SCHEMA}`);
  return doubtful;
}

/** All rows as they lie; `undefined` for one that cannot be read. */
function* scan(db: DatabaseSync): Iterable<Sealed | undefined> {
  for (let seen = 0, unreadable = 0; ; seen++) {
    try {
      for (const row of db.prepare(SCAN).iterate(-1, seen) as Iterable<unknown>) {
        yield asRow(row);
        seen++;
        unreadable = 0;
      }
      return;
    } catch (error) {
      if (!isUnreadable(error) || ++unreadable > MAX_UNREADABLE) throw error;
      yield undefined;
    }
  }
}

/** All other rows. */
function* scanBetween(db: DatabaseSync, unreadable: readonly number[]): Iterable<Sealed | undefined> {
  const select = db.prepare(SCAN);
  for (const [i, end] of [...unreadable, undefined].entries()) {
    const from = i === 0 ? 0 : (unreadable[i - 1] as number) + 1;
    for (const row of select.iterate(end === undefined ? -1 : end - from, from) as Iterable<unknown>) yield asRow(row);
  }
}

/** Segments that no row names. */
function ownerless(db: DatabaseSync): readonly SegmentRef[] {
  const owned = new Set<number>();
  for (const row of scan(db)) for (const { id } of parseRefs(row?.segments ?? '')) owned.add(id);
  const all = db.prepare('SELECT id, first, 0 AS chars FROM segment').all() as unknown as readonly SegmentRef[];
  return all.filter(({ id }) => !owned.has(id));
}

/** The key of which one character was changed. */
function nearKey(row: Sealed): string | undefined {
  for (let i = 0; i < row.key.length; i++) {
    for (let code = 0x21; code < 0x7f; code++) {
      const key = row.key.slice(0, i) + String.fromCharCode(code) + row.key.slice(i + 1);
      if (isWhole({ ...row, key })) return key;
    }
  }
  return undefined;
}

function asItIs(row: Sealed): (string | number)[] {
  const { id, key, mark, tenant, epoch, seq, h, done, born, ended, chars, oldest, status, snapshot, fingerprint, segments, crc } = row;
  const values = [id, key, mark, tenant, epoch, seq, h, done, born, ended, chars, oldest, status, snapshot, fingerprint, segments, crc];
  return values.map((value) => value ?? 0);
}

/** Whether the row is found by its key: as it is where that is certain, else when its segments prove it. */
function tryToMend(row: Sealed | undefined, put: (row: RunRow) => void, parts: RenewalParts): boolean {
  if (!row) return true;
  const mended = mendRow(row, parts, parts.freshEpoch());
  if (mended?.isWhole && (isMarked(row) || mended.row.segments !== '')) {
    put(mended.row);
    parts.found({ run: runOf(row.key), what: 'the row of the run', repair: 'made again from its segments' });
    return true;
  }
  return isMarked(row);
}
