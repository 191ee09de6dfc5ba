import type { ErrorBody } from '@openclaw-runtime/protocol';
import type {
  Backup,
  Command,
  Damage,
  Erasure,
  Head,
  ListQuery,
  RetentionPolicy,
  RunSummary,
  Snapshot,
  VerifyOptions,
  VerifyReport,
  Versioned,
} from '../contract/store.ts';
import type { Piece } from './chunk.ts';

/** What keeps the hall's commits. One batch is kept whole or not at all, and batches in their order. */
export interface Persister {
  /** Whether `load` finds records: only then may they leave memory. */
  readonly loads: boolean;
  commit(batch: Batch): Promise<Receipt>;
  /** A run that is not in memory, or the part of one that is not: its head as far as it is stored, and records after `after`. */
  load(key: string, after: number, maxBytes: number): Promise<Stored | undefined>;
  snapshot(key: string): Promise<Snapshot | undefined>;
  state(key: string): Promise<Versioned | undefined>;
  hasCommand(key: string, id: string): Promise<boolean>;
  /** Of a tenant's ended runs, the newest of those that are asked for. */
  list(tenant: string, query: ListQuery): Promise<readonly RunSummary[]>;
  /** Folds the next segment of a run that goes on into its snapshot. Resolves to whether there is another. */
  fold(key: string): Promise<boolean>;
  /** One slice of a pass over what has ended; `start` begins a new pass. */
  compact(ask: CompactAsk): Promise<CompactSlice>;
  /** One slice of deleting, which `start` begins, or of overwriting what was deleted, which `overwrite` begins. What is in memory only is not its concern. */
  erase(ask: EraseAsk): Promise<EraseSlice>;
  verify(options?: VerifyOptions): Promise<VerifyReport>;
  backup(): Promise<Backup>;
  close(): Promise<void>;
}

export interface Stored {
  readonly head: Head;
  readonly fingerprint: string;
  readonly before: number;
  readonly piece?: Piece;
  /** Records that were asked for are gone; the snapshot stands for them. */
  readonly expired?: true;
}

export interface CompactAsk {
  readonly start?: { readonly policy: RetentionPolicy; readonly wallMs: number };
  /** No new run begins with an older epoch: only runs of older ones may be deleted, so that a run id never means two logs in one epoch. */
  readonly epoch: number;
}

export interface CompactSlice {
  readonly done: boolean;
  readonly compacted: readonly string[];
  readonly deleted: readonly string[];
  readonly damaged: readonly { readonly key: string; readonly message: string }[];
  readonly freedBytes: number;
  /** Milliseconds that it took. */
  readonly tookMs: number;
  /** Runs were left since new ones might begin with their epoch: this one would do. */
  readonly epochNeeded?: number;
}

export interface EraseAsk {
  readonly start?: EraseStart;
  /** All that was deleted until now is to be overwritten; then it counts as erased. */
  readonly overwrite?: true;
  /** As for {@link CompactAsk}. */
  readonly epoch: number;
}

/** It is durable, and goes on after a death, from the first slice on. */
export interface EraseStart {
  readonly what: Erasure;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  /** The run with those that it started, which come before it, all of which have ended; absent: all of the tenant's. */
  readonly keys?: readonly string[];
  /** The keys of the state that go with them; absent: all of the tenant's. */
  readonly states?: readonly string[];
}

export interface EraseSlice {
  readonly done: boolean;
  /** Of the overwriting, from 0 to 1. */
  readonly share: number;
  readonly deleted: readonly string[];
  readonly states: number;
  readonly overwrittenBytes: number;
  readonly damaged: readonly string[];
  readonly aside: readonly string[];
  readonly tookMs: number;
  /** The file rests for somebody who reads it: nothing could be done now. */
  readonly isHeld?: true;
  /** As in {@link CompactSlice}. */
  readonly epochNeeded?: number;
}

/** One group commit. Logs travel as text ({@link encodeLine}), so that crossing a thread costs a copy and nothing per record. */
export interface Batch {
  readonly id: number;
  /** Whether any of it asks for `disk`. */
  readonly sync: boolean;
  /** Appends to logs, a line each. */
  readonly lines: string;
  /** First lines of runs, each to be left out when its run exists. */
  readonly creates: string;
  /** Runs whose records move from the journal to a place of their own ({@link encodeSegment}), a line each. */
  readonly segments: string;
  readonly rows: readonly Row[];
  /** Journal entries below this id are no longer needed. */
  readonly dropBelow: number;
}

/** Writes that are rare enough for a row of their own. */
export type Row =
  /** `late`: to a run that has ended; it is not kept where that is gone. */
  | { readonly op: 'command'; readonly key: string; readonly command: Command; readonly late?: boolean }
  | { readonly op: 'state'; readonly key: string; readonly value: string; readonly rev: number }
  | { readonly op: 'replay'; readonly key: string; readonly seq: number; readonly replay: string }
  | { readonly op: 'epoch'; readonly key: string; readonly epoch: number; readonly born: number; readonly fingerprint: string };

/** A run that existed, or whose row cannot be read. */
export type Dup = { readonly key: string } & ({ readonly stored: Stored } | { readonly error: ErrorBody });

export type Receipt =
  | {
      readonly ok: true;
      /** Of `creates`, those that existed already. */
      readonly dups: readonly Dup[];
      /** For each row in order: whether it was applied (a command that was there, a state with another revision: not). */
      readonly applied: readonly boolean[];
    }
  | { readonly ok: false; readonly full: boolean; readonly message: string };

/** What a persister found when it was opened: runs that are not done, or whose end is only in the journal, oldest first. */
export interface Recovered {
  readonly runs: readonly RecoveredRun[];
  /** The id of the next batch. */
  readonly nextId: number;
  /** The first batch that is still in the journal (0: none), and the journal's size. */
  readonly firstId: number;
  readonly chars: number;
  /** The machine went down uncleanly with `process` text outstanding: readers may have seen what is gone. */
  readonly regressed: boolean;
  /** The epoch with which new runs begin. */
  readonly epoch: number;
  /** What was damaged, and what became of it. */
  readonly found: readonly Damage[];
  /** Erasures that were begun and have not deleted all, or that an older copy of the data does not know of. */
  readonly erasures?: readonly Erasure[];
  /** Of others all is deleted, and not overwritten yet. */
  readonly isDeleted?: boolean;
}

export interface RecoveredRun {
  readonly key: string;
  readonly head: Head;
  readonly born: number;
  readonly fingerprint: string;
  readonly creation: string;
  readonly commands: readonly Command[];
  /** Records that are in the journal only. */
  readonly pieces: readonly Piece[];
  /** Records or commands of it are lost: what. */
  readonly damage?: string;
}
