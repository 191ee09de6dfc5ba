import { closeSync, openSync, writeSync } from 'node:fs';
import { encodeMark, markFileOf, writeMark } from './mark-file.ts';

/** Notes beside the database, after each commit, that it has been reached. */
export interface Marks {
  reached(commit: number): void;
  /** Before the file is closed. */
  close(commit: number): void;
}

/** In place, since that costs a few microseconds: a mark that was torn is known by its checksum. */
export function createMarks(path: string, life: string): Marks {
  let fd: number | undefined;
  /** A full disk, or a folder that is gone, is no reason to stop: the mark then says less than it could. */
  const attempt = (write: () => void): void => {
    try {
      write();
    } catch {}
  };
  return {
    reached: (commit) =>
      attempt(() => {
        fd ??= openSync(markFileOf(path), 'r+');
        writeSync(fd, encodeMark({ lives: [life], commit }), 0);
      }),
    close(commit) {
      if (fd !== undefined) closeSync(fd);
      attempt(() => writeMark(path, { lives: [life], commit }, true));
    },
  };
}
