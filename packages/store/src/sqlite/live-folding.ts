import type { Folder } from './folder.ts';
import type { Tables } from './tables.ts';
import type { Transactions } from './transactions.ts';

/** Records that a run which goes on always keeps, for readers that were gone for a moment. */
const KEPT_RECORDS = 4096;
/** Shorter runs are read as they are. */
const LONG_RECORDS = 2048;

/**
 * Keeps the snapshot of a run that goes on close to its head, one segment a call; answers whether there is another. What the snapshot and what the run's owner
 * saved stand for may go, once it is more than `liveChars`.
 */
export function createLiveFolding(
  { runs, replays, tenants }: Tables,
  folder: Folder,
  transactions: Transactions,
  liveChars: number,
): (key: string) => boolean {
  const fold = (key: string): boolean => {
    const row = runs.find(key);
    if (!row || row.done === 1 || row.seq < LONG_RECORDS) return false;
    const folded = folder.fold(row);
    if (!folded) return false;
    const droppable = Math.min(folded.seq, replays.find(key)?.seq ?? 0, row.seq - KEPT_RECORDS);
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
