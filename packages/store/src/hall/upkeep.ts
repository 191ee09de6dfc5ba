import { type Clock, sleep } from '@openclaw-runtime/kit';
import type { CompactReport, RunKey, Upkeep } from '../contract/store.ts';
import type { Persister } from './persister.ts';

export interface UpkeepParts {
  readonly persister: Persister;
  readonly clock: Clock;
  /** With which new runs begin at first. */
  readonly epoch: number;
  /** Resolves when the creations that are under way now have come to something. */
  created(): Promise<unknown>;
  /** What is stored of an ended run has changed. */
  changed(key: string): void;
}

export interface HallUpkeep extends Pick<Upkeep, 'compact'> {
  /** With which new runs begin. */
  readonly epoch: number;
  /** A run that goes on has records that could be folded. */
  fold(key: string): void;
  /** Runs that are created from when it resolves on begin with this epoch or a later one. */
  raise(epoch: number): Promise<void>;
  /** Resolves when nothing is at work any more. */
  stop(): Promise<void>;
}

/** Times as long as a slice took in which commits have the engine to themselves. */
const REST = 3;

/** Asks the engine, slice by slice, to make room; one thing at a time. */
export function createUpkeep(parts: UpkeepParts): HallUpkeep {
  const { persister, clock } = parts;
  const stopping = new AbortController();
  const { signal } = stopping;
  const waiting = new Set<string>();
  let epoch = parts.epoch;
  let folding: Promise<void> | undefined;
  let passing: Promise<CompactReport> | undefined;

  /** What cannot be folded now stays as it is; the run's next segment brings it here again. */
  const foldAll = async (): Promise<void> => {
    for (const key of waiting) {
      waiting.delete(key);
      try {
        while (!signal.aborted && (await persister.fold(key)));
      } catch {}
    }
    folding = undefined;
  };

  /** Runs that are created from here on begin with the new epoch; of those before, none may come after a deletion. */
  const raise = async (to: number): Promise<void> => {
    epoch = Math.max(epoch, to);
    await parts.created();
  };

  const pass: Upkeep['compact'] = async (policy, wallMs) => {
    const damaged = new Map<string, string>();
    const sums = { compacted: 0, deleted: 0, freedBytes: 0, longestMs: 0 };
    let start: { readonly policy: typeof policy; readonly wallMs: number } | undefined = { policy, wallMs };
    let needed = epoch;
    while (!signal.aborted) {
      const slice = await persister.compact(start ? { start, epoch } : { epoch });
      start = undefined;
      for (const key of [...slice.compacted, ...slice.deleted]) parts.changed(key);
      for (const { key, message } of slice.damaged) damaged.set(key, message);
      sums.compacted += slice.compacted.length;
      sums.deleted += slice.deleted.length;
      sums.freedBytes += slice.freedBytes;
      sums.longestMs = Math.max(sums.longestMs, slice.tookMs);
      needed = Math.max(needed, slice.epochNeeded ?? 0);
      if (slice.done && needed <= epoch) break;
      if (slice.done) {
        await raise(needed);
        start = { policy, wallMs };
      }
      await sleep(clock, slice.tookMs * REST, signal).catch(() => undefined);
    }
    return { ...sums, damaged: [...damaged].map(([key, message]) => ({ key: key as RunKey, message })) };
  };

  return {
    get epoch() {
      return epoch;
    },
    fold(key) {
      if (signal.aborted) return;
      waiting.add(key);
      folding ??= foldAll();
    },
    compact(policy, wallMs) {
      passing ??= pass(policy, wallMs).finally(() => {
        passing = undefined;
      });
      return passing;
    },
    raise,
    async stop() {
      stopping.abort();
      await folding;
      await passing?.catch(() => undefined);
    },
  };
}
