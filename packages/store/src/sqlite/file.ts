import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@openclaw-runtime/kit';
import type { ListQuery, RunSummary, Versioned } from '../contract/store.ts';
import { cutPiece, limitPiece } from '../hall/chunk.ts';
import type { Batch, CompactAsk, CompactSlice, EraseAsk, EraseSlice, Receipt, Recovered, Stored } from '../hall/persister.ts';
import { createCheckpoints, type Rest } from './checkpoints.ts';
import { createCommit, storedOf } from './commit.ts';
import { createCompaction } from './compaction.ts';
import { damaged, isDamage, isUnreadable } from './damage.ts';
import { describe, isFull } from './database.ts';
import { createEndedList } from './ended-list.ts';
import { createErasing } from './erasing.ts';
import { createFolder } from './folder.ts';
import { createLiveFolding } from './live-folding.ts';
import { createMarks } from './marks.ts';
import type { KeptSnapshot } from './messages.ts';
import { type Opening, recover } from './recovery.ts';
import { parseRefs } from './segments.ts';
import { createTables } from './tables.ts';
import { createTransactions } from './transactions.ts';

/** The data file, used from one thread, synchronously. Every stored text has a checksum that is compared before it is given out. */
export interface DataFile {
  commit(batch: Batch): Receipt;
  load(key: string, after: number, maxBytes: number): Stored | undefined;
  snapshot(key: string): KeptSnapshot | undefined;
  /** A part of a snapshot; `undefined` when the snapshot has changed. */
  part(id: number): string | undefined;
  state(key: string): Versioned | undefined;
  list(tenant: string, query: ListQuery): readonly RunSummary[];
  recover(): Recovered;
  /** See {@link Checkpoints}. */
  freeze(): Rest;
  thaw(rest: Rest): boolean;
  hasCommand(key: string, id: string): boolean;
  hasRuns(): boolean;
  fold(key: string): boolean;
  compact(ask: CompactAsk): CompactSlice;
  erase(ask: EraseAsk): EraseSlice;
  close(): void;
}

export interface FileOptions {
  readonly path: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Characters of folded records that a run which goes on keeps. */
  readonly liveChars: number;
  readonly opening: Opening;
}

export function createDataFile(db: DatabaseSync, { path, clock, liveChars, opening }: FileOptions): DataFile {
  const tables = createTables(db, path, opening.wallMs);
  const checkpoints = createCheckpoints(db, path);
  const transactions = createTransactions(db, checkpoints, () => {
    tables.tenants.forget();
    tables.places.forget();
    tables.runs.forget();
  });
  const marks = createMarks(path, opening.life);
  const folder = createFolder(tables);
  const commit = createCommit(tables, transactions);
  const compact = createCompaction(db, tables, folder, transactions, checkpoints, clock);
  const erasing = createErasing(db, tables, folder, transactions, checkpoints, clock);
  const fold = createLiveFolding(tables, folder, transactions, liveChars);
  const list = createEndedList(db, tables);
  const anyRun = db.prepare('SELECT 1 FROM journal UNION ALL SELECT 1 FROM run LIMIT 1');
  let droppable = 0;
  let reached = 0;
  let mustRenew = false;

  const load = (key: string, after: number, maxBytes: number): Stored | undefined => {
    const row = tables.runs.find(key);
    if (!row) return undefined;
    const stored = storedOf(row);
    if (after >= row.seq) return stored;
    if (after + 1 < row.oldest) return { ...stored, expired: true };
    const ref = parseRefs(row.segments).findLast(({ first }) => first <= after + 1);
    if (!ref) throw damaged(path, `the list of segments of run ${key}`);
    const piece = limitPiece(cutPiece(tables.segments.get(key, ref), after), maxBytes);
    return { ...stored, before: piece.before, piece };
  };

  const snapshot = (key: string): KeptSnapshot | undefined => {
    const row = tables.runs.find(key);
    if (!row || row.snapshot === 0) return undefined;
    try {
      const { seq, h, creation, fold, begun } = tables.snapshots.usable(row.snapshot, row.oldest);
      const replay = tables.replays.find(key, row.oldest)?.body;
      return { seq, h, creation, fold, begun, ...(replay === undefined ? {} : { replay }) };
    } catch (error) {
      // As long as all its records are there, nobody needs it.
      if (isDamage(error) && row.oldest === 1) return undefined;
      throw error;
    }
  };

  /** So that the next opening has nothing to look for; it can do without. */
  const settle = (): void => {
    try {
      transactions.run(true, () => tables.places.flush(true));
    } catch (error) {
      if (!isFull(error) && !isUnreadable(error)) throw error;
    }
  };

  const guarded = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw describe(error, path);
    }
  };

  return {
    commit(batch) {
      droppable = batch.dropBelow;
      const receipt = commit(batch);
      if (!receipt.ok) return receipt;
      reached = batch.id;
      marks.reached(reached);
      if (mustRenew) {
        // New epochs are in a store's first batch.
        tables.meta.put('renew', 0);
        mustRenew = false;
      }
      return receipt;
    },
    load: (key, after, maxBytes) => guarded(() => load(key, after, maxBytes)),
    snapshot: (key) => guarded(() => snapshot(key)),
    part: (id) => guarded(() => tables.snapshots.findPart(id)),
    state: (key) => guarded(() => tables.states.get(key)),
    list: (tenant, query) => guarded(() => list(tenant, query)),
    recover: () =>
      guarded(() => {
        const recovered = recover(db, tables, opening);
        reached = recovered.nextId - 1;
        mustRenew = recovered.regressed;
        return recovered;
      }),
    freeze: () => guarded(() => checkpoints.freeze()),
    thaw: checkpoints.thaw,
    hasCommand: (key, id) => guarded(() => tables.commands.has(key, id)),
    hasRuns: () => guarded(() => anyRun.get() !== undefined),
    fold: (key) => guarded(() => fold(key)),
    compact: (ask) => guarded(() => compact(ask)),
    erase: (ask) => guarded(() => erasing.slice(ask)),
    close() {
      settle();
      tables.journal.drop(droppable, true);
      tables.meta.put('commit', reached);
      // First: a folder that counts as closed must not have a mark that a loss of power tore.
      marks.close(reached);
      tables.meta.put('clean', 1);
      db.close();
      erasing.close();
    },
  };
}
