import type { Fork, OpenClawError, Status } from '@openclaw-runtime/protocol';

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
  readonly upkeep: Upkeep;
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

/** Of the key of a run, or of a value of the state. */
export function tenantOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

/** The id of the run of a key. */
export function runOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

/** Where a log ends: durable up to `seq`, with chain value `h` there; `done` when `run.finished` is its last record. */
export interface Head {
  readonly epoch: number;
  readonly seq: number;
  readonly h: number;
  readonly done: boolean;
  /** Its owner says that it waits for a budget. */
  readonly waits?: boolean;
}

/** Consecutive records as they were encoded once: `body` is their JSON texts joined by commas; `h` is the chain after the last. */
export interface Chunk {
  readonly first: number;
  readonly count: number;
  readonly body: string;
  readonly h: number;
}

/** What follows a cursor: a chunk, or a snapshot, or neither when there is nothing (yet). */
export interface Page {
  readonly head: Head;
  /** The chain value from which reading goes on: at the cursor (0 at seq 0), or at the snapshot. */
  readonly before: number;
  readonly chunk?: Chunk;
  /** Records after the cursor are gone: this stands for records 1..seq, and reading goes on after its seq. */
  readonly snapshot?: Snapshot;
}

/** What a run's records 1..seq come to. */
export interface Snapshot {
  readonly seq: number;
  readonly h: number;
  /** JSON of the fold of records 1..seq. */
  readonly fold: string;
  /** The first record, `run.created`, as encoded: no fold has it. */
  readonly creation: string;
  /** What the run's owner saved last ({@link Lease.saveReplay}); absent when it saved nothing, and once the run's records have gone after its end. */
  readonly replay?: string;
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
  /** The latest snapshot, if any: the engine makes one as a run grows long. */
  snapshot(key: RunKey): Promise<Snapshot | undefined>;
  /** A tenant's runs, those at work and those that ended. Rejects with `DATA_DAMAGED` where one of them fails its checksum. */
  list(tenant: string, query: ListQuery): Promise<RunList>;
  /** A reader proved that epoch `seen` lost records: the log goes on in a new epoch. Idempotent per epoch. */
  regress(key: RunKey, seen: number): Promise<Head>;
}

/** Which of a tenant's runs are listed. */
export interface ListQuery {
  /** At least 1. */
  readonly limit: number;
  /** Only those born before: the `next` of the page before. */
  readonly before?: number;
  readonly status?: Status;
  /** Only those whose ids begin so. */
  readonly prefix?: string;
}

export interface RunList {
  /** Newest first. A page may be shorter than its limit though others follow. */
  readonly runs: readonly RunSummary[];
  /** Absent when none follow. */
  readonly next?: number;
}

/** What a list says of a run. Times are milliseconds since 1970. */
export interface RunSummary {
  readonly run: string;
  readonly agent: string;
  /** As it was asked for. */
  readonly model?: string;
  readonly session?: string;
  /** The run that started it. */
  readonly parent?: string;
  readonly fork?: Pick<Fork, 'run' | 'seq'>;
  readonly status: Status;
  readonly epoch: number;
  readonly head: number;
  /** Its place among all runs: later ones have larger numbers. */
  readonly born: number;
  readonly createdMs: number;
  readonly endedMs?: number;
}

