import type { DatabaseSync } from 'node:sqlite';
import { tenantOf } from '../contract/store.ts';
import { splitBody } from '../hall/chunk.ts';
import { statusOf } from '../hall/status.ts';
import { countsIn, type KeyCount, readableCounts, writeCounts } from './commands.ts';
import { damaged, isUnreadable, sealOf } from './damage.ts';
import { createMeta } from './meta.ts';
import { createPlaces } from './places.ts';
import { createStoredRows, NEW_ROW } from './run-rows.ts';
import { DATA_FORMAT, SCHEMA } from './schema.ts';
import { createSegments, formatRefs, type SegmentRef } from './segments.ts';
import { createTenants } from './tenants.ts';

/** A row of `run` in format 1, whose segments were `id:first seq`. */
interface OldRow {
  readonly key: string;
  readonly epoch: number;
  readonly seq: number;
  readonly h: number;
  readonly done: number;
  readonly born: number;
  readonly fingerprint: string;
  readonly segments: string;
  readonly crc: number;
}

/** A file of format 1 or 2 becomes one of this format, whole or not at all. Throws `DATA_DAMAGED` when a row that has to be written anew fails its checksum. */
export function migrate(db: DatabaseSync, path: string, format: number, wallMs: number): void {
  const upgrade = (counts: () => Iterable<KeyCount>): void => {
    db.exec('BEGIN IMMEDIATE');
    try {
      if (format === 1) migrateRuns(db, path, wallMs);
      db.exec(SCHEMA);
      writeCounts(db, counts());
      db.exec(`PRAGMA user_version = ${DATA_FORMAT}; COMMIT`);
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };
  try {
    upgrade(() => countsIn(db));
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    // Before the transaction: SQLite writes nothing more in one in which it could not read something. Whose commands are not counted is damaged, and no other.
    const readable = readableCounts(db);
    upgrade(() => readable);
  }
}

/** Runs that had ended count as ended at `wallMs`. The old snapshots go: they are made anew from the records, all of which are still there. */
function migrateRuns(db: DatabaseSync, path: string, wallMs: number): void {
  db.exec('DROP TABLE snapshot; DROP INDEX run_open; ALTER TABLE run RENAME TO run_1');
  db.exec(SCHEMA);
  const places = createPlaces(db, path, createMeta(db));
  const runs = createStoredRows(db, places);
  const segments = createSegments(db, path);
  const tenants = createTenants(db, path);
  const octets = db.prepare('SELECT octet_length(body) AS chars FROM segment WHERE id = ?');
  for (const row of db.prepare('SELECT * FROM run_1').iterate() as Iterable<OldRow>) {
    const { crc, segments: list, ...old } = row;
    const { key, epoch, seq, h, done, born, fingerprint } = old;
    if (sealOf(key, epoch, seq, h, done, born, fingerprint, list) !== crc) throw damaged(path, `the row of run ${key}`);
    const refs = refsOf(list).map((ref) => ({ ...ref, chars: Number(octets.get(ref.id)?.['chars'] ?? 0) }));
    const chars = refs.reduce((sum, ref) => sum + ref.chars, 0);
    const last = refs.at(-1);
    const status = done === 1 && last ? statusAt(() => segments.get(key, last).body) : '';
    runs.put({ ...NEW_ROW, ...old, ended: done === 1 ? wallMs : 0, chars, status, segments: formatRefs(refs) });
    places.flush();
    tenants.add(tenantOf(key), { runs: 1, chars });
  }
  tenants.flush();
  db.exec('DROP TABLE run_1');
}

function refsOf(list: string): Omit<SegmentRef, 'chars'>[] {
  if (list === '') return [];
  return list.split(',').map((part) => {
    const [id, first] = part.split(':');
    return { id: Number(id), first: Number(first) };
  });
}

/** A damaged segment is its readers' trouble. */
function statusAt(body: () => string): string {
  try {
    return statusOf(splitBody(body()).at(-1) ?? '');
  } catch {
    return '';
  }
}
