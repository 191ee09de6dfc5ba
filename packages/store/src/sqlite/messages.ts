import type { Snapshot, Versioned } from '../contract/store.ts';
import type { Batch, Receipt, Recovered, Stored } from '../hall/persister.ts';

/** Where the machine does not name its boots. */
export const UNKNOWN_BOOT = 'unknown';

/** What the store's thread is started with. */
export interface ThreadData {
  readonly path: string;
  /** Names this boot of the machine: another one after an unclean end means that the page cache was lost. */
  readonly boot: string;
  readonly freshSecret: Uint8Array;
}

export type Request =
  | { readonly op: 'commit'; readonly n: number; readonly batch: Batch }
  | { readonly op: 'load'; readonly n: number; readonly key: string; readonly after: number; readonly maxBytes: number }
  | { readonly op: 'snapshot' | 'state'; readonly n: number; readonly key: string }
  | { readonly op: 'command'; readonly n: number; readonly key: string; readonly id: string }
  | { readonly op: 'close'; readonly n: number };

export type Answer = Receipt | Stored | Snapshot | Versioned | boolean | undefined;

export type Reply =
  | { readonly n: number; readonly ok: true; readonly answer: Answer }
  | { readonly n: number; readonly ok: false; readonly code: string; readonly message: string };

/** The first message of the thread. */
export type Opened =
  | { readonly ok: true; readonly recovered: Recovered; readonly secret: Uint8Array }
  | { readonly ok: false; readonly code: string; readonly message: string };