/** The right to write one run's log, until a later lease on it is given out. */
export interface Lease {
  readonly key: RunKey;
  /** The head when the lease was given. */
  readonly head: Head;
  /** The first record, `run.created`, as encoded. */
  readonly creation: string;
  /** Records or commands of the run are lost that cannot be known again: what. Its owner ends it as `needs_attention`; `creation` may be empty. */
  readonly damage?: string | undefined;
  /** Commands that arrived before this lease, oldest first: all that were not reported as handled, and perhaps others. */
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
  /**
   * Defined while commands are on their way to this owner; resolves, never rejects, when they are with it or were refused. Whoever ends a run appends the end in
   * a turn in which this is undefined: then no command was accepted that its log does not know.
   */
  incoming(): Promise<void> | undefined;
  /** The log says what there is to say of this command: it waits no more. */
  handled(id: string): void;
  /**
   * Lists say from now on that the run waits for a budget, or that it does not; no longer than this process lives.
   */
  show(status: 'running' | 'budget_exhausted'): void;
  /**
   * With the next commit, replaces what an owner needs besides the fold of records 1..seq to go on from there; opaque to the store. Records of a run
   * that goes on are only let go up to the seq of its latest one, which must be durable.
   */
  saveReplay(seq: number, replay: string): void;
  /**
   * Gives the lease back for a while: the run takes no place of those that the owner has, hardly takes memory, and is offered again, at once, when a command for it
   * comes, and otherwise `forMs` from now; at once where that is 0. A restart offers it too. Nothing happens where the lease is no longer the latest.
   */
  park(forMs: number): void;
}

export interface Consumer {
  /** Called once per run offered to this owner: new ones, and at start-up those that a dead owner left. */
  leased(lease: Lease): void;
  /** A durable command for a run whose lease this owner holds. Called once per command. */
  command(key: RunKey, command: Command): void;
  /** A durable command that came when its run had ended. Called once per command at most: nobody is told of it after a restart. */
  late?(key: RunKey, command: Command): void;
  /** The lease is over though the run is not: another took it, or the store failed. */
  lost(key: RunKey, error: OpenClawError): void;
}

/** How many runs an owner takes at once; a function is asked each time that one could be offered. */
export type Capacity = number | (() => number);

export interface Queue {
  /**
   * Offers runs in the order of their creation, as long as fewer than `capacity` of them are unfinished; those that another run started at once, since that one waits
   * for them. Ends with the returned function.
   */
  consume(owner: string, capacity: Capacity, consumer: Consumer): () => void;
  /** Takes a run over from whoever holds it: what they appended before is durable in the lease's head, what they append later is refused. */
  claim(key: RunKey, owner: string): Promise<Lease>;
  readonly line: QueueLine;
}

/** Runs that wait until an owner has room for them. */
export interface QueueLine {
  readonly waiting: number;
  /** Runs that have left it, or never had to wait in it. */
  readonly passed: number;
}

export interface Command {
  readonly id: string;
  readonly kind: string;
  readonly data?: unknown;
}

