import type { Head, RunKey, Snapshot, Store } from '@openclaw-runtime/store';

/** Where a reader says it stands. */
export interface Claim {
  readonly epoch?: number | undefined;
  readonly after?: number | undefined;
  /** The reader's chain value at `after`. */
  readonly h?: number | undefined;
  /** It wants nothing before the run has ended. */
  readonly hold?: boolean | undefined;
}

/** Where it will be served from. */
export interface Position {
  readonly mode: 'replay' | 'snapshot' | 'reset';
  readonly head: Head;
  readonly from: number;
  /** Sent first, when there is one: `from` is its seq. */
  readonly snapshot?: Snapshot;
}

/**
 * Answers an attach (PROTOCOL.md §5.3, §5.4): replay, snapshot or reset, never a partial hole. Where the records after the cursor are gone, so is the chain that
 * a reader's could be compared with: the snapshot replaces all it knew. A reader that knows more than the log, or something else, and gives its
 * epoch and its chain as proof, shows that the log regressed: a new epoch is minted. Without proof it only starts again. Rejects with `NOT_FOUND`.
 */
export async function locate(store: Store, key: RunKey, claim: Claim, snapshotDistance: number): Promise<Position> {
  const after = claim.after ?? 0;
  const { head, before, snapshot: standsIn } = await store.runs.read(key, after, 1);
  const fresh = claim.after === undefined || after === 0;
  const sameEpoch = claim.epoch === undefined || claim.epoch === head.epoch;
  if (!fresh && sameEpoch && (after > head.seq || (claim.h !== undefined && !standsIn && claim.h !== before))) {
    const proven = claim.epoch !== undefined && claim.h !== undefined;
    const renewed = proven ? await store.runs.regress(key, head.epoch) : head;
    return fromStart(store, key, renewed, snapshotDistance, 'reset');
  }
  if (!sameEpoch) return fromStart(store, key, head, snapshotDistance, 'reset');
  if (claim.hold && !head.done) return { mode: 'replay', head, from: after };
  if (standsIn) return { mode: 'snapshot', head, from: standsIn.seq, snapshot: standsIn };
  if (fresh) return fromStart(store, key, head, snapshotDistance, 'replay');
  if (head.seq - after > snapshotDistance) {
    const snapshot = await store.runs.snapshot(key);
    if (snapshot && snapshot.seq - after > snapshotDistance / 2) return { mode: 'snapshot', head, from: snapshot.seq, snapshot };
  }
  return { mode: 'replay', head, from: after };
}

async function fromStart(store: Store, key: RunKey, head: Head, snapshotDistance: number, mode: 'replay' | 'reset'): Promise<Position> {
  const snapshot = head.seq > snapshotDistance ? await store.runs.snapshot(key) : undefined;
  if (!snapshot || snapshot.seq > head.seq) return { mode, head, from: 0 };
  return { mode: mode === 'reset' ? 'reset' : 'snapshot', head, from: snapshot.seq, snapshot };
}
