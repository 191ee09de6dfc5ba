import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { EraseStart } from '../hall/persister.ts';
import { goneRuns } from './journal.ts';

/** Rows of what is erased, beside those of its runs. */
export interface ErasedRows {
  /** Keys of the tenant's runs; those found may go meanwhile. */
  runsOf(tenant: string): Iterable<string>;
  /** Deletes values of the state. Answers with how many. */
  states(start: EraseStart): number;
  /** Deletes all else, a row or so at a time: the journal goes last, since a death before that has to find what says that its runs are gone. */
  rest(start: EraseStart): Generator<void, void, void>;
  /** Of the tenant, which has nothing any more. */
  size(start: EraseStart): void;
}

const PAGE = 64;

export function createErasedRows(db: DatabaseSync): ErasedRows {
  const page = db.prepare(
    `SELECT status, born, id, key FROM run INDEXED BY run_listed WHERE tenant = ? AND (status, born, id) > (?, ?, ?) ORDER BY status, born, id LIMIT ${PAGE}`,
  );
  const journal = db.prepare('SELECT id, crc, body FROM journal WHERE id > ? ORDER BY id LIMIT 1');
  const rewrite = db.prepare('UPDATE journal SET crc = ?, body = ? WHERE id = ?');
  const dropSize = db.prepare('DELETE FROM tenant WHERE name = ?');
  const dropState = db.prepare('DELETE FROM state WHERE key = ?');
  const ofKeys = ['command', 'command_count', 'replay', 'older_replay'].map((table) => deleteFrom(table));
  const gone = deleteFrom('gone');
  const states = deleteFrom('state');

  function deleteFrom(table: string): (start: EraseStart) => number {
    const one = db.prepare(`DELETE FROM ${table} WHERE key = ?`);
    const all = db.prepare(`DELETE FROM ${table} WHERE key >= ? AND key < ?`);
    return ({ what: { tenant }, keys }) =>
      keys ? keys.reduce((sum, key) => sum + Number(one.run(key).changes), 0) : Number(all.run(`${tenant}/`, `${tenant}0`).changes);
  }

  /** Also lines of runs that went before: an erasure that goes on after a death does not know them all. */
  const goes = ({ what: { tenant }, keys }: EraseStart): ((line: string, id: number) => boolean) => {
    const named = keys && new Set(keys);
    const marks = goneRuns(db);
    return (line, id) => {
      const key = line.slice(0, line.indexOf('\t'));
      return id <= (marks.get(key) ?? 0) || (named ? named.has(key) : key.startsWith(`${tenant}/`));
    };
  };

  return {
    *runsOf(tenant) {
      for (let at: readonly [string, number, number] = ['', -1, -1]; ; ) {
        const found = page.all(tenant, ...at) as { status: string; born: number; id: number; key: string }[];
        for (const { key } of found) yield key;
        const last = found.at(-1);
        if (!last) return;
        at = [last.status, last.born, last.id];
      }
    },
    states: (start) => (start.states ? start.states.reduce((sum, key) => sum + Number(dropState.run(key).changes), 0) : states(start)),
    *rest(start) {
      for (const drop of ofKeys) {
        drop(start);
        yield;
      }
      const isGone = goes(start);
      for (let at = 0; ; ) {
        const row = journal.get(at) as { id: number; crc: number; body: string } | undefined;
        if (!row) break;
        at = row.id;
        const lines = row.body.split('\n');
        const kept = lines.filter((line) => !isGone(line, row.id));
        const isSound = crc32(row.body, row.id) === row.crc;
        const body = kept.join('\n');
        const crc = crc32(body, row.id);
        // What was damaged stays so.
        if (kept.length < lines.length) rewrite.run(isSound ? crc : (crc ^ 1) >>> 0, body, row.id);
        yield;
      }
      gone(start);
    },
    size: ({ what, keys }) => void (keys ?? dropSize.run(what.tenant)),
  };
}
