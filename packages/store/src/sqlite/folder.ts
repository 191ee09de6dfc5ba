import { decodeRecords } from '@openclaw-runtime/protocol';
import { tenantOf } from '../contract/store.ts';
import { cutPiece, splitBody } from '../hall/chunk.ts';
import { emptyFolded, foldRecords } from '../hall/folding.ts';
import { damaged, isDamage } from './damage.ts';
import type { RunRow } from './run-rows.ts';
import { formatRefs, parseRefs, type SegmentRef } from './segments.ts';
import { packFolded, type SnapshotRow, snapshotChars, unpackFolded } from './snapshot-rows.ts';
import type { Tables } from './tables.ts';

/** Moves a run's records, segment by segment, into its snapshot. Each step leaves a state that readers can use. */
export interface Folder {
  /** Folds the next segment: the row and the snapshot's seq as they are then, or `undefined` when it has all that is in segments. Throws `DATA_DAMAGED`. */
  fold(row: RunRow): { readonly row: RunRow; readonly seq: number } | undefined;
  /** Lets go of the segments whose last record is at most `seq`, which must be in the snapshot, but of no more than `most` characters. */
  drop(row: RunRow, seq: number, most?: number): RunRow;
  /** Nothing of the run is left. */
  erase(row: RunRow): void;
  /** The same of a run with a damaged snapshot, whose parts cannot be known. */
  eraseDamaged(row: RunRow): void;
}

const EMPTY: SnapshotRow = { seq: 0, h: 0, creation: '', fold: '', begun: '' };

export function createFolder({ journal, runs, segments, snapshots, replays, commands, tenants, path }: Tables): Folder {
  /** What the next segment is folded into: the snapshot; where that is damaged the one before it, or nothing where all records are there. */
  const beforeOf = (row: RunRow): { readonly before: SnapshotRow; readonly isLatest: boolean } => {
    if (row.snapshot === 0) return { before: EMPTY, isLatest: false };
    try {
      return { before: snapshots.find(row.snapshot), isLatest: true };
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    try {
      return { before: snapshots.usable(row.snapshot, row.oldest), isLatest: false };
    } catch (error) {
      if (!isDamage(error) || row.oldest > 1) throw error;
      return { before: EMPTY, isLatest: false };
    }
  };

  const remove = (row: RunRow, chars: number): void => {
    for (const ref of parseRefs(row.segments)) segments.drop(ref);
    replays.drop(row.key);
    commands.drop(row.key);
    runs.drop(row);
    journal.forget(row.key);
    tenants.add(tenantOf(row.key), { runs: -1, chars: -chars });
  };

  return {
    fold(row) {
      const { before, isLatest } = beforeOf(row);
      if (before.seq >= row.seq) return undefined;
      const ref = parseRefs(row.segments).findLast(({ first }) => first <= before.seq + 1);
      if (!ref) throw damaged(path, `the list of segments of run ${row.key}`);
      const piece = cutPiece(segments.get(row.key, ref), before.seq);
      if (piece.count === 0 || piece.before !== before.h) throw damaged(path, `the chain of run ${row.key} after record ${before.seq}`);
      const folded = before.seq === 0 ? emptyFolded() : unpackFolded(before);
      foldRecords(folded, decodeRecords(piece.body, piece.first), snapshots);
      const creation = before.seq === 0 ? (splitBody(piece.body)[0] ?? '') : before.creation;
      const after = { seq: piece.first + piece.count - 1, h: piece.h, creation, ...packFolded(folded) };
      const next = { ...row, snapshot: snapshots.save(row.snapshot, after, isLatest ? before : undefined) };
      if (row.snapshot === 0) runs.put(next);
      tenants.add(tenantOf(row.key), { runs: 0, chars: snapshotChars(after) - snapshotChars(before) });
      return { row: next, seq: after.seq };
    },

    drop(row, seq, most = Number.POSITIVE_INFINITY) {
      const refs = parseRefs(row.segments);
      const kept = [...refs];
      let chars = 0;
      while (kept.length > 0 && firstAfter(kept, row) - 1 <= seq && chars + (kept[0] as SegmentRef).chars <= most) {
        const gone = kept.shift() as SegmentRef;
        segments.drop(gone);
        chars += gone.chars;
      }
      if (kept.length === refs.length) return row;
      const next = { ...row, chars: row.chars - chars, oldest: kept[0]?.first ?? row.seq + 1, segments: formatRefs(kept) };
      runs.put(next);
      if (next.snapshot !== 0 && snapshots.olderSeq(next.snapshot) + 1 < next.oldest) snapshots.dropOlder(next.snapshot);
      tenants.add(tenantOf(row.key), { runs: 0, chars: -chars });
      return next;
    },

    erase(row) {
      const chars = row.chars + (row.snapshot === 0 ? 0 : snapshotChars(snapshots.find(row.snapshot)));
      if (row.snapshot !== 0) snapshots.remove(row.snapshot);
      remove(row, chars);
    },
    eraseDamaged(row) {
      snapshots.removeDamaged(row.snapshot);
      remove(row, row.chars);
    },
  };
}

/** The first seq behind the first of these segments. */
function firstAfter(refs: readonly SegmentRef[], row: RunRow): number {
  return refs[1]?.first ?? row.seq + 1;
}
