import type { ListQuery, RunSummary, Versioned } from '../contract/store.ts';
import type { Batch, CompactAsk, CompactSlice, EraseAsk, EraseSlice, Receipt, Recovered, Stored } from '../hall/persister.ts';
import type { Rest } from './checkpoints.ts';
import type { SnapshotRow } from './snapshot-rows.ts';

/** Where the machine does not name its boots. */
export const UNKNOWN_BOOT = 'unknown';

/** What the store's thread is started with. */
export interface ThreadData {
  readonly path: string;
  /** Names this boot of the machine: another one after an unclean end means that the page cache was lost. */
  readonly boot: string;
  readonly freshSecret: Uint8Array;
  /** A fresh name for this opening of the file. */
  readonly life: string;
  /** Milliseconds since 1970, now. */
  readonly wallMs: number;
  /** Characters of folded records that a run which goes on keeps. */
  readonly liveChars: number;
}

/** A snapshot less its parts, each of which is asked for by itself: so a long one holds up no commit. */
export interface KeptSnapshot extends SnapshotRow {
  readonly replay?: string;
}

export type Request =
  | { readonly op: 'commit'; readonly n: number; readonly batch: Batch }
  | { readonly op: 'load'; readonly n: number; readonly key: string; readonly after: number; readonly maxBytes: number }
  | { readonly op: 'snapshot' | 'state' | 'fold'; readonly n: number; readonly key: string }
  | { readonly op: 'part'; readonly n: number; readonly id: number }
  | { readonly op: 'compact'; readonly n: number; readonly ask: CompactAsk }
  | { readonly op: 'erase'; readonly n: number; readonly ask: EraseAsk }
  | { readonly op: 'command'; readonly n: number; readonly key: string; readonly id: string }
  | { readonly op: 'list'; readonly n: number; readonly tenant: string; readonly query: ListQuery }
  | { readonly op: 'freeze'; readonly n: number }
  | { readonly op: 'thaw'; readonly n: number; readonly rest: Rest }
  | { readonly op: 'close'; readonly n: number };

export type Answer =
  | Receipt
  | Stored
  | KeptSnapshot
  | Versioned
  | CompactSlice
  | EraseSlice
  | readonly RunSummary[]
  | Rest
  | string
  | boolean
  | undefined;

export type Reply =
  | { readonly n: number; readonly ok: true; readonly answer: Answer }
  | { readonly n: number; readonly ok: false; readonly code: string; readonly message: string };

/** The first message of the thread. */
export type Opened =
  | { readonly ok: true; readonly recovered: Recovered; readonly secret: Uint8Array }
  | { readonly ok: false; readonly code: string; readonly message: string };
