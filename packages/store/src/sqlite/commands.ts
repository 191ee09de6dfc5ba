import type { DatabaseSync } from 'node:sqlite';
import type { Command } from '../contract/store.ts';
import { damaged, isUnreadable, sealOf } from './damage.ts';

/** The commands that a run was given, in the order in which they came. */
export interface Commands {
  /** Whether it is new. */
  put(key: string, command: Command): boolean;
  has(key: string, id: string): boolean;
  /** Throws `DATA_DAMAGED`, also when some are gone. */
  all(key: string): Command[];
  drop(key: string): void;
}

interface CommandRow {
  readonly id: string;
  readonly at: number;
  readonly body: string;
  readonly crc: number;
}

export interface KeyCount {
  readonly key: string;
  readonly n: number;
}

/** A row of `command_count`. */
export interface CountRow extends KeyCount {
  readonly crc: number;
}

export function createCommands(db: DatabaseSync, path: string): Commands {
  const insert = db.prepare('INSERT OR IGNORE INTO command VALUES (?, ?, ?, ?, ?)');
  const find = db.prepare('SELECT 1 FROM command WHERE key = ? AND id = ?');
  const select = db.prepare('SELECT id, at, body, crc FROM command WHERE key = ? ORDER BY at');
  const remove = db.prepare('DELETE FROM command WHERE key = ?');
  const counted = db.prepare('SELECT key, n, crc FROM command_count WHERE key = ?');
  const removeCount = db.prepare('DELETE FROM command_count WHERE key = ?');
  const there = db.prepare('SELECT count(*) AS n FROM command WHERE key = ?');
  const count = createCount(db);

  const countOf = (key: string): number | 'damaged' => {
    try {
      const row = counted.get(key) as CountRow | undefined;
      if (!row) return 0;
      return isCounted(row) ? row.n : 'damaged';
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return 'damaged';
    }
  };

  const rowsOf = (key: string): readonly CommandRow[] => {
    try {
      return select.all(key) as unknown as readonly CommandRow[];
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      throw damaged(path, `a page with commands of run ${key}`);
    }
  };

  return {
    put(key, command) {
      const body = JSON.stringify(command);
      const n = countOf(key);
      const at = n === 'damaged' ? Number(there.get(key)?.['n']) : n;
      if (insert.run(key, command.id, at, body, sealOf(key, command.id, body)).changes === 0) return false;
      // A damaged count stays so, lest nobody notice what it missed.
      if (n !== 'damaged') count(key, n + 1);
      return true;
    },
    has: (key, id) => find.get(key, id) !== undefined,
    all(key) {
      const commands = rowsOf(key).map(({ id, at, body, crc }, i) => {
        if (sealOf(key, id, body) !== crc) throw damaged(path, `command ${id} of run ${key}`);
        if (at !== i) throw lost(path, key);
        return JSON.parse(body) as Command;
      });
      if (countOf(key) !== commands.length) throw lost(path, key);
      return commands;
    },
    drop(key) {
      remove.run(key);
      removeCount.run(key);
    },
  };
}

/** As {@link countsIn}, as far as they can be read, from either end. */
export function readableCounts(db: DatabaseSync): readonly KeyCount[] {
  const found: KeyCount[] = [];
  for (const order of ['ASC', 'DESC'] as const) {
    try {
      for (const each of countsIn(db, order)) found.push(each);
      break;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
    }
  }
  return found;
}

export function writeCounts(db: DatabaseSync, all: Iterable<KeyCount>): void {
  const count = createCount(db);
  for (const { key, n } of all) count(key, n);
}

/** How many commands each run has, for a file of a format that did not count. */
export function* countsIn(db: DatabaseSync, order: 'ASC' | 'DESC' = 'ASC'): Generator<KeyCount> {
  let owner: { readonly key: string; n: number } | undefined;
  for (const { key } of db.prepare(`SELECT key FROM command ORDER BY key ${order}`).iterate() as Iterable<{ readonly key: unknown }>) {
    if (typeof key !== 'string') continue;
    if (owner?.key === key) owner.n++;
    else {
      if (owner) yield owner;
      owner = { key, n: 1 };
    }
  }
  if (owner) yield owner;
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
