import { decodeRecords, OpenClawError, type Payloads, type RunFold, type RunRecord, type WireRecord } from '@openclaw-runtime/protocol';
import type { Head, RunKey, Snapshot } from '@openclaw-runtime/store';
import type { GatewayContext } from '../../admission/options.ts';

/** What comes of a log, in its order. */
export type Piece =
  | { readonly kind: 'records'; readonly records: readonly RunRecord[]; readonly head: Head }
  /** Stands for all records up to `seq`. */
  | { readonly kind: 'fold'; readonly seq: number; readonly fold: RunFold; readonly created: Created; readonly head: Head }
  | { readonly kind: 'silence' };

export type Created = Payloads['run.created'];

/** Reads a log from its start and goes on as it grows, to the run's end or until nobody wants it. Rejects with `NOT_FOUND`. */
export async function* followRun(
  { store, clock, limits }: GatewayContext,
  key: RunKey,
  gone: AbortSignal,
): AsyncGenerator<Piece, void, undefined> {
  let isStirred = false;
  let wake: () => void = () => undefined;
  const stir = (): void => {
    isStirred = true;
    wake();
  };
  const unfollow = store.runs.follow(key, stir);
  gone.addEventListener('abort', stir, { once: true });
  let after = 0;
  let epoch: number | undefined;
  try {
    while (!gone.aborted) {
      isStirred = false;
      const { head, chunk, snapshot } = await store.runs.read(key, after, limits.feedBytes);
      epoch ??= head.epoch;
      if (head.epoch !== epoch) throw regressed();
      if (snapshot) {
        yield foldPiece(snapshot, head);
        after = snapshot.seq;
      } else if (chunk) {
        yield { kind: 'records', records: decodeRecords(chunk.body, chunk.first), head };
        after = chunk.first + chunk.count - 1;
      } else {
        if (head.done) return;
        if (!isStirred) {
          await new Promise<void>((resolve) => {
            const cancel = clock.after(limits.silenceMs, resolve);
            wake = () => {
              cancel();
              resolve();
            };
          });
          wake = () => undefined;
        }
        if (!isStirred) yield { kind: 'silence' };
        continue;
      }
      if (head.done && after >= head.seq) return;
    }
  } finally {
    unfollow();
    gone.removeEventListener('abort', stir);
  }
}

/** What is in a log now, from its start. Rejects with `NOT_FOUND`. */
export async function* readRun(
  { store, limits }: Pick<GatewayContext, 'store' | 'limits'>,
  key: RunKey,
): AsyncGenerator<Exclude<Piece, { readonly kind: 'silence' }>> {
  for (let after = 0; ; ) {
    const { head, chunk, snapshot } = await store.runs.read(key, after, limits.feedBytes);
    if (snapshot) {
      yield foldPiece(snapshot, head);
      after = snapshot.seq;
    } else if (chunk) {
      yield { kind: 'records', records: decodeRecords(chunk.body, chunk.first), head };
      after = chunk.first + chunk.count - 1;
    } else return;
    if (after >= head.seq) return;
  }
}

/** What the run was asked. Of the first piece of a log. */
export function createdOf(piece: Exclude<Piece, { readonly kind: 'silence' }>): Created {
  if (piece.kind === 'fold') return piece.created;
  const [first] = piece.records;
  if (first?.kind === 'run.created') return first.data;
  throw new OpenClawError('DATA_DAMAGED', 'The run’s log has no beginning.');
}

function foldPiece({ seq, fold, creation }: Snapshot, head: Head): Extract<Piece, { readonly kind: 'fold' }> {
  const created = (JSON.parse(creation) as WireRecord)[3] as Created;
  return { kind: 'fold', seq, fold: JSON.parse(fold) as RunFold, created, head };
}

function regressed(): OpenClawError {
  return new OpenClawError('STREAM_DISCONNECTED', 'The log was restored from an older copy while it was read. Ask again from the start.');
}
