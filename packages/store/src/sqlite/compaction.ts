import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@openclaw-runtime/kit';
import type { CompactAsk, CompactSlice } from '../hall/persister.ts';
import type { Checkpoints } from './checkpoints.ts';
import { createEndedRuns } from './ended-runs.ts';
import type { Folder } from './folder.ts';
import { type PassParts, passOver } from './pass.ts';
import type { Tables } from './tables.ts';
import type { Transactions } from './transactions.ts';

/** Milliseconds after which a slice takes on no more: commits wait for as long, and for what was begun. */
const SLICE_MS = 3;
/** Pages moved to the front of the file at a time, and the share of free ones that stays for new data. */
const MOVED_PAGES = 32;
const FREE_SHARE = 0.02;
const FREE_PAGES = 32;

/**
 * Passes over what has ended, in slices of bounded work, a transaction each. When runs have gone the file is made smaller, and at last its log is emptied into
 * it. A slice is not synced: what a loss of power takes back is done again.
 */
export function createCompaction(
  db: DatabaseSync,
  tables: Tables,
  folder: Folder,
  transactions: Transactions,
  checkpoints: Checkpoints,
  clock: Pick<Clock, 'now'>,
): (ask: CompactAsk) => CompactSlice {
  const pragma = (name: 'page_count' | 'freelist_count' | 'page_size'): number => Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
  const pageBytes = pragma('page_size');
  let epoch = 1;
  const parts: PassParts = {
    tables,
    folder,
    ended: createEndedRuns(db),
    usedBytes: () => (pragma('page_count') - pragma('freelist_count')) * pageBytes,
    epoch: () => epoch,
  };
  let tally = newTally();
  let phase: Phase = { kind: 'idle' };

  const begin = ({ policy, wallMs }: NonNullable<CompactAsk['start']>): Phase => ({
    kind: 'runs',
    work: passOver(parts, policy, wallMs, {
      compacted: (key) => tally.compacted.push(key),
      deleted: (key) => tally.deleted.push(key),
      damaged: (key, message) => tally.damaged.push({ key, message }),
      tooYoung: (of) => {
        tally.epochNeeded = Math.max(tally.epochNeeded ?? 0, of + 1);
      },
    }),
    changed: false,
  });

  const runsSlice = (now: Extract<Phase, { kind: 'runs' }>, until: number): Phase => {
    const done = transactions.run(false, () => {
      let ended = false;
      while (!ended && clock.now() < until) ended = now.work.next().done === true;
      if (tally.deleted.length > 0) tables.meta.put('epoch', Math.max(epoch, Number(tables.meta.get('epoch') ?? 1)));
      tables.tenants.flush();
      return ended;
    });
    const changed = now.changed || tally.compacted.length + tally.deleted.length > 0;
    return done ? { kind: 'space', changed } : { ...now, changed };
  };

  const spaceSlice = (changed: boolean, until: number): Phase => {
    const spare = (): number => pragma('freelist_count') - Math.max(FREE_PAGES, pragma('page_count') * FREE_SHARE);
    const before = pragma('page_count');
    if (spare() <= 0) return changed ? { kind: 'log' } : { kind: 'idle' };
    transactions.run(false, () => {
      while (spare() > 0 && clock.now() < until) db.exec(`PRAGMA incremental_vacuum(${MOVED_PAGES})`);
    });
    const moved = before - pragma('page_count');
    tally.freedBytes += moved * pageBytes;
    return moved > 0 ? { kind: 'space', changed: true } : { kind: 'idle' };
  };

  const next = (until: number): Phase => {
    switch (phase.kind) {
      case 'runs':
        return runsSlice(phase, until);
      case 'space':
        return spaceSlice(phase.changed, until);
      case 'log':
        checkpoints.run();
        return { kind: 'idle' };
      case 'idle':
        return phase;
    }
  };

  return (ask) => {
    const from = clock.now();
    tally = newTally();
    epoch = ask.epoch;
    if (ask.start) phase = begin(ask.start);
    try {
      phase = next(from + SLICE_MS);
    } catch (error) {
      phase = { kind: 'idle' };
      throw error;
    }
    const { compacted, deleted, damaged, freedBytes, epochNeeded } = tally;
    const slice = { done: phase.kind === 'idle', compacted, deleted, damaged, freedBytes, tookMs: clock.now() - from };
    return epochNeeded === undefined ? slice : { ...slice, epochNeeded };
  };
}

type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'runs'; readonly work: Generator<void, void, void>; readonly changed: boolean }
  | { readonly kind: 'space'; readonly changed: boolean }
  | { readonly kind: 'log' };

interface Tally {
  readonly compacted: string[];
  readonly deleted: string[];
  readonly damaged: { readonly key: string; readonly message: string }[];
  freedBytes: number;
  epochNeeded: number | undefined;
}

function newTally(): Tally {
  return { compacted: [], deleted: [], damaged: [], freedBytes: 0, epochNeeded: undefined };
}
