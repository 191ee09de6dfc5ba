import type { DatabaseSync } from 'node:sqlite';
import type { Damage } from '../contract/store.ts';
import { isDamage, sealOf } from './damage.ts';
import { sqliteCode } from './database.ts';
import { runOf } from './inspection.ts';
import { mendRow } from './mend.ts';
import type { Meta } from './meta.ts';
import { NEW_ROW, type OpenRow, type RunRow, type RunRows, type Sealed, sealRun, tenantOf } from './run-rows.ts';
import { SCHEMA } from './schema.ts';
import type { Segments } from './segments.ts';
import type { SnapshotRows } from './snapshot-rows.ts';

export interface MendingParts {
  readonly meta: Meta;
  readonly segments: Segments;
  readonly snapshots: SnapshotRows;
  /** An epoch that no reader has seen, for runs whose own is not known any more. */
  freshEpoch(): number;
  found(damage: Damage): void;
}

/**
 * Run rows that are made again from their segments when they fail their checksum, and found again when it is their key that was changed: SQLite looks for a key by
 * halves, so a changed one hides its own row, and perhaps others. Whatever looks for a row that is not there passes by the changed one, whose checksum tells.
 */
export function createMendingRows(db: DatabaseSync, rows: RunRows, parts: MendingParts): RunRows {
  const get = db.prepare('SELECT * FROM run WHERE key = ?');
  const beside = db.prepare(
    `SELECT * FROM (SELECT key, mark FROM run WHERE key < ?1 ORDER BY key DESC LIMIT 1)
     UNION ALL SELECT * FROM (SELECT key, mark FROM run WHERE key > ?1 ORDER BY key LIMIT 1)`,
  );
  const openKeys = db.prepare('SELECT key FROM run INDEXED BY run_open WHERE done = 0 ORDER BY born');
  /** Keys of rows that cannot be made again: their own may be another. */
  let strays = strayKeys(parts.meta);

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

  const mend = (key: string, error: unknown): RunRow => {
    const mended = mendRow(get.get(key) as unknown as RunRow, parts, parts.freshEpoch());
    if (!mended?.isWhole) throw error;
    put(mended.row);
    parts.found({ run: runOf(key), what: 'the row of the run', repair: 'made again from its segments' });
    return mended.row;
  };

  /** A search that a changed key led astray ends beside it. */
  const isOrderly = (key: string): boolean => {
    const neighbours = beside.all(key) as unknown as readonly Pick<Sealed, 'key' | 'mark'>[];
    return neighbours.every((each) => sealOf(each.key) === each.mark || strays.includes(each.key));
  };

  /** Writes the table anew, in the order of its keys as they are. */
  const reorder = (): void => {
    const { sql } = db.prepare("SELECT sql FROM sqlite_schema WHERE name = 'run'").get() as { sql: string };
    const work = (): void => {
      db.exec(
        `${sql.replace(/^CREATE TABLE "?run"?/, 'CREATE TABLE run_anew')}; INSERT OR IGNORE INTO run_anew SELECT * FROM run NOT INDEXED`,
      );
      db.exec(`DROP TABLE run; ALTER TABLE run_anew RENAME TO run; ${SCHEMA}`);
      strays = [];
      for (const row of db.prepare('SELECT * FROM run').all() as unknown as Sealed[]) {
        if (isSound(row)) continue;
        const mended = mendRow(row, parts, parts.freshEpoch());
        if (mended?.isWhole) put(mended.row);
        else strays.push(row.key);
      }
      parts.meta.put('strays', JSON.stringify(strays));
    };
    if (db.isTransaction) return work();
    db.exec('BEGIN IMMEDIATE');
    try {
      work();
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };

  const findStray = (key: string): RunRow | undefined => {
    for (const stray of strays) {
      const row = get.get(stray) as Sealed | undefined;
      if (!row || sealRun({ ...row, key }) !== row.crc) continue;
      rows.drop(stray);
      put({ ...row, key });
      strays = strays.filter((each) => each !== stray);
      parts.meta.put('strays', JSON.stringify(strays));
      parts.found({ run: runOf(key), what: 'the key of the run’s row', repair: 'put right' });
      return rows.find(key);
    }
    return undefined;
  };

  const find = (key: string): RunRow | undefined => {
    let row: RunRow | undefined;
    try {
      row = rows.find(key);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return mend(key, error);
    }
    if (row) return row;
    if (!isOrderly(key)) {
      reorder();
      row = rows.find(key);
    }
    return row ?? (strays.length > 0 ? findStray(key) : undefined);
  };

  /** What is left of a live run whose row is not whole. */
  const salvage = (key: string): OpenRow | undefined => {
    const damage = 'the row of the run';
    const mended = mendRow(get.get(key) as unknown as RunRow, parts, parts.freshEpoch());
    if (!mended && !RUN_KEY.test(key)) {
      parts.found({ what: `the row of a run, of which the key ${JSON.stringify(key)} is left`, repair: 'left alone' });
      return undefined;
    }
    const row = mended?.row ?? { ...NEW_ROW, key, epoch: parts.freshEpoch() };
    put(row);
    return { row, damage };
  };

  return {
    ...rows,
    find,
    open() {
      const keys = openKeys.all().map(({ key }) => key as string);
      return keys.flatMap((key): OpenRow[] => {
        try {
          const row = find(key);
          if (row) return row.done === 1 ? [] : [{ row }];
          db.exec('REINDEX run');
          parts.found({ what: `an index named a run ${runOf(key)} that is not there`, repair: 'made again' });
          return [];
        } catch (error) {
          if (!isDamage(error)) throw error;
          const left = salvage(key);
          return left ? [left] : [];
        }
      });
    },
  };
}

const CORRUPT = 11;
const RUN_KEY = /^[^/]+\/[A-Za-z0-9_-]{22}$/;

function isSound(row: Sealed): boolean {
  return row.crc === sealRun(row) && row.tenant === tenantOf(row.key);
}

function strayKeys(meta: Meta): string[] {
  try {
    return JSON.parse(String(meta.get('strays') ?? '[]')) as string[];
  } catch {
    return [];
  }
}
