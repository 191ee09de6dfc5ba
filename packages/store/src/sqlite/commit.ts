import { decodeSegments, type Segment, splitLines } from '../hall/line.ts';
import type { Batch, Dup, Receipt, Row, Stored } from '../hall/persister.ts';
import { damaged } from './damage.ts';
import { describe, isFull } from './database.ts';
import { NEW_ROW, type RunRow, tenantOf } from './run-rows.ts';
import { formatRefs } from './segments.ts';
import type { Tables } from './tables.ts';
import type { Transactions } from './transactions.ts';
import { secureWal } from './wal-check.ts';

/** Keeps batches, each whole or not at all. */
export function createCommit(tables: Tables, transactions: Transactions): (batch: Batch) => Receipt {
  const { journal, meta, runs, segments, replays, commands, states, tenants, path } = tables;

  const place = ({ key, head, born, status, ended, fingerprint, piece }: Segment): void => {
    const before = piece.first === 1 ? { ...NEW_ROW, key } : runs.find(key);
    if (!before) throw damaged(path, `the row of run ${key}`);
    const refs = formatRefs(segments.put(key, piece));
    const { epoch, seq, h, done } = head;
    const chars = before.chars + piece.body.length;
    const list = before.segments === '' ? refs : `${before.segments},${refs}`;
    runs.put({ ...before, epoch, seq, h, done: done ? 1 : 0, born, status, ended, chars, fingerprint, segments: list });
    tenants.add(tenantOf(key), { runs: piece.first === 1 ? 1 : 0, chars: piece.body.length });
  };

  const apply = (row: Row): boolean => {
    switch (row.op) {
      case 'command':
        return commands.put(row.key, row.command);
      case 'state':
        return states.put(row.key, row.value, row.rev);
      case 'replay':
        replays.put(row.key, { seq: row.seq, body: row.replay });
        return true;
      case 'epoch': {
        const { key, epoch, born, fingerprint } = row;
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

  const write = (batch: Batch): Receipt => {
    const dups: Dup[] = [];
    let lines = batch.lines;
    for (const { key, line } of splitLines(batch.creates)) {
      const dup = findDup(key);
      if (dup) dups.push(dup);
      else lines += line;
    }
    if (lines !== '') journal.put(batch.id, lines);
    for (const each of decodeSegments(batch.segments)) place(each);
    const applied = batch.rows.map(apply);
    // Without an entry of its own in the journal, or if that may go, the commit is to be known all the same.
    if (journal.drop(batch.dropBelow) || lines === '') meta.put('commit', batch.id);
    tenants.flush();
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

  return (batch) => {
    try {
      return transactions.run(batch.sync, () => write(batch));
    } catch (error) {
      tenants.forget();
      if (!isFull(error)) secure();
      return { ok: false, full: isFull(error), message: (error as Error).message };
    }
  };
}

export function storedOf(row: RunRow): Stored {
  const { epoch, seq, h, done } = row;
  return { head: { epoch, seq, h, done: done === 1 }, fingerprint: row.fingerprint, before: row.h };
}
