import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** The snapshots that those of runs which go on took the place of, under the same ids: where the latest is damaged, the one before it is used. */
export interface OlderSnapshots {
  /** The row as it is stored. */
  get(id: number): Record<string, unknown> | undefined;
  /** Its last record; 0 where there is none. */
  seq(id: number): number;
  /** The snapshot, which is about to be replaced, takes the place of the older one. */
  keep(id: number): void;
  drop(id: number): void;
}

type Name = 'get' | 'seq' | 'keep' | 'drop';

const SQL: Readonly<Record<Name, string>> = {
  get: 'SELECT seq, h, crc, creation, fold, parts FROM older WHERE id = ?',
  seq: 'SELECT seq FROM older WHERE id = ?',
  keep: 'INSERT OR REPLACE INTO older SELECT * FROM snapshot WHERE id = ?',
  drop: 'DELETE FROM older WHERE id = ?',
};

/** A file that is only read may be of a version that kept none: nothing is asked of the table before it is needed. */
export function createOlderSnapshots(db: DatabaseSync): OlderSnapshots {
  const prepared = new Map<Name, StatementSync>();
  const statement = (name: Name): StatementSync => {
    const known = prepared.get(name) ?? db.prepare(SQL[name]);
    prepared.set(name, known);
    return known;
  };
  return {
    get: (id) => statement('get').get(id),
    seq: (id) => Number(statement('seq').get(id)?.['seq'] ?? 0),
    keep: (id) => void statement('keep').run(id),
    drop: (id) => void statement('drop').run(id),
  };
}
