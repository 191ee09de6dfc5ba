import { isDeepStrictEqual } from 'node:util';
import { applyRecord, CHAIN_START, decodeRecords, emptyFold, type RunFold } from '@openclaw-runtime/protocol';
import { runOf } from '../contract/store.ts';
import { verifyPiece } from '../hall/chunk.ts';
import { assembleFold } from '../hall/folding.ts';
import type { Inspection } from './inspection.ts';
import { createOlderSnapshots } from './older-snapshots.ts';
import { asRow, isMarked, isWhole, type RunRow } from './run-rows.ts';
import { createSegments, parseRefs, type SegmentRef } from './segments.ts';
import { createSnapshotRows, partsIn, rowOf, type SnapshotRow, unpackFolded } from './snapshot-rows.ts';

const NONE = 'none: readers of it are refused; restore a backup';
const MENDED = 'at the next opening it is made again from its segments, or the run ends as needs_attention';
const COVERED = 'readers get the snapshot, which covers it';
const BEFORE = 'the one before it is used';

/** Every run's row, its segments and their chain, its snapshot and whether that is the fold of the records; then segments and snapshots that no run has. */
export function* verifyRuns(inspection: Inspection): Generator<void, void> {
  const { db, counts, ends, found } = inspection;
  const owned: Owned = { segments: new Set(), snapshots: new Set(), parts: new Set(), isComplete: true };
  const check = createRunCheck(inspection, owned);
  for (const values of db.prepare('SELECT * FROM run').iterate()) {
    counts.runs++;
    yield;
    const row = asRow(values);
    if (!row) {
      found({ what: 'the row of a run, of which no key is left', repair: NONE });
      owned.isComplete = false;
      continue;
    }
    if (!isMarked(row) || !isWhole(row)) {
      found({ run: runOf(row.key), what: 'the row of the run', repair: MENDED });
      for (const { id } of parseRefs(row.segments)) owned.segments.add(id);
      owned.snapshots.add(row.snapshot);
      owned.isComplete = false;
    } else yield* check(row);
    if (row.done === 0) ends.set(row.key, { seq: row.seq, h: row.h });
  }
  for (const [table, ids] of [
    ['segment', owned.segments],
    ['snapshot', owned.snapshots],
    ['part', owned.parts],
  ] as const) {
    if (table === 'part' && !owned.isComplete) continue;
    let strays = 0;
    for (const { id } of db.prepare(`SELECT id FROM ${table}`).iterate() as Iterable<{ id: number }>) if (!ids.has(id)) strays++;
    if (strays > 0) found({ what: `${strays} ${table} rows that no run has`, repair: 'none needed: they only take space' });
    yield;
  }
}

interface Owned {
  readonly segments: Set<number>;
  readonly snapshots: Set<number>;
  readonly parts: Set<number>;
  /** A damaged snapshot does not say which parts it has. */
  isComplete: boolean;
}

function createRunCheck({ db, path, counts, found }: Inspection, owned: Owned): (row: RunRow) => Generator<void, void> {
  const segments = createSegments(db, path);
  const snapshots = createSnapshotRows(db, path);

  const snapshotOf = (row: RunRow): (SnapshotRow & { readonly whole: RunFold }) | undefined => {
    if (row.snapshot === 0) return undefined;
    owned.snapshots.add(row.snapshot);
    counts.snapshots++;
    const snapshot = snapshots.find(row.snapshot);
    const folded = unpackFolded(snapshot);
    for (const { parts } of folded.begun) for (const [id] of parts) owned.parts.add(id);
    return { ...snapshot, whole: JSON.parse(assembleFold(folded, (id) => snapshots.get(id))) as RunFold };
  };

  const hasOlder = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'older'").get() !== undefined;
  const older = createOlderSnapshots(db);
  const olderOf = (row: RunRow): SnapshotRow | 'damaged' | undefined => {
    const values = row.snapshot === 0 || !hasOlder ? undefined : older.get(row.snapshot);
    if (!values) return undefined;
    for (const id of partsIn(values['parts'])) owned.parts.add(id);
    const found = rowOf(values);
    if (!found) owned.isComplete = false;
    return found ?? 'damaged';
  };

  return function* check(row) {
    const run = runOf(row.key);
    const bad = (what: string, repair: string): void => found({ run, what, repair });
    const refs = parseRefs(row.segments);
    for (const ref of refs) owned.segments.add(ref.id);
    const before = olderOf(row);
    if (before === 'damaged') bad('the snapshot before the last failed its checksum', 'none needed: the last one stands');
    let snapshot: ReturnType<typeof snapshotOf>;
    try {
      snapshot = snapshotOf(row);
    } catch (error) {
      owned.isComplete = false;
      const stands = typeof before === 'object' && before.seq + 1 >= row.oldest;
      bad(reason(error, 'the snapshot'), row.oldest === 1 ? 'readers get the records instead' : stands ? BEFORE : NONE);
      if (row.oldest > 1) return;
    }
    if (row.oldest > 1 && !snapshot) return bad(`records before ${row.oldest} are gone and there is no snapshot`, NONE);
    if (snapshot && snapshot.whole.seq !== snapshot.seq) bad('the snapshot is of another seq than it says', NONE);

    // A snapshot is computed again, where the records that it stands for are still there.
    const fold = snapshot && row.oldest === 1 ? emptyFold() : undefined;
    let at = { seq: row.oldest - 1, h: row.oldest === 1 ? CHAIN_START : undefined };
    if (snapshot && at.seq === snapshot.seq) at = { seq: at.seq, h: snapshot.h };
    let last = '';
    for (const [i, ref] of refs.entries()) {
      counts.segments++;
      try {
        const piece = segments.get(row.key, ref);
        const joins = piece.first === at.seq + 1 && (at.h === undefined || piece.before === at.h);
        if (!joins || !verifyPiece(piece)) throw new Error('its chain is broken');
        counts.records += piece.count;
        const records = decodeRecords(piece.body, piece.first);
        last = records.at(-1)?.kind ?? '';
        for (const record of records) {
          if (!fold || !snapshot || record.seq > snapshot.seq) break;
          applyRecord(fold, record);
          if (record.seq === snapshot.seq && !isDeepStrictEqual(plain(fold), snapshot.whole))
            bad(`the snapshot at ${snapshot.seq} is not the fold of the records`, NONE);
        }
        at = { seq: piece.first + piece.count - 1, h: piece.h };
      } catch (error) {
        bad(
          `records ${ref.first} to ${endOf(refs, i, row)}: ${reason(error, `segment ${ref.id}`)}`,
          snapshot && snapshot.seq >= endOf(refs, i, row) ? COVERED : NONE,
        );
        return;
      }
      yield;
    }
    if (at.seq !== row.seq || (at.h !== undefined && at.h !== row.h)) bad(`the log ends at ${at.seq}, not at ${row.seq}`, NONE);
    else if (row.done === 1 && refs.length > 0 && last !== 'run.finished') bad('the run is done but its last record is not its end', NONE);
  };
}

function endOf(refs: readonly SegmentRef[], i: number, row: RunRow): number {
  return (refs[i + 1]?.first ?? row.seq + 1) - 1;
}

function reason(error: unknown, what: string): string {
  const { message } = error as Error;
  return message.includes('failed its checksum') ? `${what} failed its checksum` : `${what}: ${message}`;
}

/** As it comes out of JSON. */
function plain(fold: RunFold): RunFold {
  return JSON.parse(JSON.stringify(fold)) as RunFold;
}
