import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type BackupHead, MAX_HEAD_BYTES, parseBackupHead, TRAILER_BYTES } from './backup-format.ts';
import { describe } from './database.ts';
import { keyFileOf } from './key-file.ts';
import { markFileOf, RESTORED, writeMark } from './mark-file.ts';
import { runVerify } from './run-verify.ts';
import { syncFolder } from './sync-folder.ts';

export interface RestoreOptions {
  readonly file: string;
  readonly folder: string;
  /** Data that are there are put aside, into a folder beside them, instead of being a reason to refuse. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
  /** Of the whole work, from 0 to 1. */
  onProgress?(share: number): void;
}

export interface Restored {
  /** Of the database. */
  readonly bytes: number;
  /** When the backup was made, milliseconds since 1970. */
  readonly at: number;
  readonly runs: number;
  /** Where the data went that were there before. */
  readonly aside?: string;
}

const PART_BYTES = 1024 * 1024;

/**
 * Puts a backup in place of a data folder's data. The copy is checked whole before anything is touched; the last step is one rename. Runs that were not done go on
 * in a new epoch when the folder is opened. Throws `DATA_DAMAGED` for a copy that is not whole, `DATA_LOCKED` for a folder in use, `STATE_CONFLICT` for one that has
 * data, `BAD_REQUEST` for a file that is no backup.
 */
export async function restoreBackup({ file, folder, force = false, signal, onProgress }: RestoreOptions): Promise<Restored> {
  const database = join(folder, 'openclaw.db');
  const hasData = DATA_FILES.some((name) => existsSync(join(folder, name)));
  if (hasData && !force)
    throw new OpenClawError('STATE_CONFLICT', `${folder} has data already. Name an empty folder, or use --force: they are then put aside.`);
  const trial = join(folder, 'restoring');
  rmSync(trial, { recursive: true, force: true });
  mkdirSync(trial, { recursive: true, mode: 0o700 });
  try {
    const copy = join(trial, basename(database));
    const head = await unpack(file, copy, signal, (share) => onProgress?.(share / 2));
    const report = await runVerify(copy, { ...(signal ? { signal } : {}), onProgress: (share) => onProgress?.(0.5 + share / 2) });
    if (report.damaged.length > 0) {
      const [first] = report.damaged;
      throw new OpenClawError(
        'DATA_DAMAGED',
        `The backup is whole, but ${report.damaged.length} things in it were damaged when it was made, such as ${first?.what}. Use an older one.`,
      );
    }
    writeFileSync(keyFileOf(copy), head.key, { mode: 0o600, flush: true });
    writeMark(copy, { lives: [RESTORED], commit: 0 }, true);
    const aside = hasData ? putAside(folder, database) : undefined;
    for (const name of [keyFileOf(copy), markFileOf(copy), copy]) renameSync(name, join(folder, basename(name)));
    for (const path of [folder, dirname(folder)]) syncFolder(path);
    return { bytes: head.bytes, at: head.at, runs: report.counts.runs, ...(aside === undefined ? {} : { aside }) };
  } finally {
    rmSync(trial, { recursive: true, force: true });
  }
}

const DATA_FILES = ['openclaw.db', 'openclaw.db-wal', 'openclaw.db-shm', 'openclaw.key', 'openclaw.mark'];

/** Takes the copy apart and compares its checksum. */
async function unpack(file: string, to: string, signal: AbortSignal | undefined, onProgress: (share: number) => void): Promise<BackupHead> {
  const from = openFile(file);
  const into = openSync(to, 'wx', 0o600);
  try {
    const { size } = fstatSync(from);
    const start = Buffer.alloc(Math.min(size, MAX_HEAD_BYTES));
    readSync(from, start, 0, start.length, 0);
    const { head, length } = parseBackupHead(start);
    if (size !== length + head.bytes + TRAILER_BYTES) throw torn(file);
    const sum = createHash('sha256').update(start.subarray(0, length));
    const part = Buffer.alloc(PART_BYTES);
    for (let at = 0; at < head.bytes; ) {
      const bytes = readSync(from, part, 0, Math.min(PART_BYTES, head.bytes - at), length + at);
      if (bytes === 0) throw torn(file);
      sum.update(part.subarray(0, bytes));
      writeSync(into, part, 0, bytes);
      at += bytes;
      onProgress(at / head.bytes);
      // A turn of the loop, in which somebody may ask this to stop.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
    const trailer = Buffer.alloc(TRAILER_BYTES);
    readSync(from, trailer, 0, TRAILER_BYTES, length + head.bytes);
    if (trailer.toString() !== `${sum.digest('hex')}\n`) throw torn(file);
    fsyncSync(into);
    return head;
  } finally {
    closeSync(from);
    closeSync(into);
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    throw new OpenClawError('BAD_REQUEST', `The backup ${file} cannot be read (${(error as Error).message}).`, { cause: error });
  }
}

/** The data of a folder that nobody has open go into a folder in it. */
function putAside(folder: string, database: string): string {
  checkUnowned(database);
  let n = 1;
  while (existsSync(join(folder, `replaced-${n}`))) n++;
  const aside = join(folder, `replaced-${n}`);
  mkdirSync(aside, { mode: 0o700 });
  for (const name of DATA_FILES) if (existsSync(join(folder, name))) renameSync(join(folder, name), join(aside, name));
  return aside;
}

/** Throws `DATA_LOCKED` when a process has the database open. What else is wrong with it does not matter any more. */
function checkUnowned(database: string): void {
  if (!existsSync(database)) return;
  try {
    const db = new DatabaseSync(database, { timeout: 0 });
    try {
      db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT');
    } finally {
      db.close();
    }
  } catch (error) {
    const known = describe(error, database);
    if (known.code === 'DATA_LOCKED') throw known;
  }
}

function torn(file: string): OpenClawError {
  return new OpenClawError('DATA_DAMAGED', `The backup ${file} is not whole, or was changed. Nothing was restored; use another copy.`);
}
