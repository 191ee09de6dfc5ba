import { tenantOf } from '../contract/store.ts';
import { decodeSegments, ownText, type Segment, splitLines } from '../hall/line.ts';
import type { Batch, Dup, Receipt, Row, Stored } from '../hall/persister.ts';
import { damaged, isDamage, isUnreadable } from './damage.ts';
import { describe, isFull } from './database.ts';
import { NEW_ROW, type RunRow } from './run-rows.ts';
import { formatRefs } from './segments.ts';
import type { Tables } from './tables.ts';
import type { Transactions } from './transactions.ts';
import { secureWal } from './wal-check.ts';

/** Keeps batches, each whole or not at all. */
export function createCommit(tables: Tables, transactions: Transactions): (batch: Batch) => Receipt {
  const { journal, meta, runs, places, segments, replays, commands, states, tenants, path } = tables;
  /** Runs created here that have no row yet: most never get another than their last. */
  const fresh = new Set<string>();

  const keep = ({ key, head, born, status, ended, fingerprint, piece }: Segment): void => {
    const known = fresh.delete(key) ? undefined : runs.find(key);
    const before = piece.first === 1 ? { ...NEW_ROW, key, id: known?.id ?? NEW_ROW.id } : known;
    if (!before) throw damaged(path, `the row of run ${key}`);
    const refs = formatRefs(segments.put(key, piece));
    const { epoch, seq, h, done } = head;
    const chars = before.chars + piece.body.length;
    const list = before.segments === '' ? refs : `${before.segments},${refs}`;
    runs.put({ ...before, epoch, seq, h, done: done ? 1 : 0, born, status, ended, chars, fingerprint, segments: list });
    tenants.add(tenantOf(key), { runs: piece.first === 1 ? 1 : 0, chars: piece.body.length });
  };

  const apply = (row: Row, gone: ReadonlySet<Row>): boolean => {
    switch (row.op) {
      case 'command':
        return !gone.has(row) && commands.put(row.key, row.command);
      case 'state':
        return states.put(row.key, row.value, row.rev);
      case 'replay':
        replays.put(row.key, { seq: row.seq, body: row.replay });
        return true;
      case 'epoch': {
        const { key, epoch, born, fingerprint } = row;
        fresh.delete(key);
        runs.put({ ...NEW_ROW, born, fingerprint, ...runs.find(key), key, epoch });
        return true;
      }
    }
  };

  /** One damaged run refuses its own creation, not the batch. */
  const findDup = (key: string): Dup | undefined => {
    try {
      const row = runs.find(key);
      return row && { key, stored: storedOf(row) };
    } catch (error) {
      return { key, error: describe(error, path).toBody() };
    }
  };

  /** Before the transaction: SQLite writes nothing more in one in which it could not read something. */
  const look = ({ creates, rows }: Batch): Found => {
    const dups: Dup[] = [];
    let lines = '';
    for (const { key, line } of splitLines(creates)) {
      const dup = findDup(key);
      if (dup) dups.push(dup);
      else {
        fresh.add(ownText(key));
        lines += line;
      }
    }
    const gone = rows.filter((row) => row.op === 'command' && row.late && !findDup(row.key));
    return { dups, lines, gone: new Set(gone) };
  };

  const write = (batch: Batch, { dups, lines: born, gone }: Found): Receipt => {
    const lines = batch.lines + born;
    if (lines !== '') journal.put(batch.id, lines);
    for (const each of decodeSegments(batch.segments)) keep(each);
    const applied = batch.rows.map((row) => apply(row, gone));
    // Without an entry of its own in the journal, or if that may go, the commit is to be known all the same.
    if (journal.drop(batch.dropBelow) || lines === '') meta.put('commit', batch.id);
    tenants.flush();
    places.flush();
    return { ok: true, dups, applied };
  };

  /** The process ends now, and closes the database on its way, which moves the log into it. */
  const secure = (): void => {
    try {
      secureWal(path);
    } catch {
      // Closing will not succeed either; the next opening tries again.
    }
  };

  const attempt = (batch: Batch): Receipt => {
    const found = look(batch);
    return transactions.run(batch.sync, () => write(batch, found));
  };

  /** Once more where a place could not be written: all was taken back, and whatever is looked for next has the places made again. */
  const insist = (batch: Batch): Receipt => {
    try {
      return attempt(batch);
    } catch (error) {
      if (!places.isChanged() || !(isUnreadable(error) || isDamage(error))) throw error;
      fresh.clear();
      return attempt(batch);
    }
  };

  return (batch) => {
    try {
      return insist(batch);
    } catch (error) {
      fresh.clear();
      if (!isFull(error)) secure();
      return { ok: false, full: isFull(error), message: (error as Error).message };
    }
  };
}

/** What a batch finds. */
interface Found {
  readonly dups: readonly Dup[];
  /** Creations that are new. */
  readonly lines: string;
  /** Commands to runs that are no more. */
  readonly gone: ReadonlySet<Row>;
}

export function storedOf(row: RunRow): Stored {
  const { epoch, seq, h, done } = row;
  return { head: { epoch, seq, h, done: done === 1 }, fingerprint: row.fingerprint, before: row.h };
}
