import type { DatabaseSync } from 'node:sqlite';
import { damaged, sealOf } from './damage.ts';

/** What the owner of a run that goes on needs besides the fold of records 1..seq. */
export interface SavedReplay {
  readonly seq: number;
  readonly body: string;
}

export interface Replays {
  /** What was saved last; where that is damaged what was saved before it, if the records behind that are there, of which the first has seq `oldest`. Throws `DATA_DAMAGED`. */
  find(key: string, oldest?: number): SavedReplay | undefined;
  /** Of what was saved before that; 0 where nothing was. */
  olderSeq(key: string): number;
  put(key: string, replay: SavedReplay): void;
  drop(key: string): void;
}

export function createReplays(db: DatabaseSync, path: string): Replays {
  const select = db.prepare('SELECT seq, body, crc FROM replay WHERE key = ?');
  const replace = db.prepare('INSERT OR REPLACE INTO replay VALUES (?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM replay WHERE key = ?');
  const selectOlder = db.prepare('SELECT seq, body, crc FROM older_replay WHERE key = ?');
  const selectOlderSeq = db.prepare('SELECT seq FROM older_replay WHERE key = ?');
  const keepOlder = db.prepare('INSERT OR REPLACE INTO older_replay SELECT * FROM replay WHERE key = ?');
  const removeOlder = db.prepare('DELETE FROM older_replay WHERE key = ?');
  return {
    find(key, oldest = Number.POSITIVE_INFINITY) {
      const row = select.get(key) as Row | undefined;
      if (!row) return undefined;
      if (isWhole(key, row)) return { seq: row.seq, body: row.body };
      const before = selectOlder.get(key) as Row | undefined;
      if (before && isWhole(key, before) && before.seq + 1 >= oldest) return { seq: before.seq, body: before.body };
      throw damaged(path, `what the owner of run ${key} saved`);
    },
    olderSeq: (key) => Number(selectOlderSeq.get(key)?.['seq'] ?? 0),
    put(key, { seq, body }) {
      const row = select.get(key) as Row | undefined;
      if (row && isWhole(key, row)) keepOlder.run(key);
      replace.run(key, seq, body, sealOf(key, seq, body));
    },
    drop(key) {
      remove.run(key);
      removeOlder.run(key);
    },
  };
}

interface Row extends SavedReplay {
  readonly crc: number;
}

function isWhole(key: string, { seq, body, crc }: Row): boolean {
  return sealOf(key, seq, body) === crc;
}
