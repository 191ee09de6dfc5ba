import { type Clock, SlotMap } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { joinPieces } from './chunk.ts';
import { type Entry, refuseEntry, settleEntry, takeRecords, trimEntry, unplaced } from './entry.ts';
import { createJournalWindow } from './journal-window.ts';
import { encodeLine, encodeSegment, type Segment } from './line.ts';
import type { Batch, Dup, Persister, Row, Stored } from './persister.ts';
import { statusOf } from './status.ts';

/**
 * Group commit. Everything that is to be durable is staged here; one batch is in flight at a time, and what gathers behind it is the next.
 *
 * 1. Nothing is visible (head, followers, promises) before the batch that carries it was acknowledged.
 * 2. A full disk rejects creations and rows; appends stay staged and are tried again, since nothing of the batch was written.
 * 3. Any other failure is final: a failed fsync says nothing about what is on disk, so nothing is tried again.
 * 4. A run's end moves all its records into a segment in the same commit; a long or old run's are moved as they pile up. So the journal holds
 *    little and only of runs that are alive, and a restart reads no more than that.
 */
export interface Committer {
  append(entry: Entry, records: readonly string[], disk: boolean, done: boolean): void;
  create(entry: Entry): Promise<Creation>;
  /** Resolves to whether the row was applied. */
  row(row: Row): Promise<boolean>;
  /** A row whose fate nobody waits for, and that the machine may lose. */
  rowLater(row: Row): void;
  /** Defined while too much is staged. */
  full(): Promise<void> | undefined;
  /** Throws `STORE_FAILED` when nothing will be written any more. */
  check(): void;
  /** Moves the run's records into a segment, with one of the next commits, and then says `placed`; at once where they are in one. */
  place(entry: Entry): void;
  /** Resolves when all that is staged now is durable. Rejects with `STORE_FAILED`. */
  flushed(): Promise<void>;
  /** Resolves when nothing is staged or in flight, for good: what was to be placed stays where it is. */
  idle(): Promise<void>;
  nextBorn(): number;
  /** Takes on runs with records that an earlier process left in the journal. */
  adopt(entries: readonly Entry[], firstId: number, chars: number): void;
}

export type Creation = { readonly created: true } | { readonly created: false; readonly stored: Stored };

export interface CommitterEvents {
  /** A batch is acknowledged; what it moved is told next. */
  acknowledged(): void;
  /** After each acknowledged batch, for each run it moved. */
  moved(entry: Entry): void;
  /** Records of a run that goes on have moved into a segment. */
  placed(entry: Entry): void;
  failed(error: OpenClawError): void;
}

/** Characters staged before producers are asked to wait, and journal characters kept before old runs are moved out of it. */
const FULL_CHARS = 16 * 1024 * 1024;
const JOURNAL_CHARS = 16 * 1024 * 1024;
const RUN_CHARS = 256 * 1024;
const MOVES_PER_COMMIT = 64;
const RETRY_FULL_MS = 250;
const GAP_PER_RUN_MS = 0.05;

/**
 * Milliseconds between two commits: a quiet store commits soon, a busy one lets more gather, since what a commit, and each
 * frame that follows it, costs hardly depends on how much it carries.
 */
