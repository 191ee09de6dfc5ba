import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Checkpoints } from './checkpoints.ts';
import { openPages, type Pages } from './pages.ts';
import { pagesInWal } from './wal.ts';
import { bytesOf } from './wal-check.ts';

/** Overwrites all that lies in the file and stands for nothing, a slice at a time. */
export interface Overwriting {
  begin(): void;
  /** Nothing more is to be overwritten. */
  end(): void;
  /** `'held'`: the file rests for somebody who reads it. */
  slice(isTime: () => boolean): 'done' | 'more' | 'held';
  readonly bytes: number;
  /** What could not be overwritten. */
  readonly problem: string | undefined;
  /** From 0 to 1. */
  readonly share: number;
  close(): void;
}

/** Pages looked at between two looks at the clock. */
const PAGES = 64;

/**
 * The bytes are written past SQLite, into places of which it reads nothing, while its log is empty and it has no page in memory. So it does not matter which of them a loss of power leaves.
 * Commits come between slices, and may move what was not overwritten yet to pages that were: those that they write are looked at again. So when nothing is left to look at, each page was clean
 * when it was looked at last, and was not written since.
 */
export function createOverwriting(db: DatabaseSync, path: string, checkpoints: Checkpoints): Overwriting {
  // Open as long as the database is: closing it would let go of all locks that the process has on the file.
  let fd: number | undefined;
  let [next, count, bytes] = [1, 1, 0];
  const again = new Set<number>();
  /** Pages that were the last of a long cell when they were looked at. When it goes before the page is looked at in which it begins, they are free, and nobody writes them. */
  const ends = new Set<number>();
  const strange = new Set<number>();
  let problem: string | undefined;

  const overwrite = (pages: Pages, page: number): void => {
    if (pages.isEnd(page)) ends.add(page);
    const cleared = pages.overwrite(page);
    bytes += cleared ?? 0;
    if (cleared === undefined) strange.add(page);
  };

  const noteWritten = (): void => {
    for (const page of pagesInWal(bytesOf(`${path}-wal`))) if (page < next) again.add(page);
  };

  return {
    begin() {
      [next, count, bytes] = [1, 1, 0];
      checkpoints.beforeEmptying(noteWritten);
      again.clear();
      ends.clear();
      strange.clear();
      problem = undefined;
    },
    end: () => checkpoints.beforeEmptying(undefined),
    slice(isTime) {
      if (!checkpoints.run() || bytesOf(`${path}-wal`).length > 0) return 'held';
      db.exec('PRAGMA shrink_memory');
      fd ??= openSync(path, 'r+');
      const pages = openPages(fd);
      if (!pages) {
        problem =
          'nothing of the file could be overwritten: it is of a version that cannot let go of space; free as much as it takes, and restart';
        return 'done';
      }
      count = pages.count;
      // All of them: they are no more than commits wrote since the last slice, and so the scan comes to its end.
      for (const page of again) if (page <= count) overwrite(pages, page);
      again.clear();
      while (next <= count) {
        for (const end = Math.min(next + PAGES, count + 1); next < end; next++) overwrite(pages, next);
        if (next <= count && isTime()) return 'more';
      }
      for (const page of ends) if (pages.isFree(page)) overwrite(pages, page);
      fdatasyncSync(fd);
      if (strange.size > 0)
        problem = `${strange.size} pages of the file are not made as they should be, and were left as they are: see claw verify`;
      return 'done';
    },
    get bytes() {
      return bytes;
    },
    get problem() {
      return problem;
    },
    get share() {
      return Math.min(1, next / count);
    },
    close() {
      if (fd !== undefined) closeSync(fd);
    },
  };
}
