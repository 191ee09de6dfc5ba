import { applyRecord, decodeRecords, emptyFold } from '@openclaw-runtime/protocol';
import type { Lease, Store } from '@openclaw-runtime/store';

/** Snapshots of a long run, so that attaching to it does not cost what its history costs. Short runs have none. */
export interface Snapshots {
  stop(): void;
}

/** Records before the first snapshot, and the share of a log by which it may have outgrown its last one. */
const FIRST_AT = 2048;
const GROWTH = 1 / 8;
const PAGE_BYTES = 256 * 1024;

/**
 * Follows the run's own log and folds it, reading only what is durable and only once it is long enough. A snapshot is written when the log
 * has grown by an eighth since the last one, so writing them all costs a constant factor of the text.
 */
export function createSnapshots(store: Store, lease: Lease): Snapshots {
  const fold = emptyFold();
  let written = 0;
  let advances = 0;
  let phase: 'waiting' | 'folding' | 'stopped' = 'waiting';

  const catchUp = async (): Promise<void> => {
    for (;;) {
      const { chunk, head } = await store.runs.read(lease.key, fold.seq, PAGE_BYTES);
      if (!chunk) return;
      for (const record of decodeRecords(chunk.body, chunk.first)) applyRecord(fold, record);
      if (phase === 'stopped') return;
      if (fold.seq === head.seq && fold.seq - written >= Math.max(FIRST_AT, fold.seq * GROWTH)) {
        lease.snapshot({ seq: fold.seq, h: chunk.h, fold: JSON.stringify(fold) });
        written = fold.seq;
      }
    }
  };

  const unfollow = store.runs.follow(lease.key, () => {
    if (++advances < FIRST_AT / 8 || phase !== 'waiting') return;
    advances = 0;
    phase = 'folding';
    catchUp()
      .catch(() => undefined)
      .finally(() => {
        if (phase === 'folding') phase = 'waiting';
      });
  });

  return {
    stop() {
      phase = 'stopped';
      unfollow();
    },
  };
}