export interface Gap {
  readonly minMs: number;
  readonly maxMs: number;
}

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function createCommitter(persister: Persister, clock: Clock, gap: Gap, firstId: number, events: CommitterEvents): Committer {
  let phase: 'idle' | 'scheduled' | 'committing' | 'failed' = 'idle';
  let nextId = firstId;
  let births = 0;
  let lastFlush = Number.NEGATIVE_INFINITY;
  let gapMs = gap.minMs;
  let stagedChars = 0;
  let sync = false;
  let staged: Entry[] = [];
  let creates: { entry: Entry; waiting: Waiting<Creation> }[] = [];
  let rows: { row: Row; waiting: Waiting<boolean> | undefined }[] = [];
  const journal = createJournalWindow();
  /** Runs whose records are to get a place. */
  let places: Entry[] = [];
  let isClosing = false;
  let drained: Waiting<void>[] = [];
  let idlers: (() => void)[] = [];

  const schedule = (): void => {
    if (phase !== 'idle') return;
    phase = 'scheduled';
    const wait = lastFlush + gapMs - clock.now();
    if (wait <= 0) queueMicrotask(flush);
    else clock.after(wait, flush);
  };

  const flush = (): void => {
    if (phase !== 'scheduled') return;
    phase = 'committing';
    lastFlush = clock.now();
    const id = nextId++;
    births = 0;
    const segments: Segment[] = [];
    let lines = '';
    let chars = 0;
    const moving = staged;
    gapMs = Math.min(gap.maxMs, Math.max(gap.minMs, moving.length * GAP_PER_RUN_MS));
    for (const entry of moving) {
      entry.inflight = entry.pending;
      entry.pending = undefined;
      if (!entry.inflight) continue;
      if (entry.ending || entry.bytes > RUN_CHARS) segments.push(...segmentsOf(entry));
      else {
        const line = encodeLine(entry.key, entry.epoch, entry.inflight);
        journal.mark(entry, id);
        lines += line;
        chars += line.length;
      }
    }
    const aged = journal.chars > JOURNAL_CHARS ? journal.oldest(MOVES_PER_COMMIT, (entry) => !placing.has(entry.key)) : [];
    for (const entry of aged) segments.push(...segmentsOf(entry));
    const displaced = places.slice(0, MOVES_PER_COMMIT);
    places = places.slice(MOVES_PER_COMMIT);
    for (const entry of displaced) if (!placing.has(entry.key)) segments.push(...segmentsOf(entry));
    let born = '';
    for (const { entry } of creates) {
      born += encodeLine(entry.key, entry.epoch, entry.inflight as NonNullable<Entry['inflight']>, entry.fingerprint);
      journal.mark(entry, id);
    }
    chars += born.length;
    journal.add(id, chars);
    const moves = segments.map(encodeSegment).join('');
    const batch: Batch = {
      id,
      sync,
      lines,
      creates: born,
      segments: moves,
      rows: rows.map(({ row }) => row),
      dropBelow: journal.lowWater(id),
    };
    const sent = { moving, creates, rows, segments, displaced, sync };
    staged = [];
    creates = [];
    rows = [];
    sync = false;
    stagedChars = 0;
    persister.commit(batch).then(
      (receipt) => {
        if (receipt.ok) acknowledge(sent, receipt.dups, receipt.applied);
        else if (receipt.full) refuse(sent, receipt.message);
        else fail(sent, `The store could not write: ${receipt.message}. Restart the process; it verifies its data as it opens them.`);
      },
      (error: unknown) => fail(sent, `The store broke off: ${(error as Error).message}. Restart the process.`),
    );
  };

  const acknowledge = (sent: Sent, dups: readonly Dup[], applied: readonly boolean[]): void => {
    phase = 'idle';
    events.acknowledged();
    const existing = new Map(dups.map((dup) => [dup.key, dup]));
    for (const { entry, waiting } of sent.creates) {
      const dup = existing.get(entry.key);
      // What was not created has nothing in the journal, and must not keep it.
      if (dup) entry.journal = 0;
      if (dup && 'stored' in dup) waiting.resolve({ created: false, stored: dup.stored });
      else if (dup) waiting.reject(OpenClawError.fromBody(dup.error));
      else {
        settleEntry(entry);
        waiting.resolve({ created: true });
        events.moved(entry);
      }
    }
    for (const entry of sent.moving) settleEntry(entry);
    for (const segment of sent.segments) placed(segment);
    placing.clear();
    for (const entry of sent.moving) events.moved(entry);
    sent.rows.forEach(({ waiting }, i) => {
      waiting?.resolve(applied[i] ?? false);
    });
    const waiters = drained;
    drained = [];
    for (const waiter of waiters) waiter.resolve();
    next();
  };

  const placed = ({ key, piece }: Segment): void => {
    const entry = placing.get(key);
    if (!entry) return;
    entry.placed = piece.first + piece.count - 1;
    entry.journal = 0;
    if (entry.ending) return;
    if (persister.loads) trimEntry(entry, RUN_CHARS / 4);
    events.placed(entry);
  };

  const refuse = (sent: Sent, message: string): void => {
    const error = new OpenClawError(
      'STORE_FULL',
      `The disk is full (${message}). Free some space; what was accepted is kept and written then.`,
      { retryAfterMs: 1000 },
    );
    placing.clear();
    if (!isClosing) places = [...sent.displaced, ...places];
    for (const { entry, waiting } of sent.creates) {
      entry.journal = 0;
      waiting.reject(error);
    }
    for (const { row, waiting } of sent.rows) {
      if (waiting) waiting.reject(error);
      else rows.push({ row, waiting });
    }
    for (const entry of sent.moving) {
      restage(entry);
      refuseEntry(entry, error);
    }
    sync ||= sent.sync;
    if (staged.length + creates.length + rows.length + places.length === 0) {
      phase = 'idle';
      return next();
    }
    phase = 'scheduled';
    clock.after(RETRY_FULL_MS, flush);
  };

  const restage = (entry: Entry): void => {
    const back = entry.inflight;
    if (!back) return;
    entry.inflight = undefined;
    if (!entry.pending) staged.push(entry);
    entry.pending = entry.pending ? joinPieces([back, entry.pending]) : back;
    stagedChars += back.body.length;
  };

  const fail = (sent: Sent, message: string): void => {
    phase = 'failed';
    const error = new OpenClawError('STORE_FAILED', message);
    for (const { waiting } of [...sent.creates, ...creates]) waiting.reject(error);
    for (const { waiting } of [...sent.rows, ...rows]) waiting?.reject(error);
    for (const waiter of drained) waiter.reject(error);
    for (const idler of idlers) idler();
    events.failed(error);
  };

  const next = (): void => {
    if (staged.length > 0 || creates.length > 0 || rows.length > 0 || places.length > 0) return schedule();
    const waiting = idlers;
    idlers = [];
    for (const idler of waiting) idler();
  };

  /** Runs being moved into segments by the batch in flight. */
  const placing = new SlotMap<string, Entry>();
  const segmentsOf = (entry: Entry): Segment[] => {
    placing.set(entry.key, entry);
    const { key, born, fingerprint } = entry;
    return unplaced(entry).map((piece) => {
      const seq = piece.first + piece.count - 1;
      const head = { epoch: entry.epoch, seq, h: piece.h, done: entry.ending && seq === entry.seq };
      const end = head.done ? { status: entry.status, ended: entry.ended } : { status: '', ended: 0 };
      return { key, head, born, ...end, fingerprint, piece };
    });
  };

  const check = (): void => {
    if (phase === 'failed') throw new OpenClawError('STORE_FAILED', 'The store has failed; restart the process.');
  };

  return {
    check,
    append(entry, records, disk, done) {
      check();
      if (!entry.pending) staged.push(entry);
      stagedChars += takeRecords(entry, records);
      if (done) {
        entry.ending = true;
        entry.ended = clock.wall();
        entry.status = statusOf(records.at(-1) ?? '');
      }
      if (disk) sync = true;
      schedule();
    },
    create(entry) {
      if (phase === 'failed') return Promise.reject(new OpenClawError('STORE_FAILED', 'The store has failed; restart the process.'));
      return new Promise((resolve, reject) => {
        creates.push({ entry, waiting: { resolve, reject } });
        sync = true;
        schedule();
      });
    },
    row(row) {
      if (phase === 'failed') return Promise.reject(new OpenClawError('STORE_FAILED', 'The store has failed; restart the process.'));
      return new Promise((resolve, reject) => {
        rows.push({ row, waiting: { resolve, reject } });
        sync = true;
        schedule();
      });
    },
    rowLater(row) {
      if (phase === 'failed') return;
      rows.push({ row, waiting: undefined });
      schedule();
    },
    full() {
      if (stagedChars < FULL_CHARS || phase === 'failed') return undefined;
      return new Promise((resolve, reject) => drained.push({ resolve, reject }));
    },
    place(entry) {
      if (phase === 'failed') return;
      if (entry.placed === entry.seq) return events.placed(entry);
      places.push(entry);
      schedule();
    },
    async flushed() {
      // What is staged goes with the batch behind the one in flight.
      for (let batch = 0; batch < 2 && phase !== 'idle'; batch++) {
        check();
        await new Promise<void>((resolve, reject) => drained.push({ resolve, reject }));
      }
    },
    idle() {
      places = [];
      isClosing = true;
      if (phase === 'idle' || phase === 'failed') return Promise.resolve();
      return new Promise((resolve) => idlers.push(resolve));
    },
    adopt(entries, id, chars) {
      for (const entry of entries) if (entry.pieces.length > 0) journal.mark(entry, id);
      journal.add(id, chars);
    },
    nextBorn: () => nextId * 65536 + (births++ % 65536),
  };
}

interface Sent {
  readonly moving: readonly Entry[];
  readonly creates: readonly { readonly entry: Entry; readonly waiting: Waiting<Creation> }[];
  readonly rows: readonly { readonly row: Row; readonly waiting: Waiting<boolean> | undefined }[];
  readonly segments: readonly Segment[];
  readonly displaced: readonly Entry[];
  readonly sync: boolean;
}
