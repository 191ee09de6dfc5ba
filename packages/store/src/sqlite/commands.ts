import type { DatabaseSync } from 'node:sqlite';
import type { Command } from '../contract/store.ts';
import { damaged, sealOf } from './damage.ts';

/** The commands that a run was given, in the order in which they came. */
export interface Commands {
  /** Whether it is new. */
  put(key: string, command: Command): boolean;
  has(key: string, id: string): boolean;
  /** Throws `DATA_DAMAGED`. */
  all(key: string): Command[];
  drop(key: string): void;
}

export function createCommands(db: DatabaseSync, path: string): Commands {
  const insert = db.prepare('INSERT OR IGNORE INTO command VALUES (?, ?, (SELECT count(*) FROM command WHERE key = ?), ?, ?)');
  const find = db.prepare('SELECT 1 FROM command WHERE key = ? AND id = ?');
  const select = db.prepare('SELECT id, at, body, crc FROM command WHERE key = ? ORDER BY at');
  const remove = db.prepare('DELETE FROM command WHERE key = ?');
  return {
    put(key, command) {
      const body = JSON.stringify(command);
      return insert.run(key, command.id, key, body, sealOf(key, command.id, body)).changes === 1;
    },
    has: (key, id) => find.get(key, id) !== undefined,
    all: (key) =>
      (select.all(key) as { id: string; at: number; body: string; crc: number }[]).map(({ id, at, body, crc }, i) => {
        if (sealOf(key, id, body) !== crc) throw damaged(path, `command ${id} of run ${key}`);
        if (at !== i) throw damaged(path, `the list of commands of run ${key}, of which one is gone; it`);
        return JSON.parse(body) as Command;
      }),
    drop: (key) => void remove.run(key),
  };
}
