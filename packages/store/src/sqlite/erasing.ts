import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { runOf } from '../contract/store.ts';
import type { EraseAsk, EraseSlice, EraseStart } from '../hall/persister.ts';
import type { Checkpoints } from './checkpoints.ts';
import { isDamage, isUnreadable } from './damage.ts';
import { createErasedList } from './erased-list.ts';
import { createErasedRows } from './erased-rows.ts';
import type { Folder } from './folder.ts';
import { createOverwriting } from './overwriting.ts';
import type { Tables } from './tables.ts';
import type { Transactions } from './transactions.ts';

/** Milliseconds after which a slice takes on no more: of deleting, and of overwriting, which has to empty the log each time. */
const DELETE_MS = 3;
const OVERWRITE_MS = 20;

/** One erasure at a time, as the hall asks for it. */
export interface FileErasing {
  slice(ask: EraseAsk): EraseSlice;
  close(): void;
}

/**
 * Deletes rows, then overwrites what they, or earlier versions of them, left in the file. Rows of the journal, which are of many runs, are written again without those that go.
 */
export function createErasing(
  db: DatabaseSync,
  tables: Tables,
  folder: Folder,
  transactions: Transactions,
  checkpoints: Checkpoints,
  clock: Pick<Clock, 'now'>,
): FileErasing {
  const { path, meta } = tables;
  const list = createErasedList(path, meta);
  const overwriting = createOverwriting(db, path, checkpoints);
  const rows = createErasedRows(db);
  let phase: Phase = { kind: 'idle' };
  let epoch = 1;
  let tally = newTally();

  const begin = (start: EraseStart): Phase => {
    const n = list.add(start.what, start.wallMs);
    return { kind: 'rows', n, start, work: deleting(start) };
  };

  const beginOverwriting = (): Phase => {
    overwriting.begin();
    return { kind: 'overwrite' };
  };

  function* deleting(start: EraseStart): Generator<void, void, void> {
    // First: which they are is known from the runs.
    tally.states += rows.states(start);
    for (const key of start.keys ?? rows.runsOf(start.what.tenant)) {
      // Those that are too young have to wait for the epoch of another slice.
      while (deleteRun(key) === 'young') yield;
      yield;
    }
    yield* rows.rest(start);
  }

  const deleteRun = (key: string): 'young' | undefined => {
    try {
      const row = tables.runs.find(key);
      if (!row) return undefined;
      if (row.epoch >= epoch) {
        tally.epochNeeded = Math.max(tally.epochNeeded ?? 0, row.epoch + 1);
        return 'young';
      }
      try {
        folder.erase(row);
      } catch (error) {
        if (!isDamage(error)) throw error;
        folder.eraseDamaged(row);
        tally.damaged.push(`run ${runOf(key)}: its snapshot was damaged; parts of it may be left, of which nobody knows whose they are`);
      }
      tally.deleted.push(key);
    } catch (error) {
      if (!isDamage(error)) throw error;
      tally.damaged.push(`run ${runOf(key)} is there still: ${(error as Error).message}`);
    }
    return undefined;
  };

  const deleteSlice = (now: Extract<Phase, { kind: 'rows' }>, until: number): Phase => {
    const isOver = transactions.run(false, () => {
      let over = false;
      while (!over && clock.now() < until && tally.epochNeeded === undefined) over = now.work.next().done === true;
      if (tally.deleted.length > 0) meta.put('epoch', Math.max(epoch, Number(meta.get('epoch') ?? 1)));
      tables.tenants.flush();
      if (over) rows.size(now.start);
      if (over) list.deleted(now.n);
      return over;
    });
    return isOver ? { kind: 'idle' } : now;
  };

  const overwriteSlice = (until: number): Phase => {
    const before = overwriting.bytes;
    const state = overwriting.slice(() => clock.now() >= until);
    tally.overwrittenBytes += overwriting.bytes - before;
    tally.isHeld = state === 'held';
    if (state !== 'done') return { kind: 'overwrite' };
    if (overwriting.problem !== undefined) tally.damaged.push(overwriting.problem);
    overwriting.end();
    rmSync(`${path}.trial`, { recursive: true, force: true });
    transactions.run(true, list.overwritten);
    checkpoints.run();
    return { kind: 'idle' };
  };

  const next = (from: number): Phase => {
    switch (phase.kind) {
      case 'rows':
        return deleteSlice(phase, from + DELETE_MS);
      case 'overwrite':
        return overwriteSlice(from + OVERWRITE_MS);
      case 'idle':
        return phase;
    }
  };

  return {
    slice(ask) {
      const from = clock.now();
      tally = newTally();
      epoch = ask.epoch;
      try {
        if (ask.start) phase = begin(ask.start);
        if (ask.overwrite) phase = beginOverwriting();
        phase = next(from);
      } catch (error) {
        phase = { kind: 'idle' };
        overwriting.end();
        throw isUnreadable(error) ? incomplete(path, error) : error;
      }
      const { deleted, states, damaged, overwrittenBytes, isHeld, epochNeeded } = tally;
      const isDone = phase.kind === 'idle';
      const share = phase.kind === 'overwrite' ? overwriting.share : 0;
      return {
        done: isDone,
        share,
        deleted,
        states,
        overwrittenBytes,
        damaged,
        aside: isDone ? asideOf(path) : [],
        tookMs: clock.now() - from,
        ...(isHeld && { isHeld }),
        ...(epochNeeded !== undefined && { epochNeeded }),
      };
    },
    close: overwriting.close,
  };
}

/** SQLite writes nothing more in a transaction in which it could not read something. */
function incomplete(path: string, cause: unknown): OpenClawError {
  return new OpenClawError(
    'DATA_DAMAGED',
    `${path} is damaged (${(cause as Error).message}), so not all could be erased. claw verify says what is damaged; bring back a backup with claw restore: the rest goes when that is opened.`,
    { cause },
  );
}

type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'rows'; readonly n: number; readonly start: EraseStart; readonly work: Generator<void, void, void> }
  | { readonly kind: 'overwrite' };

function newTally() {
  return {
    deleted: [] as string[],
    damaged: [] as string[],
    states: 0,
    overwrittenBytes: 0,
    isHeld: false,
    epochNeeded: undefined as number | undefined,
  };
}

/** What a restore or a repair put aside, beside the database. */
function asideOf(path: string): readonly string[] {
  const folder = dirname(path);
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^(replaced-\d+|restoring|.*\.db-wal\.unfit-\d+)$/.test(name)) : [];
}
