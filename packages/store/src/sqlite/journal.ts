import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { decodeLines, type Line } from '../hall/line.ts';
import { sealOf } from './damage.ts';

/** One row per commit: all appends of that commit. */
export interface Journal {
  put(id: number, lines: string): void;
  /** Forgets the rows before `id`, many at a time; `now` does it at once. Whether it did. */
  drop(id: number, now?: boolean): boolean;
  /** What it holds of this run by now is not read again. */
  forget(key: string): void;
  /** From the oldest on, damaged ones too. */
  read(): Iterable<JournalEntry>;
  /** Whether a mark of what is not read again is damaged: any run of the journal may be one. */
  hasLostMark(): boolean;
}

export interface JournalEntry {
  readonly id: number;
  readonly chars: number;
  /** Of a damaged entry those that can be read: each is still to be proven by its run's chain. */
  readonly lines: readonly Line[];
  readonly isDamaged: boolean;
}

/** Rows are deleted this many commits at a time. */
const DROP_EVERY = 64;

/** Runs that were deleted while the journal may have lines of them, and up to which of its rows. */
export function goneRuns(db: DatabaseSync): ReadonlyMap<string, number> {
  return new Map((db.prepare('SELECT key, id FROM gone').all() as { key: string; id: number }[]).map(({ key, id }) => [key, id]));
}

export function createJournal(db: DatabaseSync): Journal {
  const insert = db.prepare('INSERT INTO journal VALUES (?, ?, ?)');
  const remove = db.prepare('DELETE FROM journal WHERE id < ?');
  const last = db.prepare('SELECT max(id) AS id FROM journal');
  const insertGone = db.prepare('INSERT OR REPLACE INTO gone VALUES (?, ?, ?)');
  const removeGone = db.prepare('DELETE FROM gone WHERE id < ?');
  const selectGone = db.prepare('SELECT key, id, crc FROM gone');
  const select = db.prepare('SELECT id, crc, body FROM journal ORDER BY id');
  let dropped = 0;

  return {
    put: (id, lines) => void insert.run(id, crc32(lines, id), lines),
    drop(id, now = false) {
      if (!now && id - dropped < DROP_EVERY) return false;
      remove.run(id);
      removeGone.run(id);
      dropped = id;
      return true;
    },
    forget(key) {
      const id = last.get()?.['id'];
      if (typeof id === 'number') insertGone.run(key, id, sealOf(key, id));
    },
    *read() {
      const gone = goneRuns(db);
      for (const { id, crc, body } of select.all() as { id: number; crc: number; body: string }[]) {
        const isDamaged = crc32(body, id) !== crc;
        const lines = (isDamaged ? readable : decodeLines)(body).filter(({ key }) => id > (gone.get(key) ?? 0));
        yield { id, chars: body.length, lines, isDamaged };
      }
    },
    hasLostMark: () => (selectGone.all() as { key: string; id: number; crc: number }[]).some(({ key, id, crc }) => sealOf(key, id) !== crc),
  };
}

function readable(body: string): readonly Line[] {
  return body.split('\n').flatMap((line) => {
    try {
      return decodeLines(`${line}\n`);
    } catch {
      return [];
    }
  });
}
