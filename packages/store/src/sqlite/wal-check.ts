import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { damaged } from './damage.ts';
import { inspectWal } from './wal.ts';

/**
 * Throws `DATA_DAMAGED` when the write-ahead log beside the file was changed since this boot's last process wrote it. To be called before the file is
 * opened: SQLite would drop what follows the damage, and remove the log as it closes.
 */
export function checkWal(path: string, boot: string): void {
  if (inspectWal(bytesOf(`${path}-wal`)) === 'broken' && lastBoot(path) === boot) throw damaged(path, 'the write-ahead log');
}

/** The boot in which the file was last opened. Each opening writes it past the log; looking changes nothing. */
function lastBoot(path: string): unknown {
  return lookInto(path, (db) => db.prepare("SELECT value FROM meta WHERE name = 'boot'").get()?.['value']);
}

/** Reads the file without its log and without a lock. `undefined` where that fails. */
export function lookInto<T>(path: string, look: (db: DatabaseSync) => T): T | undefined {
  try {
    const url = pathToFileURL(path);
    url.search = '?immutable=1';
    const db = new DatabaseSync(url, { readOnly: true });
    try {
      return look(db);
    } finally {
      db.close();
    }
  } catch {
    return undefined;
  }
}

/** None where there is no such file. */
export function bytesOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch {
    return new Uint8Array();
  }
}

/**
 * Writes the log once more as it is read, and syncs it. After a sync that failed the kernel may show bytes that the disk does not have and will not get by itself: SQLite
 * would move them into the database while the log that it relies on meanwhile is not there. Throws where it does not succeed.
 */
export function secureWal(path: string): void {
  const log = `${path}-wal`;
  const bytes = bytesOf(log);
  if (bytes.length === 0) return;
  const file = openSync(log, 'r+');
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
