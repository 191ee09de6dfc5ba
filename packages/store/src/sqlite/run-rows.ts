import type { DatabaseSync } from 'node:sqlite';
import { damaged, sealOf } from './damage.ts';

/** Where a run's log ends and which segments hold it, as far as it has left the journal. */
export interface RunRow {
  readonly key: string;
  readonly epoch: number;
  readonly seq: number;
  readonly h: number;
  readonly done: number;
  readonly born: number;
  readonly fingerprint: string;
  /** `id:first seq` of each segment, in order, joined by commas. */
  readonly segments: string;
}

export interface RunRows {
  /** Throws `DATA_DAMAGED`, like `open`. */
  find(key: string): RunRow | undefined;
  /** Those of runs that are not done, oldest first. */
  open(): readonly RunRow[];
  put(row: RunRow): void;
}

type Sealed = RunRow & { readonly crc: number };

export function createRunRows(db: DatabaseSync, path: string): RunRows {
  const get = db.prepare('SELECT * FROM run WHERE key = ?');
  const notDone = db.prepare('SELECT * FROM run WHERE done = 0 ORDER BY born');
  const replace = db.prepare('INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const checked = (row: Sealed): RunRow => {
    if (row.crc !== seal(row)) throw damaged(path, `the row of run ${row.key}`);
    return row;
  };
  return {
    find(key) {
      const row = get.get(key) as Sealed | undefined;
      return row && checked(row);
    },
    open: () => (notDone.all() as unknown as Sealed[]).map(checked),
    put(row) {
      replace.run(row.key, row.epoch, row.seq, row.h, row.done, row.born, row.fingerprint, row.segments, seal(row));
    },
  };
}

function seal({ key, epoch, seq, h, done, born, fingerprint, segments }: RunRow): number {
  return sealOf(key, epoch, seq, h, done, born, fingerprint, segments);
}
