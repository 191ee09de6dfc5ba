import type { OpenClawError } from '@openclaw-runtime/protocol';

/**
 * The hallway between gateways and runtimes. Both face it and never each other.
 *
 * Shaped so that one process with a file and a cluster with JetStream can both provide it:
 * 1. all atomicity is inside one run (or one state key); nothing spans two;
 * 2. nothing needs a scan: every read names its key;
 * 3. the tenant is part of every key;
 * 4. one writer per run at a time, by lease; an append by an older lease is refused;
 * 5. what `read` returns is durable. There is no other way to see a record.
 */
export interface Store {
  readonly runs: Runs;
  readonly queue: Queue;
  readonly inbox: Inbox;
  readonly state: State;
  readonly presence: Presence;
  /** The run that this tenant's idempotency key names: always the same, unguessable without the store's secret. */
  runId(tenant: string, idempotencyKey: string): string;
  /** Resolves when the engine can no longer write and the process has to restart. Never rejects. */
  readonly failed: Promise<OpenClawError>;
  /** Makes durable what was accepted, then lets go of everything. */
  close(): Promise<void>;
}

/** `tenant/run`. */
export type RunKey = string & { readonly RunKey: unique symbol };

export function runKey(tenant: string, run: string): RunKey {
  return `${tenant}/${run}` as RunKey;
}

/** Where a log ends: durable up to `seq`, with chain value `h` there; `done` when `run.finished` is its last record. */
export interface Head {
  readonly epoch: number;
  readonly seq: number;
  readonly h: number;
  readonly done: boolean;
}

/** Consecutive records as they were encoded once: `body` is their JSON texts joined by commas; `h` is the chain after the last. */
export interface Chunk {
  readonly first: number;
  readonly count: number;
  readonly body: string;
  readonly h: number;
}

/** What follows a cursor: `before` is the chain value at the cursor (0 at seq 0); no chunk when there is nothing (yet). */
export interface Page {
  readonly head: Head;
  readonly before: number;
  readonly chunk?: Chunk;
}

export interface Snapshot {
  readonly seq: number;
  readonly h: number;
  /** JSON of the fold of records 1..seq. */
  readonly fold: string;
}

export interface Created {
  readonly created: boolean;
  readonly head: Head;
  /** Of the request that created the run, which may not be the caller's. */
  readonly fingerprint: string;
}

/** `process` survives the death of the process, `disk` that of the machine. */
export type Durability = 'process' | 'disk';

export interface Runs {
  /** The log's first append, on disk: one record, `run.created`. A run that exists is left as it is. The run is then offered by the queue until it is done. */
  create(key: RunKey, record: string, fingerprint: string): Promise<Created>;
  /**
   * The records after `after`, at most about `maxBytes` of them but at least one. Answers at once where it can.
   * Throws or rejects with `NOT_FOUND`, or `DATA_DAMAGED` where a checksum fails.
   */
  read(key: RunKey, after: number, maxBytes: number): Page | Promise<Page>;
  /** Calls back after each commit that moved this run's head, until the returned function is called. */
  follow(key: RunKey, onAdvance: () => void): () => void;
  /** The latest snapshot, if any. */
  snapshot(key: RunKey): Promise<Snapshot | undefined>;
  /** A reader proved that epoch `seen` lost records: the log goes on in a new epoch. Idempotent per epoch. */
  regress(key: RunKey, seen: number): Promise<Head>;
}

/** The right to write one run's log, until a later lease on it is given out. */
export interface Lease {
  readonly key: RunKey;
  /** The head when the lease was given. */
  readonly head: Head;
  /** The first record, `run.created`, as encoded. */
  readonly creation: string;
  /** Commands that arrived before this lease, oldest first, handled or not. */
  readonly commands: readonly Command[];
  /**
   * Takes the records into the next commit, in order. `done` says the last of them ends the run. Throws `FENCED` when the lease is no longer the
   * latest, `STORE_FAILED` when the engine is gone.
   */
  append(records: readonly string[], durability: Durability, done?: boolean): void;
  /** Resolves when all that was appended is durable; rejects when it never will be. */
  settled(): Promise<void>;
  /** Defined while too much waits for the disk: stop producing until it resolves. */
  full(): Promise<void> | undefined;
  /** Replaces the run's snapshot, with the next commit. `seq` must have been appended. */
  snapshot(snapshot: Snapshot): void;
}

export interface Consumer {
  /** Called once per run offered to this owner: new ones, and at start-up those that a dead owner left. */
  leased(lease: Lease): void;
  /** A durable command for a run whose lease this owner holds. Called once per command. */
  command(key: RunKey, command: Command): void;
  /** The lease is over though the run is not: another took it, or the store failed. */
  lost(key: RunKey, error: OpenClawError): void;
}

export interface Queue {
  /** Offers runs in the order of their creation, as long as fewer than `capacity` of them are unfinished. Ends with the returned function. */
  consume(owner: string, capacity: number, consumer: Consumer): () => void;
  /** Takes a run over from whoever holds it: what they appended before is durable in the lease's head, what they append later is refused. */
  claim(key: RunKey, owner: string): Promise<Lease>;
}

export interface Command {
  readonly id: string;
  readonly kind: string;
  readonly data?: unknown;
}

export interface Inbox {
  /**
   * Durable on disk when it resolves, and delivered to the run's owner. `dup` when a command with this id was there. Rejects with `NOT_FOUND`, and with
   * `RUN_FINISHED` for a run that is done, unless `late`.
   */
  put(key: RunKey, command: Command, late?: boolean): Promise<{ readonly dup: boolean }>;
}

export interface Versioned {
  readonly value: string;
  /** From 1; 0 means absent. */
  readonly rev: number;
}

export interface State {
  get(tenant: string, key: string): Promise<Versioned | undefined>;
  /** Writes if `rev` is still the current one (0: if absent); resolves to the new revision, rejects with `STATE_CONFLICT`. */
  put(tenant: string, key: string, value: string, rev: number): Promise<number>;
}

export interface Member {
  readonly id: string;
  readonly kind: 'gateway' | 'host';
  readonly url?: string;
}

export interface Presence {
  /** Visible to others until the returned function is called, or this process dies. */
  announce(member: Member): () => void;
  list(): Promise<readonly Member[]>;
}
