/**
 * What a client knows of one run, and whether a batch continues it (PROTOCOL.md §4.3, §5). No I/O.
 *
 * 1. `reached` is where the wire is, `shown` where the application is. They are the same object, except while a replaced
 *    past is fetched: then records go to `reached` unheard, until it has caught up with `until`.
 * 2. A record is heard before `shown` advances over it: while it is heard, the position is the one before it.
 * 3. Records are heard in order, each once. A past that was replaced is heard as one `replaced`, never as records again.
 */
import { applyRecord, chain, decodeRecord, type RunFold, type RunRecord, type WireRecord } from '@openclaw-runtime/protocol';
import { type BarePlace, type Position, startOf } from './position.ts';

export type Heard =
  | { readonly kind: 'record'; readonly record: RunRecord; readonly epoch: number; readonly h: number }
  /** All that was shown gives way to `position`; `before` is absent when this process cannot know what was shown. */
  | { readonly kind: 'replaced'; readonly before: RunFold | undefined; readonly position: Position }
  /** The silent prefix of a saved cursor is complete, and is the one that was saved. */
  | { readonly kind: 'caught'; readonly position: Position };

/** `gap`: records are missing before the batch. `damaged`: the chain differs. Of both nothing was taken. */
export type Verdict = 'taken' | 'stale' | 'gap' | 'damaged';

export interface Transcript {
  /** Where the application is. */
  readonly shown: Position | BarePlace;
  /** Where the wire is. */
  readonly reached: Position;
  /** The server's word on the log: `reset`, or another epoch, voids what is known. */
  attached(epoch: number, head: number, reset: boolean): void;
  /** A batch whose first record is `first`; `h` is the chain after its last. Throws when records contradict each other. */
  take(first: number, records: readonly WireRecord[], h: number): Verdict;
  snap(position: Position): void;
}

export function createTranscript(from: Position | BarePlace, hear: (heard: Heard) => void): Transcript {
  let shown = from;
  let reached: Position = from.fold ? from : startOf(from.epoch);
  let until = from.seq;

  const settle = (): void => {
    const before = shown;
    shown = reached;
    const same = !before.fold && before.epoch === reached.epoch && before.seq === reached.seq && (before.h ?? reached.h) === reached.h;
    hear(same ? { kind: 'caught', position: reached } : { kind: 'replaced', before: before.fold, position: reached });
  };

  const settleIfCaughtUp = (): void => {
    if (reached !== shown && (reached.seq >= until || reached.fold.outcome)) settle();
  };

  const advance = (record: RunRecord, h: number): void => {
    if (reached === shown) hear({ kind: 'record', record, epoch: reached.epoch, h });
    applyRecord(reached.fold, record);
    reached.seq = record.seq;
    reached.h = h;
    settleIfCaughtUp();
  };

  return {
    get shown() {
      return shown;
    },
    get reached() {
      return reached;
    },

    attached(epoch, head, reset) {
      if (reset || epoch !== reached.epoch) {
        reached = startOf(epoch);
        until = head;
        if (shown.fold && shown.seq === 0) shown = reached;
      } else if (reached !== shown) {
        until = Math.min(until, head);
      }
      settleIfCaughtUp();
    },

    take(first, records, h) {
      const next = reached.seq + 1;
      if (first > next) return 'gap';
      const fresh = records.slice(next - first);
      if (fresh.length === 0) return 'stale';
      let mark = reached.h;
      const marks = fresh.map((record) => {
        mark = chain(mark, JSON.stringify(record));
        return mark;
      });
      if (mark !== h) return 'damaged';
      fresh.forEach((record, i) => {
        advance(decodeRecord(record, next + i), marks[i] as number);
      });
      return 'taken';
    },

    snap(position) {
      if (position.epoch === reached.epoch && position.seq <= reached.seq) return;
      if (reached === shown) until = position.seq;
      reached = position;
      settleIfCaughtUp();
    },
  };
}