export interface Inbox {
  /**
   * Durable on disk when it resolves, and delivered to the run's owner. `dup` when a command with this id was there. Rejects with `NOT_FOUND`, with
   * `RUN_FINISHED` for a run that is done, unless `late`, and with `RATE_LIMITED` when `maxWaiting` commands wait to be handled. While a run's end is on its
   * way to the disk, it waits for that.
   */
  put(key: RunKey, command: Command, late?: boolean, maxWaiting?: number): Promise<{ readonly dup: boolean }>;
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

/** What becomes of runs that have ended. */
export interface RetentionRules {
  /** Milliseconds from a run's end until its snapshot stands for its records. */
  readonly compactAfterMs: number;
  /** Milliseconds from a run's end until nothing of it is left. Absent: never. */
  readonly deleteAfterMs?: number;
  /** Bytes to which runs that have ended are deleted, those that ended first before others. Absent: no limit. */
  readonly maxBytes?: number;
}

/** The rules of the whole store, whose `maxBytes` is about all it holds, and rules of single tenants in place of them. */
export interface RetentionPolicy extends RetentionRules {
  readonly tenants?: Readonly<Record<string, RetentionRules>>;
}

export interface CompactReport {
  /** Runs for whose records their snapshot stands now. */
  readonly compacted: number;
  readonly deleted: number;
  /** Bytes by which the store shrank on disk. */
  readonly freedBytes: number;
  /** Runs that were left as they are, since something of them is damaged. */
  readonly damaged: readonly { readonly key: RunKey; readonly message: string }[];
  /** Milliseconds of the longest time for which commits were held up. */
  readonly longestMs: number;
}

/** What is to be erased: one of a tenant's runs with those that it started, and what their sessions remember; without `run` all that there is of the tenant. */
export interface Erasure {
  readonly tenant: string;
  readonly run?: string;
}

/** What was erased; `runs` is absent for all of the tenant's. */
export interface Erased {
  readonly tenant: string;
  readonly runs?: readonly string[];
}

export interface EraseReport {
  readonly runs: number;
  /** Values of the state. */
  readonly states: number;
  /** Bytes of earlier data, of whomever, that lay in unused places of the file and are zeros now. */
  readonly overwrittenBytes: number;
  /** What may be left, since something is damaged. */
  readonly damaged: readonly string[];
  /** Names in the data folder of what was put there by a restore or a repair, and is not looked into: it may hold what was erased. */
  readonly aside: readonly string[];
  /** Milliseconds of the longest time for which commits were held up. */
  readonly longestMs: number;
}

export interface EraseOptions {
  /** From 0 to 1. */
  onProgress?(share: number): void;
}

export interface Upkeep {
  /**
   * Applies the policy as of `wallMs`, in slices between commits. A second call while one is at work gets that one's report. Runs that have not ended are
   * never deleted. Rejects with `STORE_FULL` or `STORE_FAILED` where it could not write; what was done until then stands.
   */
  compact(policy: RetentionPolicy, wallMs: number): Promise<CompactReport>;
  /**
   * Reads all that is stored and compares it with its checksums, its chains and its folds, beside the work. It sees what was durable when it began, and changes
   * nothing. Rejects with the signal's reason, with `RATE_LIMITED` when so much came in meanwhile that it had to be given up, with `NOT_IMPLEMENTED` by an engine
   * that keeps nothing.
   */
  verify(options?: VerifyOptions): Promise<VerifyReport>;
  /** A copy of all that was durable when it began, while work goes on. Rejects with `RATE_LIMITED` while another is taken, `NOT_IMPLEMENTED` like `verify`. */
  backup(): Promise<Backup>;
  /**
   * Deletes for good: when it resolves, no byte of it is left in the engine's files nor in its memory. Runs that are at work are taken from their owners and end as cancelled first. Meanwhile new
   * runs in its place are refused with `RATE_LIMITED`, commands with `NOT_FOUND`; who writes a state waits for the end, and is then refused with `STATE_CONFLICT`. What was begun goes on when the store is opened again, before anybody
   * can read. Rejects with `NOT_FOUND` for a run that is not there, `STORE_FULL` or `STORE_FAILED` where it could not write. Those that are asked for at a time cost hardly more than one.
   */
  erase(what: Erasure, options?: EraseOptions): Promise<EraseReport>;
  /** Calls back with what was erased, before `erase` resolves and after nobody can find it any more, until the returned function is called. */
  onErased(forget: (erased: Erased) => void | Promise<void>): () => void;
  /** What was found damaged when the store was opened, and what became of it. */
  readonly found: readonly Damage[];
}

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  /** From 0 to 1. */
  onProgress?(share: number): void;
}

export interface VerifyReport {
  readonly counts: {
    readonly runs: number;
    readonly records: number;
    readonly segments: number;
    readonly snapshots: number;
    readonly journal: number;
    readonly commands: number;
    readonly states: number;
  };
  /** Of the database. */
  readonly bytes: number;
  /** At most a thousand. Empty: all is well. */
  readonly damaged: readonly Damage[];
}

export interface Damage {
  /** The run it concerns, without its tenant; absent where that is not one, or not known. */
  readonly run?: string;
  readonly what: string;
  /** What mends it, or what it means. */
  readonly repair: string;
}

/** One file's content, which `restoreBackup` takes. */
export interface Backup {
  readonly bytes: number;
  /** To be read once; ends with an error when the copy is not whole. Leaving the loop ends the backup. */
  readonly parts: AsyncIterable<Uint8Array>;
  /** Ends a backup of which no part was read. */
  cancel(): Promise<void>;
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
