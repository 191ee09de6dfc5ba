import { decodeRecords, type RunRecord } from '@openclaw-runtime/protocol';
import type { Command } from '../../packages/store/src/contract/store.ts';
import type { Batch, Persister, Receipt, Recovered } from '../../packages/store/src/hall/persister.ts';
import type { Chance } from './chance.ts';
import { applyWrite, emptyState, loadRun, recoverState, type Write } from './disk-state.ts';
import type { Process } from './process.ts';

/** A disk that keeps writes in their order, and forgets what was not synced when the power fails. It outlives processes. */
export interface Disk {
  /** A process opens it: what it finds, and how it writes. */
  open(process: Process): { readonly persister: Persister; readonly recovered: Recovered };
  /** Refuses writes for lack of space, until it is freed. */
  full: boolean;
  /** Milliseconds that a commit takes on top of the usual. */
  slowMs: number;
  /** The next commit fails; whether it was written is chance. */
  failNext: boolean;
  /** Of the batches that were not synced a front is kept. */
  losePower(): void;
  /** Somebody puts an older copy in place of the data. */
  restoreOlder(): void;
  /** How often that happened. */
  readonly powerLosses: number;
  readonly restores: number;
  /** Of a run, those that are on the disk. */
  commandsOf(key: string): readonly Command[];
  /** All records that were written of a run, also where a snapshot stands for them. */
  truthOf(key: string): { readonly epoch: number; readonly records: readonly RunRecord[] } | undefined;
}

export function createDisk(chance: Chance): Disk {
  let kept: Write[] = [];
  let state = emptyState();
  let synced = 0;
  let isUnclean = false;
  let powerLosses = 0;
  let restores = 0;

  const write = (given: Write): Receipt => {
    const receipt = applyWrite(state, given);
    kept.push(given);
    if (given.sync) synced = kept.length;
    return receipt;
  };

  const rewindTo = (length: number): void => {
    kept = kept.slice(0, length);
    synced = Math.min(synced, length);
    state = emptyState();
    for (const each of kept) applyWrite(state, each);
  };

  const commit = (process: Process, batch: Batch, isOpen: () => boolean): Promise<Receipt> =>
    new Promise((resolve) => {
      let isWritten = false;
      process.onDeath(() => {
        // The write was on its way: it arrives whole or not at all.
        if (!isWritten && isOpen() && !disk.full && !disk.failNext && chance.may(0.5)) write(batch);
        isWritten = true;
      });
      process.after(chance.between(0.2, 2) + disk.slowMs * chance.float(), () => {
        if (isWritten) return;
        isWritten = true;
        if (disk.full) return resolve({ ok: false, full: true, message: 'no space left on the simulated disk' });
        if (!disk.failNext) return resolve(write(batch));
        disk.failNext = false;
        if (chance.may(0.5)) write(batch);
        resolve({ ok: false, full: false, message: 'the simulated disk failed to sync' });
      });
    });

  /** Everything that has ended is compacted at once. */
  const compactAll = (): readonly string[] => {
    const ended = [...state.runs.values()].filter((run) => run.done && !run.snapshot).map(({ key }) => key);
    if (ended.length > 0) write({ compacted: ended, id: kept.at(-1)?.id ?? 0, sync: true });
    return ended;
  };

  const disk: Disk = {
    full: false,
    slowMs: 0,
    failNext: false,
    get powerLosses() {
      return powerLosses;
    },
    get restores() {
      return restores;
    },
    commandsOf: (key) => state.commands.get(key) ?? [],
    truthOf(key) {
      const run = state.runs.get(key);
      return run && { epoch: run.epoch, records: run.pieces.flatMap(({ body, first }) => decodeRecords(body, first)) };
    },
    losePower() {
      powerLosses++;
      rewindTo(synced + chance.below(kept.length - synced + 1));
      synced = kept.length;
      isUnclean = true;
    },
    restoreOlder() {
      restores++;
      if (kept.length > 0) rewindTo(Math.max(1, kept.length - 1 - chance.below(Math.min(kept.length, 12))));
    },
    open(process) {
      const recovered = recoverState(state, (kept.at(-1)?.id ?? 0) + 1, isUnclean);
      isUnclean = false;
      let isOpen = true;
      const read = <T>(look: () => T): Promise<T> => later(process, chance.between(0.1, 1) + disk.slowMs * chance.float(), look);
      const persister: Persister = {
        loads: true,
        commit: (batch) => commit(process, batch, () => isOpen),
        load: (key, after, maxBytes) => read(() => loadRun(state, key, after, maxBytes)),
        snapshot: (key) => read(() => state.runs.get(key)?.snapshot),
        state: (key) => read(() => state.states.get(key)),
        hasCommand: (key, id) => read(() => state.commands.get(key)?.some((command) => command.id === id) ?? false),
        list: () => Promise.resolve([]),
        fold: () => Promise.resolve(false),
        compact: () => read(() => ({ done: true, compacted: compactAll(), deleted: [], damaged: [], freedBytes: 0, tookMs: 1 })),
        erase: () => Promise.reject(new Error('the simulated disk erases nothing')),
        verify: () => Promise.reject(new Error('the simulated disk is not verified')),
        backup: () => Promise.reject(new Error('the simulated disk is not copied')),
        close() {
          isOpen = false;
          return Promise.resolve();
        },
      };
      return { persister, recovered };
    },
  };
  return disk;
}

function later<T>(process: Process, ms: number, look: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    process.after(ms, () => {
      try {
        resolve(look());
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}
