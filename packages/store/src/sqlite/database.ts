import { DatabaseSync } from 'node:sqlite';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { migrate } from './migration.ts';
import { DATA_FORMAT, SCHEMA } from './schema.ts';

/** SQLite's primary result codes that mean something to us. */
const SQLITE = { busy: 5, locked: 6, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/**
 * Opens the file, takes it for this process alone, checks its format and brings an older one up to this. `wallMs`: now, since 1970. Throws `DATA_LOCKED`,
 * `DATA_DAMAGED`, `DATA_FORMAT`, `STORE_FULL` or `STORE_FAILED`.
 */
export function openDatabase(path: string, wallMs: number): DatabaseSync {
  try {
    const db = new DatabaseSync(path, { timeout: 0 });
    try {
      db.exec(
        'PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;',
      );
      db.exec(
        'PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -65536; PRAGMA cell_size_check = ON;',
      );
      db.exec('BEGIN IMMEDIATE; COMMIT');
      const format = formatOf(db);
      if (format < DATA_FORMAT) migrate(db, path, format, wallMs);
      db.exec(SCHEMA);
      makeShrinkable(db);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    throw describe(error, path);
  }
}

/** The primary result code of an error that node:sqlite threw. */
export function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

export function isFull(error: unknown): boolean {
  return sqliteCode(error) === SQLITE.full;
}

/** What a failure of SQLite means to whoever asked. */
export function describe(error: unknown, path: string): OpenClawError {
  if (error instanceof OpenClawError) return error;
  const message = (error as Error).message;
  switch (sqliteCode(error)) {
    case SQLITE.busy:
    case SQLITE.locked:
      return new OpenClawError('DATA_LOCKED', `Another process owns ${path}. Stop it, or use its address.`, { cause: error });
    case SQLITE.corrupt:
    case SQLITE.notADatabase:
      return new OpenClawError(
        'DATA_DAMAGED',
        `${path} is damaged (${message}). Nothing was changed; look with claw verify, and bring back a backup with claw restore.`,
        { cause: error },
      );
    case SQLITE.full:
      return new OpenClawError('STORE_FULL', `There is no space to open ${path} (${message}). Free some.`, { cause: error });
    default:
      return new OpenClawError('STORE_FAILED', `${path} cannot be used (${message}). Check the folder's permissions and the disk.`, {
        cause: error,
      });
  }
}

/** A new file gets this format. */
function formatOf(db: DatabaseSync): number {
  const { user_version: found } = db.prepare('PRAGMA user_version').get() as { user_version: number };
  if (found === 0) db.exec(`PRAGMA user_version = ${DATA_FORMAT}`);
  if (found < 0 || found > DATA_FORMAT) {
    throw new OpenClawError(
      'DATA_FORMAT',
      `The data folder has format ${found}, this version reads ${DATA_FORMAT}. Use the version that wrote it.`,
    );
  }
  return found || DATA_FORMAT;
}

/** A file of format 1 was written in a way that never lets go of space. Writing it anew needs as much again: without that it stays as it is. */
function makeShrinkable(db: DatabaseSync): void {
  if (db.prepare('PRAGMA auto_vacuum').get()?.['auto_vacuum'] === 2) return;
  try {
    db.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  } catch (error) {
    if (!isFull(error)) throw error;
  }
}
