import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Damage, VerifyReport } from '../contract/store.ts';
import { isUnreadable } from './damage.ts';
import { describe, sqliteCode } from './database.ts';
import type { Inspection } from './inspection.ts';
import { fits, RESTORED, readMark } from './mark-file.ts';
import { createMeta } from './meta.ts';
import { DATA_FORMAT, OLDEST_FORMAT } from './schema.ts';
import { verifyJournal } from './verify-journal.ts';
import { createDoneCheck, verifyPlaces } from './verify-places.ts';
import { verifyRest } from './verify-rest.ts';
import { verifyRuns } from './verify-runs.ts';
import { inspectWal } from './wal.ts';
import { bytesOf } from './wal-check.ts';

/** A part that yields after each row or so. */
export type Section = (inspection: Inspection) => Generator<void, void>;

/** Damages that are named one by one; more of them tell nothing new. */
const MAX_NAMED = 1_000;
const SECTIONS: readonly Section[] = [verifyRuns, verifyPlaces, verifyJournal, verifyRest];

/**
 * Reads all that is stored: SQLite's own check, every checksum, every run's chain, folds against snapshots, what belongs to nobody. Changes nothing. Yields the share
 * that is done. Throws `DATA_LOCKED`, `DATA_FORMAT`, `NOT_FOUND`; whatever else is wrong is in the report.
 */
export function* verifyFile(path: string, isFrozen: boolean): Generator<number, VerifyReport> {
  if (!existsSync(path)) throw new OpenClawError('NOT_FOUND', `There is no database ${path}.`);
  const damaged: Damage[] = [];
  const counts = { runs: 0, records: 0, segments: 0, snapshots: 0, journal: 0, commands: 0, states: 0 };
  const found = (damage: Damage): void => void (damaged.length < MAX_NAMED && damaged.push(damage));
  const report = (): VerifyReport => ({ counts, bytes: statSync(path).size, damaged });
  const inspection = (db: DatabaseSync): Inspection => ({ db, path, counts, ends: new Map(), isDone: createDoneCheck(db, path), found });

  if (!isFrozen && inspectWal(bytesOf(`${path}-wal`)) === 'broken') {
    found({ what: 'the write-ahead log was changed: commits that were acknowledged cannot be read', repair: RESTORE });
    return report();
  }
  let db: DatabaseSync | undefined;
  try {
    db = openToRead(path, isFrozen);
    if (!isFrozen && isOlder(db, path))
      found({ what: 'the folder knew a later state: this is an older copy, or power was lost', repair: 'runs go on in a new epoch' });
    yield* inspect(inspection(db));
  } catch (error) {
    const known = describe(error, path);
    if (known.code !== 'DATA_DAMAGED') throw known;
    found({ what: (error as Error).message, repair: RESTORE });
  } finally {
    db?.close();
  }
  return report();
}

const RESTORE = 'none: restore a backup';

function* inspect(inspection: Inspection): Generator<number, void> {
  const { db, found } = inspection;
  for (const { integrity_check: says } of db.prepare('PRAGMA integrity_check(20)').all() as { integrity_check: string }[])
    if (says !== 'ok') found({ what: `SQLite says: ${says}`, repair: RESTORE });
  const total = 1 + ['run', 'segment', 'journal', 'snapshot', 'command', 'state'].reduce((sum, table) => sum + rowsOf(db, table), 0);
  let done = 0;
  for (const section of SECTIONS) {
    try {
      for (const _ of section(inspection)) yield Math.min(1, ++done / total);
    } catch (error) {
      if (sqliteCode(error) === undefined && !isUnreadable(error)) throw error;
      found({ what: `reading stopped: ${(error as Error).message}`, repair: RESTORE });
    }
  }
}

function isOlder(db: DatabaseSync, path: string): boolean {
  const mark = readMark(path);
  if (mark === undefined || mark === 'unreadable' || mark.lives.includes(RESTORED)) return false;
  const meta = createMeta(db);
  const { id } = db.prepare('SELECT max(id) AS id FROM journal').get() as { id: number | null };
  return !fits(mark, String(meta.get('life') ?? ''), Math.max(id ?? 0, Number(meta.get('commit') ?? 0)));
}

function rowsOf(db: DatabaseSync, table: string): number {
  try {
    return (db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
  } catch {
    return 0;
  }
}

/** A file at rest is read without locks and without its write-ahead log; any other must be nobody's. */
function openToRead(path: string, isFrozen: boolean): DatabaseSync {
  const url = pathToFileURL(path);
  if (isFrozen) url.search = '?immutable=1';
  const db = new DatabaseSync(url, { readOnly: true, timeout: 0 });
  try {
    db.exec('BEGIN');
    const { user_version: format } = db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (format < OLDEST_FORMAT || format > DATA_FORMAT)
      throw new OpenClawError(
        'DATA_FORMAT',
        `The data have format ${format}, this version verifies ${OLDEST_FORMAT} to ${DATA_FORMAT}. Use the version that wrote them, or open them once.`,
      );
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
