import type { DatabaseSync } from 'node:sqlite';
import { type Damage, runOf } from '../contract/store.ts';
import { damaged, isDamage } from './damage.ts';
import { sqliteCode } from './database.ts';
import { mendRow } from './mend.ts';
import { type Meta, strayIds } from './meta.ts';
import { type Places, placeOf } from './places.ts';
import { orphansOf, renewRows } from './renew-rows.ts';
import { isMarked, isWhole, NEW_ROW, type OpenRow, type RunRow, type RunRows, type Sealed, type StoredRows, sealRun } from './run-rows.ts';
import { atOnce } from './savepoint.ts';
import type { SegmentRef, Segments } from './segments.ts';
import type { SnapshotRows } from './snapshot-rows.ts';

export interface MendingParts {
  /** Of the file, for messages. */
  readonly path: string;
  readonly meta: Meta;
  readonly places: Places;
  readonly segments: Segments;
  readonly snapshots: SnapshotRows;
  /** An epoch that no reader has seen, for runs whose own is not known any more. */
  freshEpoch(): number;
  found(damage: Damage): void;
}

/**
 * Run rows that are made again from their segments when they fail their checksum, and found again when what leads to them was changed: a place, an index, their id or their key. All that a search
 * goes by tells whether it is intact; if not, it is written anew from the rows.
 */
export function createMendingRows(db: DatabaseSync, rows: StoredRows, parts: MendingParts): RunRows {
  const { path, meta, places } = parts;
  const openIds = db.prepare(
    'SELECT CAST(id AS REAL) AS id, CAST(born AS REAL) AS born FROM run INDEXED BY run_open WHERE done = 0 ORDER BY born',
  );
  /** Ids of rows that cannot be made again: their key may be another run's. Or they are gone. */
  let strays = strayIds(meta);
  /** Segments that a row had which could not be read. */
  let orphans = orphansOf(meta);

  const put = (row: RunRow): void => {
    try {
      rows.put(row);
    } catch (error) {
      if (sqliteCode(error) !== CORRUPT) throw error;
      // The damaged row does not say under which values the indexes have it.
      db.exec('REINDEX run');
      rows.put(row);
    }
  };

  const refuse = (key: string): never => {
    throw damaged(path, `the row of run ${key}`);
  };

  const mend = (row: Sealed): RunRow => {
    const mended = mendRow(row, parts, parts.freshEpoch());
    if (!mended?.isWhole) return refuse(row.key);
    put(mended.row);
    parts.found({ run: runOf(row.key), what: 'the row of the run', repair: 'made again from its segments' });
    return mended.row;
  };

  const forget = (): void => {
    strays = strayIds(meta);
    orphans = orphansOf(meta);
  };

  const renew = (): void => {
    try {
      renewRows(db, rows, put, parts);
    } catch (error) {
      places.forget();
      throw error;
    }
    forget();
  };

  /** `'lost'` when something on the way to it was changed, `'gone'` when that is all that is left of it. */
  const search = (key: string): Sealed | 'lost' | 'gone' | undefined => {
    const ids = places.find(key);
    if (!ids) return 'lost';
    let isGone = false;
    for (const id of ids) {
      const row = rows.at(id);
      isGone ||= !row && strays.includes(id);
      if (strays.includes(id)) continue;
      if (!row || !isMarked(row)) return 'lost';
      if (row.key === key) return row;
      if (placeOf(row.key) !== placeOf(key)) return 'lost';
    }
    return isGone ? 'gone' : undefined;
  };

  const isOf = (key: string, ref: SegmentRef): boolean => {
    try {
      return parts.segments.get(key, ref).first === ref.first;
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
  };

  const findStray = (key: string): RunRow | undefined => {
    const id = strays.find((each) => {
      const row = rows.at(each);
      return row && sealRun({ ...row, key }) === row.crc;
    });
    if (id !== undefined) {
      atOnce(db, () => putRight(rows.at(id) as Sealed, key));
      forget();
      parts.found({ run: runOf(key), what: 'the key of the run’s row', repair: 'put right' });
      return rows.at(id);
    }
    return orphans.some((ref) => isOf(key, ref)) ? refuse(key) : undefined;
  };

  const putRight = (row: Sealed, key: string): void => {
    const { id } = row;
    places.drop(row.key, id);
    put({ ...row, key });
    places.add(key, id);
    const gone = (places.find(key) ?? []).filter((each) => !rows.at(each));
    for (const each of gone) places.drop(key, each);
    meta.put('strays', JSON.stringify(strays.filter((each) => each !== id && !gone.includes(each))));
  };

  const find = (key: string): RunRow | undefined => {
    let row = search(key);
    if (row === 'lost') {
      renew();
      row = search(key);
    }
    if (row === 'lost') return refuse(key);
    if (row === undefined) return findStray(key);
    if (row === 'gone') return findStray(key) ?? refuse(key);
    return isWhole(row) ? row : mend(row);
  };

  /** What is left of a live run whose row is not whole. */
  const salvage = (row: Sealed): OpenRow => {
    const mended = mendRow(row, parts, parts.freshEpoch());
    const left = mended?.row ?? { ...NEW_ROW, id: row.id, key: row.key, epoch: parts.freshEpoch() };
    put(left);
    return { row: left, damage: 'the row of the run' };
  };

  /** Rows of runs that are not done; `undefined` when the index, or what it leads to, was changed. */
  const openRows = (): Sealed[] | undefined => {
    const found: Sealed[] = [];
    for (const { id, born } of openIds.all() as { id: number; born: number }[]) {
      const row = strays.includes(id) ? undefined : rows.at(id);
      if (strays.includes(id)) continue;
      if (!row || !isMarked(row) || (isWhole(row) && (row.done === 1 || row.born !== born))) return undefined;
      found.push(row);
    }
    return found;
  };

  const mendOpen = (row: Sealed): OpenRow | undefined => {
    try {
      const whole = isWhole(row) ? row : mend(row);
      return whole.done === 1 ? undefined : { row: whole };
    } catch (error) {
      if (!isDamage(error)) throw error;
      return salvage(row);
    }
  };

  return {
    find,
    open() {
      let found = openRows();
      if (!found) {
        renew();
        found = openRows();
      }
      if (!found) throw damaged(path, 'the index of runs that are not done');
      for (const id of strays)
        parts.found({ what: `the row of a run, of which the key ${JSON.stringify(rows.at(id)?.key)} is left`, repair: 'left alone' });
      return found.flatMap((row) => mendOpen(row) ?? []);
    },
    put,
    drop: rows.drop,
    forget,
  };
}

const CORRUPT = 11;
