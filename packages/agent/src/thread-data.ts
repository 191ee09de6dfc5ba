import type { MessagePort } from 'node:worker_threads';

/** The `workerData` of a thread. */
export interface ThreadData {
  /** An `Int32Array` of {@link BEAT_CELLS} cells. */
  readonly beats: SharedArrayBuffer;
  /** Where arrays of `Down` come from and arrays of `Up` go to; absent: the worker's own port. Has to be in the transfer list. */
  readonly port?: MessagePort;
}

/** Counts up every 100 ms while the thread is not held. */
export const BEATS = 0;
/** Id of the call whose code ran last; 0: of none, {@link LOADING}: a module's while it is imported, and what it left running. */
export const CURRENT = 1;
/** The call whose code ran last: as {@link CURRENT}, but not of none. */
export const LAST = 2;
/** How many `Down`s it has taken, and run as far as they go by themselves. */
export const TAKEN = 3;
export const BEAT_CELLS = 4;
export const LOADING = -1;
