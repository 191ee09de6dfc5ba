import { decodeRecords } from '@openclaw-runtime/protocol';
import type { Lease, Store } from '@openclaw-runtime/store';
import { applyReplay, beginReplay, type ReplayState } from './replay.ts';

/** Saves what an owner of a long run needs beside its snapshot, so that recovery and the log do not cost what its history costs. */
export interface Snapshots {
  stop(): void;
}

/** Records after which it is saved, and commits after which the log is looked at. */
const EVERY_RECORDS = 2048;
const EVERY_ADVANCES = 256;
const PAGE_BYTES = 256 * 1024;

/** Follows the run's own log, reading only what is durable. The store makes the fold of the snapshot itself. `from`: what replaying an earlier owner's log gave. */
export function createSnapshots(store: Store, lease: Lease, from: ReplayState = beginReplay()): Snapshots {
  const state = structuredClone(from);
  let saved = state.seq;
  let advances = 0;
  let phase: 'waiting' | 'reading' | 'stopped' = 'waiting';

  const catchUp = async (): Promise<void> => {
    for (;;) {
      const { chunk } = await store.runs.read(lease.key, state.seq, PAGE_BYTES);
      if (!chunk || phase === 'stopped') break;
      for (const record of decodeRecords(chunk.body, chunk.first)) applyReplay(state, record);
    }
    if (phase === 'stopped' || state.seq - saved < EVERY_RECORDS) return;
    lease.saveReplay(state.seq, JSON.stringify(state));
    saved = state.seq;
  };

  const unfollow = store.runs.follow(lease.key, () => {
    if (++advances < EVERY_ADVANCES || phase !== 'waiting') return;
    advances = 0;
    phase = 'reading';
    catchUp()
      .catch(() => undefined)
      .finally(() => {
        if (phase === 'reading') phase = 'waiting';
      });
  });

  return {
    stop() {
      phase = 'stopped';
      unfollow();
    },
  };
}
