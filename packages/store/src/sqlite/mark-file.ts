import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder } from './sync-folder.ts';

/**
 * What the folder last knew of its database, in a small file beside it: so that an older database, put in its place by hand, is noticed. The database holds the
 * name of its last opening, its `life`; the file holds it too, and a commit that the database had reached.
 */
export interface Mark {
  /** The database's, and while it is opened the next one's as well. */
  readonly lives: readonly string[];
  readonly commit: number;
}

/** A life that no database ever had: what the next opening finds is not what the folder knew. */
export const RESTORED = 'restored';

export function markFileOf(database: string): string {
  return database.replace(/\.db$/, '.mark');
}

/** `undefined` where there is none, `'unreadable'` for one that a loss of power tore, or somebody changed. */
export function readMark(database: string): Mark | 'unreadable' | undefined {
  let text: string;
  try {
    text = readFileSync(markFileOf(database), 'utf8').trimEnd();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'unreadable';
  }
  const [lives = '', commit = '', check] = text.split(' ');
  if (crc32(`${lives} ${commit}`) !== Number(check)) return 'unreadable';
  return { lives: lives.split(','), commit: Number(commit) };
}

/** One line, as long for every commit. */
export function encodeMark({ lives, commit }: Mark): string {
  const text = `${lives.join(',')} ${String(commit).padStart(16, '0')}`;
  return `${text} ${String(crc32(text)).padStart(10, '0')}\n`;
}

/** Whole or not at all while the machine stands; `sync`: also when it does not. */
export function writeMark(database: string, mark: Mark, sync: boolean): void {
  const path = markFileOf(database);
  const fresh = `${path}.new`;
  writeFileSync(fresh, encodeMark(mark), { mode: 0o600, flush: sync });
  renameSync(fresh, path);
  if (!sync) return;
  syncFolder(dirname(path));
}

/** Whether the database is the one that the mark was made for, or a later state of it. `life` is empty in a database that never had one. */
export function fits(mark: Mark | 'unreadable' | undefined, life: string, commit: number): boolean {
  if (mark === undefined) return life === '';
  return mark !== 'unreadable' && mark.lives.includes(life) && commit >= mark.commit;
}
