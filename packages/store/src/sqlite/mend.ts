import { CHAIN_START, type WireRecord } from '@openclaw-runtime/protocol';
import { cutPiece, limitPiece, type Piece, splitBody, verifyPiece } from '../hall/chunk.ts';
import { statusOf } from '../hall/status.ts';
import { NEW_ROW, type RunRow } from './run-rows.ts';
import { formatRefs, parseRefs, type SegmentRef, type Segments } from './segments.ts';
import type { SnapshotRow, SnapshotRows } from './snapshot-rows.ts';

export interface Mended {
  readonly row: RunRow;
  /** Whether all that the damaged row named was found intact; else the row stands for the beginning only. */
  readonly isWhole: boolean;
}

/**
 * Makes a run's row again when it failed its checksum: its segments, sealed with the run's key, prove it. `epoch` is one that no reader of the run has seen.
 * `undefined` where nothing is proven.
 */
export function mendRow(
  row: RunRow,
  { segments, snapshots }: { segments: Segments; snapshots: SnapshotRows },
  epoch: number,
): Mended | undefined {
  const refs = refsOf(row);
  const snapshot = attempt(() => (row.snapshot > 0 ? snapshots.find(row.snapshot) : undefined));
  const [first] = refs;
  if (!first) return emptied(row, snapshot, epoch);

  const pieces: Piece[] = [];
  for (const ref of refs) {
    const piece = attempt(() => segments.get(row.key, ref));
    const last = pieces.at(-1);
    const joins =
      piece && (last ? piece.first === last.first + last.count && piece.before === last.h : ref.first > 1 || piece.before === CHAIN_START);
    if (!joins || !verifyPiece(piece)) break;
    pieces.push(piece);
  }
  const last = pieces.at(-1);
  if (!last) return undefined;
  const stands = snapshot && chainAt(pieces, snapshot.seq) === snapshot.h ? snapshot : undefined;
  if (first.first > 1 && !stands) return undefined;
  const creation = first.first === 1 ? (splitBody(pieces[0]?.body ?? '')[0] ?? '') : (stands?.creation ?? '');
  const status = statusOf(splitBody(last.body).at(-1) ?? '');
  const kept = refs.slice(0, pieces.length).map((ref, i) => ({ ...ref, chars: pieces[i]?.body.length ?? 0 }));
  return {
    row: {
      ...NEW_ROW,
      id: row.id,
      key: row.key,
      epoch,
      seq: last.first + last.count - 1,
      h: last.h,
      done: status === '' ? 0 : 1,
      status,
      born: saneNumber(row.born),
      ended: status === '' ? 0 : saneNumber(row.ended),
      chars: kept.reduce((sum, { chars }) => sum + chars, 0),
      oldest: first.first,
      snapshot: stands ? row.snapshot : 0,
      fingerprint: fingerprintOf(creation),
      segments: formatRefs(kept),
    },
    isWhole: pieces.length === refs.length,
  };
}

/** Of a run whose records are all in its snapshot: the chain, which both know, shows that they belong together. */
function emptied(row: RunRow, snapshot: SnapshotRow | undefined, epoch: number): Mended | undefined {
  if (!snapshot || snapshot.h !== row.h || snapshot.seq !== row.seq || row.done !== 1) return undefined;
  const { outcome } = JSON.parse(snapshot.fold) as { readonly outcome?: { readonly status: string } };
  const fields = {
    epoch,
    oldest: row.seq + 1,
    fingerprint: fingerprintOf(snapshot.creation),
    status: outcome?.status ?? row.status,
  };
  return { row: { ...row, ...fields, chars: 0, segments: '', born: saneNumber(row.born), ended: saneNumber(row.ended) }, isWhole: true };
}

function refsOf(row: RunRow): SegmentRef[] {
  const refs = parseRefs(row.segments);
  return refs.every(({ id, first }) => Number.isSafeInteger(id) && Number.isSafeInteger(first)) ? refs : [];
}

/** The chain value at `seq`, where the pieces reach it. */
function chainAt(pieces: readonly Piece[], seq: number): number | undefined {
  const piece = pieces.find(({ first, count }) => first - 1 <= seq && seq < first + count);
  if (!piece) return undefined;
  if (seq === piece.first + piece.count - 1) return piece.h;
  return cutPiece(limitPiece(piece, Number.POSITIVE_INFINITY), seq).before;
}

export function fingerprintOf(creation: string): string {
  if (creation === '') return '';
  const { fingerprint } = (JSON.parse(creation) as WireRecord)[3] as { readonly fingerprint?: string };
  return fingerprint ?? '';
}

function saneNumber(value: number): number {
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function attempt<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
