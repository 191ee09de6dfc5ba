import type { DatabaseSync } from 'node:sqlite';

/** What the file says of itself. */
export interface Meta {
  get(name: MetaName): unknown;
  put(name: MetaName, value: string | number): void;
}

/**
 * `boot` names the machine's boot in which the file was last opened, `clean` is 1 after a proper end, `life` names that opening. `epoch`: with which new runs begin.
 * `renew`: 1 while epochs are to be renewed. `commit`: one that was reached, for when the journal is empty. `strays`: ids of run rows whose key was changed, or which are gone. `orphans`: segments of such that could not be read.
 * `erased`: how far it has come with what was asked to be erased; `deleted`: of those behind that, in JSON, the ones of which all rows are gone. `placed`: the id of the last run row that the table of places has for certain, and its checksum.
 */
export type MetaName = 'boot' | 'clean' | 'life' | 'epoch' | 'renew' | 'commit' | 'strays' | 'orphans' | 'placed' | 'erased' | 'deleted';

export function createMeta(db: DatabaseSync): Meta {
  const select = db.prepare('SELECT value FROM meta WHERE name = ?');
  const replace = db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)');
  return {
    get: (name) => select.get(name)?.['value'],
    put: (name, value) => void replace.run(name, value),
  };
}

/** An epoch later than any that this file has given out, also when an older copy of it was used before: seconds since 1970. */
export function freshEpoch(meta: Meta, wallMs: number): number {
  return Math.max(Number(meta.get('epoch') ?? 1) + 1, Math.floor(wallMs / 1_000));
}

/** Ids of run rows that are not what they were, see {@link MetaName}. */
export function strayIds(meta: Meta): readonly number[] {
  try {
    return JSON.parse(String(meta.get('strays') ?? '[]')) as number[];
  } catch {
    return [];
  }
}
