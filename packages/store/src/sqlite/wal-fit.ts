import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { damaged } from './damage.ts';
import { readMark } from './mark-file.ts';
import { verifyFile } from './verify.ts';
import { bytesOf, lookInto } from './wal-check.ts';

/**
 * When the database is an older one than the folder knew, the log beside it may be the newer one's, and SQLite would mix the two. So they are tried together, as
 * copies; a log that does not fit is put aside. To be called before the database is opened. Throws `DATA_DAMAGED` when it does not stand without its log either.
 */
export function settleWal(path: string): void {
  const log = `${path}-wal`;
  const mark = readMark(path);
  const life = lookInto(path, (db) => db.prepare("SELECT value FROM meta WHERE name = 'life'").get()?.['value']);
  if (mark === undefined || mark === 'unreadable' || typeof life !== 'string' || mark.lives.includes(life)) return;
  if (bytesOf(log).length === 0 || isFit(path, log)) return;
  let n = 1;
  while (existsSync(`${log}.unfit-${n}`)) n++;
  renameSync(log, `${log}.unfit-${n}`);
  const says = lookInto(path, (db) => db.prepare('PRAGMA quick_check(1)').get()?.['quick_check']);
  if (says !== 'ok') throw damaged(path, 'an older copy of the database, taken without its log,');
}

function isFit(path: string, log: string): boolean {
  const trial = `${path}.trial`;
  const copy = join(trial, basename(path));
  rmSync(trial, { recursive: true, force: true });
  mkdirSync(trial, { mode: 0o700 });
  try {
    copyFileSync(path, copy);
    copyFileSync(log, `${copy}-wal`);
    const work = verifyFile(copy, false);
    for (;;) {
      const { done, value } = work.next();
      if (done) return value.damaged.length === 0;
    }
  } finally {
    rmSync(trial, { recursive: true, force: true });
  }
}
