import type { DatabaseSync } from 'node:sqlite';
import type { Checkpoints } from './checkpoints.ts';
import { isFull } from './database.ts';

/** Work that is kept whole or not at all. */
export interface Transactions {
  /** `sync`: survives the machine, not just the process. What `work` throws is thrown after all of it was taken back, in memory by `forget`. */
  run<T>(sync: boolean, work: () => T): T;
}

export function createTransactions(db: DatabaseSync, checkpoints: Checkpoints, forget: () => void): Transactions {
  let full = true;
  /** One failed part way: what it wrote to the write-ahead log lies beyond its end, and would look like damage after a crash. */
  let litter = false;

  /** The commit before it stands, whatever becomes of this: it is tried again after the next one. */
  const sweep = (): void => {
    try {
      if (checkpoints.run()) litter = false;
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  };

  return {
    run(sync, work) {
      if (sync !== full) {
        full = sync;
        db.exec(full ? 'PRAGMA synchronous = FULL' : 'PRAGMA synchronous = NORMAL');
      }
      db.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        db.exec('COMMIT');
        if (litter) sweep();
        checkpoints.watch();
        return result;
      } catch (error) {
        litter = true;
        if (db.isTransaction) db.exec('ROLLBACK');
        forget();
        throw error;
      }
    },
  };
}
