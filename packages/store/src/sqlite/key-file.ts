import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { damaged } from './damage.ts';
import { syncFolder } from './sync-folder.ts';

/**
 * The key of the run ids, in a file beside the database and written after it: so it also tells a folder whose database was emptied from a new one.
 * One line: the 32 bytes in base64url and their checksum.
 */
export function keyFileOf(database: string): string {
  return database.replace(/\.db$/, '.key');
}

/** Throws `DATA_DAMAGED` when there is a key but the database is empty or gone. To be called before the database is opened, which would make a new one. */
export function checkNotEmptied(database: string): void {
  if (!existsSync(keyFileOf(database))) return;
  if ((statSync(database, { throwIfNoEntry: false })?.size ?? 0) === 0)
    throw damaged(database, 'the database is empty, though the folder was in use; it');
}

/** The folder's key. Made where there is none, unless the database already has runs: their ids hang on the lost one. Throws `DATA_DAMAGED`. */
export function openKey(database: string, fresh: Uint8Array, hasRuns: () => boolean): Uint8Array {
  const path = keyFileOf(database);
  if (!existsSync(path)) {
    if (hasRuns()) throw damaged(path, 'the key of the run ids is gone; it');
    writeKey(path, fresh);
  }
  const [text = '', check] = readFileSync(path, 'utf8').trimEnd().split(' ');
  const key = Buffer.from(text, 'base64url');
  if (key.length !== 32 || String(crc32(text)) !== check) throw damaged(path, 'the key of the run ids');
  return key;
}

/** Whole or not at all, also when the power fails. */
function writeKey(path: string, key: Uint8Array): void {
  const text = Buffer.from(key).toString('base64url');
  const fresh = `${path}.new`;
  writeFileSync(fresh, `${text} ${crc32(text)}\n`, { mode: 0o600, flush: true });
  renameSync(fresh, path);
  syncFolder(dirname(path));
}
