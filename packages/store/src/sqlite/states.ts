import type { DatabaseSync } from 'node:sqlite';
import type { Versioned } from '../contract/store.ts';
import { damaged, sealOf } from './damage.ts';

/** Values that change from one revision to the next. */
export interface States {
  /** Throws `DATA_DAMAGED`. */
  get(key: string): Versioned | undefined;
  /** Whether `rev` was the current revision, 0 for none. */
  put(key: string, value: string, rev: number): boolean;
}

export function createStates(db: DatabaseSync, path: string): States {
  const insert = db.prepare('INSERT OR IGNORE INTO state VALUES (?, 1, ?, ?)');
  const update = db.prepare('UPDATE state SET value = ?, rev = rev + 1, crc = ? WHERE key = ? AND rev = ?');
  const select = db.prepare('SELECT value, rev, crc FROM state WHERE key = ?');
  return {
    get(key) {
      const row = select.get(key) as (Versioned & { readonly crc: number }) | undefined;
      if (!row) return undefined;
      if (sealOf(key, row.rev, row.value) !== row.crc) throw damaged(path, `the state ${key}`);
      return { value: row.value, rev: row.rev };
    },
    put(key, value, rev) {
      const seal = sealOf(key, rev + 1, value);
      const { changes } = rev === 0 ? insert.run(key, value, seal) : update.run(value, seal, key, rev);
      return changes === 1;
    },
  };
}
