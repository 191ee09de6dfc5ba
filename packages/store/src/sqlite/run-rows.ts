import type { DatabaseSync } from 'node:sqlite';
import { tenantOf } from '../contract/store.ts';
import { isUnreadable, sealOf } from './damage.ts';
import { markOf, type Places } from './places.ts';

/** Where a run's log ends and which segments hold it, as far as it has left the journal. */
export interface RunRow {
  /** 0 for one that is not stored yet. */
  readonly id: number;
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
  id: 0,
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
  drop(row: RunRow): void;
  /** A transaction was taken back. */
  forget(): void;
}

/** The row of a run that is not done; `damage` when records that it stood for are lost. */
export interface OpenRow {
  readonly row: RunRow;
  readonly damage?: string;
}

/** A row as it is stored, not checked. */
export type Sealed = RunRow & { readonly mark: number; readonly tenant: string; readonly crc: number };

export interface StoredRows extends Pick<RunRows, 'put' | 'drop'> {
  /** `undefined` also for one that cannot be read. */
  at(id: number): Sealed | undefined;
}

export function createStoredRows(db: DatabaseSync, places: Places): StoredRows {
  const get = db.prepare('SELECT * FROM run WHERE id = ?');
  const values = '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
  const insert = db.prepare(`INSERT INTO run VALUES ${values}`);
  const replace = db.prepare(`INSERT OR REPLACE INTO run VALUES ${values}`);
  const remove = db.prepare('DELETE FROM run WHERE id = ?');
  return {
    at(id) {
      try {
        return asRow(get.get(id));
      } catch (error) {
        if (isUnreadable(error)) return undefined;
        throw error;
      }
    },
    put(row) {
      if (row.id !== 0) return void replace.run(...sealed(row));
      const id = places.next();
      insert.run(...sealed({ ...row, id }));
      places.add(row.key, id);
    },
    drop({ key, id }) {
      remove.run(id);
      places.drop(key, id);
    },
  };
}

/** `undefined` for what is no row of a run, such as one that lost its beginning. */
export function asRow(values: unknown): Sealed | undefined {
  const row = values as Sealed | undefined;
  return typeof row?.key === 'string' && typeof row.segments === 'string' ? row : undefined;
}

/** A row's values, in the order of the table. */
export function sealed(row: RunRow): (string | number)[] {
  const { id, key, epoch, seq, h, done, born, ended, chars, oldest, status, snapshot, fingerprint, segments } = row;
  const [mark, tenant, crc] = [markOf(key, id), tenantOf(key), sealRun(row)];
  return [id, key, mark, tenant, epoch, seq, h, done, born, ended, chars, oldest, status, snapshot, fingerprint, segments, crc];
}

/** Whether both its key and its id are what they were. */
export function isMarked({ key, id, mark }: Sealed): boolean {
  return markOf(key, id) === mark;
}

/** Whether its fields are what they were. */
export function isWhole(row: Sealed): boolean {
  return row.crc === sealRun(row) && row.tenant === tenantOf(row.key);
}

/** All but the id, which {@link markOf} has. */
export function sealRun(row: RunRow): number {
  const { key, epoch, seq, h, done, born, ended, chars, oldest, status, snapshot, fingerprint, segments } = row;
  return sealOf(key, epoch, seq, h, done, born, ended, chars, oldest, status, snapshot, fingerprint, segments);
}
