import type { DatabaseSync } from 'node:sqlite';
import type { Command } from '../contract/store.ts';
import { damaged, sealOf } from './damage.ts';

/** The commands that a run was given, in the order in which they came. */
export interface Commands {
  /** Whether it is new. */
  put(key: string, command: Command): boolean;
  has(key: string, id: string): boolean;
  /** Throws `DATA_DAMAGED`, also when some are gone. */
  all(key: string): Command[];
  drop(key: string): void;
}

/** A row of `command_count`. */
export interface CountRow {
  readonly key: string;
  readonly n: number;
  readonly crc: number;
}

export function createCommands(db: DatabaseSync, path: string): Commands {
  const insert = db.prepare('INSERT OR IGNORE INTO command VALUES (?, ?, ?, ?, ?)');
  const find = db.prepare('SELECT 1 FROM command WHERE key = ? AND id = ?');
  const select = db.prepare('SELECT id, at, body, crc FROM command WHERE key = ? ORDER BY at');
  const remove = db.prepare('DELETE FROM command WHERE key = ?');
  const counted = db.prepare('SELECT key, n, crc FROM command_count WHERE key = ?');
  const removeCount = db.prepare('DELETE FROM command_count WHERE key = ?');
  const count = createCount(db);
  return {
    put(key, command) {
      const body = JSON.stringify(command);
      const { n = 0 } = (counted.get(key) as CountRow | undefined) ?? {};
      if (insert.run(key, command.id, n, body, sealOf(key, command.id, body)).changes === 0) return false;
      count(key, n + 1);
      return true;
    },
    has: (key, id) => find.get(key, id) !== undefined,
    all(key) {
      const commands = (select.all(key) as { id: string; at: number; body: string; crc: number }[]).map(({ id, at, body, crc }, i) => {
        if (sealOf(key, id, body) !== crc) throw damaged(path, `command ${id} of run ${key}`);
        if (at !== i) throw lost(path, key);
        return JSON.parse(body) as Command;
      });
      const row = counted.get(key) as CountRow | undefined;
      if ((row?.n ?? 0) !== commands.length || (row && !isCounted(row))) throw lost(path, key);
      return commands;
    },
    drop(key) {
      remove.run(key);
      removeCount.run(key);
    },
  };
}

/** For a file of a format that did not count. */
export function countCommands(db: DatabaseSync): void {
  const count = createCount(db);
  const rows = db.prepare("SELECT key, count(*) AS n FROM command WHERE typeof(key) = 'text' GROUP BY key").all();
  for (const { key, n } of rows as Omit<CountRow, 'crc'>[]) count(key, n);
}

/** Whether the row is as it was written. */
export function isCounted({ key, n, crc }: CountRow): boolean {
  return sealOf(key, n) === crc;
}

function createCount(db: DatabaseSync): (key: string, n: number) => void {
  const replace = db.prepare('INSERT OR REPLACE INTO command_count VALUES (?, ?, ?)');
  return (key, n) => void replace.run(key, n, sealOf(key, n));
}

function lost(path: string, key: string): Error {
  return damaged(path, `the list of commands of run ${key}, of which one is gone; it`);
}
