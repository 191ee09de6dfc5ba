import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

/** When the write-ahead log goes into the file: by itself as it grows, save while somebody reads the file from outside. */
export interface Checkpoints {
  /** All of it, now. `false` while the file rests: nothing is done then. */
  run(): boolean;
  /** The file stays as it is from now on: all commits up to here and no later one. */
  freeze(): Rest;
  /** `false` when the log had grown too long before, and the file changed. */
  thaw(rest: Rest): boolean;
  /** After a commit: keeps the log from growing without end. */
  watch(): void;
}

export interface Rest {
  readonly round: number;
  /** Of the file. */
  readonly bytes: number;
}

/** Pages of the log at which SQLite empties it, and bytes at which a rest is broken off: emptying it holds up commits. */
const PAGES = 2_000;
const MAX_LOG_BYTES = 256 * 1024 * 1024;

export function createCheckpoints(db: DatabaseSync, path: string): Checkpoints {
  let round = 0;
  let readers = 0;

  const rest = (pages: number): void => db.exec(`PRAGMA wal_autocheckpoint = ${pages}`);
  const wake = (): void => {
    readers = 0;
    round++;
    rest(PAGES);
  };

  return {
    run() {
      if (readers > 0) return false;
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      return true;
    },
    freeze() {
      if (readers === 0) {
        db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
        rest(0);
      }
      readers++;
      return { round, bytes: statSync(path).size };
    },
    thaw(of) {
      if (of.round !== round) return false;
      if (readers === 1) wake();
      else readers--;
      return true;
    },
    watch() {
      if (readers > 0 && (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) wake();
    },
  };
}
