import type { Folder } from './folder.ts';
import type { Tables } from './tables.ts';
import type { Transactions } from './transactions.ts';

/** Records that a run which goes on always keeps, for readers that were gone for a moment. */
const KEPT_RECORDS = 4096;
/** Shorter runs are read as they are. */
const LONG_RECORDS = 2048;

/**
 * Keeps the snapshot of a run that goes on close to its head, one segment a call; answers whether there is another. What the snapshot before it and what the run's
 * owner saved before stand for may go, once it is more than `liveChars`.
 */
export function createLiveFolding(
  { runs, replays, snapshots, tenants }: Tables,
  folder: Folder,
  transactions: Transactions,
  liveChars: number,
): (key: string) => boolean {
  const fold = (key: string): boolean => {
    const row = runs.find(key);
    if (!row || row.done === 1 || row.seq < LONG_RECORDS) return false;
    const folded = folder.fold(row);
    if (!folded) return false;
    // What the ones before them stand for: should these be damaged, those are used.
    const droppable = Math.min(snapshots.olderSeq(folded.row.snapshot), replays.olderSeq(key), row.seq - KEPT_RECORDS);
    if (folded.row.chars > liveChars) folder.drop(folded.row, droppable, folded.row.chars - liveChars);
    return folded.seq < row.seq;
  };

  return (key) =>
    transactions.run(false, () => {
      const more = fold(key);
      tenants.flush();
      return more;
    });
}
