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
  /** Milliseconds since 1970; 0 while it runs. */
  readonly ended: number;
  /** Characters of its segments. */
  readonly chars: number;
  /** The first seq that is still a record. */
  readonly oldest: number;
  /** How it ended; '' while it runs. */
  readonly status: string;
  /** Id of its snapshot; 0 where there is none. */
  readonly snapshot: number;
  readonly fingerprint: string;
  /** `id:first seq:characters` of each segment, in order, joined by commas. */
  readonly segments: string;
}

/** A row of which nothing is known but its key. */
export const NEW_ROW: Omit<RunRow, 'key'> = {
  epoch: 1,
  seq: 0,
  h: 0,
  done: 0,
  born: 0,
  ended: 0,
  chars: 0,
  oldest: 1,
  status: '',
  snapshot: 0,
  fingerprint: '',
  segments: '',
};

export interface RunRows {
  /** Throws `DATA_DAMAGED`, like `open`. */
  find(key: string): RunRow | undefined;
  /** Those of runs that are not done, oldest first. */
  open(): readonly OpenRow[];
  put(row: RunRow): void;
  drop(key: string): void;
}

/** The row of a run that is not done; `damage` when records that it stood for are lost. */
export interface OpenRow {
  readonly row: RunRow;
  readonly damage?: string;
}

/** A row as it is stored, not checked. */
export type Sealed = RunRow & { readonly mark: number; readonly tenant: string; readonly crc: number };

export function createRunRows(db: DatabaseSync, path: string): RunRows {
  const get = db.prepare('SELECT * FROM run WHERE key = ?');
  const notDone = db.prepare('SELECT * FROM run WHERE done = 0 ORDER BY born');
  const replace = db.prepare('INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM run WHERE key = ?');
  const checked = (row: Sealed): RunRow => {
    if (row.crc !== sealRun(row) || row.tenant !== tenantOf(row.key)) throw damaged(path, `the row of run ${row.key}`);
    return row;
  };
  return {
    find(key) {
      const row = get.get(key) as Sealed | undefined;
      return row && checked(row);
    },
    open: () => (notDone.all() as unknown as Sealed[]).map((row) => ({ row: checked(row) })),
    put(row) {
      const { key, epoch, seq, h, done, born, ended, chars, oldest, status, snapshot, fingerprint, segments } = row;
      const tenant = tenantOf(key);
      const crc = sealRun(row);
      replace.run(key, sealOf(key), tenant, epoch, seq, h, done, born, ended, chars, oldest, status, snapshot, fingerprint, segments, crc);
    },
    drop: (key) => void remove.run(key),
  };
}

export function sealRun(row: RunRow): number {
  const { key, epoch, seq, h, done, born, ended, chars, oldest, status, snapshot, fingerprint, segments } = row;
  return sealOf(key, epoch, seq, h, done, born, ended, chars, oldest, status, snapshot, fingerprint, segments);
}

export function tenantOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}
