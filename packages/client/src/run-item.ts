import type { Cursor, RunFold, RunRecord } from '@openclaw-runtime/protocol';

/** What iterating a run yields: its records, or a snapshot where the server could not send them one by one. */
export type RunItem = RunRecord | SnapshotItem;

/**
 * Stands for records 1..`seq`: it replaces everything that was yielded before it. A run of ordinary length that never
 * lost its log yields none.
 */
export interface SnapshotItem {
  readonly kind: 'snapshot';
  readonly epoch: number;
  readonly seq: number;
  readonly fold: RunFold;
}

/** A cursor with the chain value there, by which the server proves that both sides speak of the same records. JSON-safe. */
export interface RunCursor extends Cursor {
  readonly h?: number | undefined;
}

/**
 * A place in a run that can be kept outside the process, as JSON. With `fold` and `h` a run resumes from it at once;
 * without them the records before it are fetched again, silently, so that the result is whole.
 */
export interface SavedRun extends RunCursor {
  readonly fold?: RunFold | undefined;
  readonly agent?: string | undefined;
}

export type Level = 1 | 2 | 3 | 4 | 'auto';
