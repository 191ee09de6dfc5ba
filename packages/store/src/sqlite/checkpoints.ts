import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { isFull } from './database.ts';

/** When the write-ahead log goes into the file: by itself as it grows, save while somebody reads the file from outside. */
export interface Checkpoints {
  /** From now on calls back each time before the log goes into the file, and is written from its beginning again; `undefined`: no more. */
  beforeEmptying(listen: (() => void) | undefined): void;
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

/**
 * Pages of the log at which it is written into the file, and at which a rest is broken off: that holds up commits. SQLite would do it by itself, and keep to itself
 * that a sync failed meanwhile.
 */
const LOG_PAGES = 4_000;
const MAX_LOG_PAGES = 32_768;

export function createCheckpoints(db: DatabaseSync, path: string): Checkpoints {
  let round = 0;
  let readers = 0;
  let listener: (() => void) | undefined;

  const wake = (): void => {
    readers = 0;
    round++;
  };
  const size = db.prepare('PRAGMA wal_checkpoint(NOOP)');
  /** The commit before it stands, and has to be reported so; any other failure is final. The log's pages are used again from their beginning: a file that grows is slow. */
  const empty = (): void => {
    listener?.();
    try {
      db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  };

  const truncate = (): void => {
    listener?.();
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  };

  return {
    beforeEmptying(listen) {
      listener = listen;
    },
    run() {
      if (readers > 0) return false;
      truncate();
      return true;
    },
    freeze() {
      if (readers === 0) truncate();
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
      const pages = Number(size.get()?.['log'] ?? 0);
      if (readers > 0 && pages > MAX_LOG_PAGES) wake();
      if (readers === 0 && pages > LOG_PAGES) empty();
    },
  };
}
