import type { DatabaseSync } from 'node:sqlite';
import { damaged, sealOf } from './damage.ts';

/** What the owner of a run that goes on needs besides the fold of records 1..seq. */
export interface SavedReplay {
  readonly seq: number;
  readonly body: string;
}

export interface Replays {
  /** Throws `DATA_DAMAGED`. */
  find(key: string): SavedReplay | undefined;
  put(key: string, replay: SavedReplay): void;
  drop(key: string): void;
}

export function createReplays(db: DatabaseSync, path: string): Replays {
  const select = db.prepare('SELECT seq, body, crc FROM replay WHERE key = ?');
  const replace = db.prepare('INSERT OR REPLACE INTO replay VALUES (?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM replay WHERE key = ?');
  return {
    find(key) {
      const row = select.get(key) as (SavedReplay & { readonly crc: number }) | undefined;
      if (!row) return undefined;
      if (sealOf(key, row.seq, row.body) !== row.crc) throw damaged(path, `what the owner of run ${key} saved`);
      return { seq: row.seq, body: row.body };
    },
    put: (key, { seq, body }) => void replace.run(key, seq, body, sealOf(key, seq, body)),
    drop: (key) => void remove.run(key),
  };
}
