import { CHAIN_START, chain } from '@openclaw-runtime/protocol';
import type { Command, Head } from '../contract/store.ts';
import { joinPieces, type Piece, splitPiece } from './chunk.ts';
import type { RecoveredRun } from './persister.ts';

/**
 * One run in memory. Two ends: what was taken (`seq`, `h`) and what is durable (`head`); between them `pending`, which the next
 * commit takes, and `inflight`, which the current one carries.
 */
export interface Entry {
  readonly key: string;
  readonly born: number;
  readonly fingerprint: string;
  /** The first record's text; '' while it is shed. */
  creation: string;
  /** Records or commands of it are lost: what. */
  damage: string | undefined;
  epoch: number;
  seq: number;
  h: number;
  head: Head;
  pending: Piece | undefined;
  /** The pending records, or the flushed ones, end the run. */
  ending: boolean;
  /** Milliseconds since 1970, and the status, of the record that ends it; 0 and '' before. */
  ended: number;
  status: string;
  inflight: Piece | undefined;
  /** Durable records in memory, consecutive up to the head. */
  pieces: Piece[];
  bytes: number;
  /** Records up to here have a place of their own on disk and may leave memory. */
  placed: number;
  /** Id of the journal entry with the first record after `placed`; 0 when there is none. */
  journal: number;
  token: number;
  /** Those that their owner did not report as handled. */
  commands: Command[];
  /** Commands on their way to the disk, and who waits for there to be none. */
  incoming: number;
  quiet: (() => void)[] | undefined;
  /** Absent where there are none, as the waiters are: most runs have none most of the time. */
  followers: (() => void)[] | undefined;
  waiters: Waiter[] | undefined;
  /** Its place among those that are parked; -1 when it is none of them. */
  rank: number;
  /** Nothing of its log is in memory. */
  shed: boolean;
  /** As its owner has it. */
  waitsForBudget: boolean;
}

export interface Waiter {
  readonly seq: number;
  /** A full disk sends it away. */
  readonly hurried?: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

export function newEntry(key: string, born: number, creation: string, fingerprint: string, epoch = 1): Entry {
  const h = chain(CHAIN_START, creation);
  return {
    key,
    born,
    fingerprint,
    creation,
    damage: undefined,
    epoch,
    seq: 1,
    h,
    head: { epoch, seq: 0, h: CHAIN_START, done: false },
    pending: undefined,
    ending: false,
    ended: 0,
    status: '',
    inflight: { first: 1, count: 1, body: creation, before: CHAIN_START, h },
    pieces: [],
    bytes: 0,
    placed: 0,
    journal: 0,
    token: 0,
    commands: [],
    incoming: 0,
    quiet: undefined,
    followers: undefined,
    waiters: undefined,
    rank: -1,
    shed: false,
    waitsForBudget: false,
  };
}

export function recoveredEntry(run: RecoveredRun): Entry {
  const { head, pieces } = run;
  return {
    ...newEntry(run.key, run.born, run.creation, run.fingerprint),
    damage: run.damage,
    epoch: head.epoch,
    seq: head.seq,
    h: head.h,
    head,
    inflight: undefined,
    ending: head.done,
    pieces: pieces.flatMap((piece) => splitPiece(piece, PIECE_CHARS)),
    bytes: pieces.reduce((sum, piece) => sum + piece.body.length, 0),
    placed: (pieces[0]?.first ?? head.seq + 1) - 1,
    commands: [...run.commands],
  };
}

/** Of a piece in memory: a reader whose page ends inside of one takes it apart. */
const PIECE_CHARS = 64 * 1024;

/** Takes records behind what was taken before. Returns the characters added. */
export function takeRecords(entry: Entry, records: readonly string[]): number {
  const first = entry.seq + 1;
  const before = entry.h;
  let body = '';
  let h = before;
  for (const record of records) {
    h = chain(h, record);
    body = body === '' ? record : `${body},${record}`;
  }
  entry.seq += records.length;
  entry.h = h;
  const piece = { first, count: records.length, body, before, h };
  entry.pending = entry.pending ? joinPieces([entry.pending, piece]) : piece;
  return body.length;
}

/** The commit with the inflight records succeeded. */
export function settleEntry(entry: Entry): void {
  const piece = entry.inflight;
  if (!piece) return;
  entry.inflight = undefined;
  if (piece.body.length < PIECE_CHARS) entry.pieces.push(piece);
  else entry.pieces.push(...splitPiece(piece, PIECE_CHARS));
  entry.bytes += piece.body.length;
  const seq = piece.first + piece.count - 1;
  const head = { epoch: entry.epoch, seq, h: piece.h, done: entry.ending && seq === entry.seq };
  entry.head = entry.waitsForBudget ? { ...head, waits: true } : head;
  const [first, second] = entry.waiters ?? [];
  if (first && !second) {
    if (first.seq > seq) return;
    entry.waiters = undefined;
    first.resolve();
  } else if (entry.waiters) {
    const ready = entry.waiters.filter((waiter) => waiter.seq <= seq);
    const others = entry.waiters.filter((waiter) => waiter.seq > seq);
    entry.waiters = others.length > 0 ? others : undefined;
    for (const waiter of ready) waiter.resolve();
  }
}

/** The disk is full: whoever is in a hurry hears of it. */
export function refuseEntry(entry: Entry, error: unknown): void {
  for (const waiter of entry.waiters ?? []) if (waiter.hurried) waiter.reject(error);
  entry.waiters = entry.waiters?.filter((waiter) => !waiter.hurried);
}

/** The durable records that have no place of their own yet, with those in flight, in pieces that are not too long to be taken apart. */
export function unplaced(entry: Entry): Piece[] {
  const pieces = entry.pieces.filter((piece) => piece.first > entry.placed);
  if (entry.inflight) pieces.push(...splitPiece(entry.inflight, PIECE_CHARS));
  const joined: Piece[] = [];
  let some: Piece[] = [];
  let chars = 0;
  for (const piece of pieces) {
    some.push(piece);
    chars += piece.body.length;
    if (chars < PIECE_CHARS && piece !== pieces.at(-1)) continue;
    joined.push(joinPieces(some as [Piece, ...Piece[]]));
    [some, chars] = [[], 0];
  }
  return joined;
}

/** Lets the oldest placed records go, as long as `keepChars` stay. */
export function trimEntry(entry: Entry, keepChars: number): void {
  let gone = 0;
  for (const piece of entry.pieces) {
    if (entry.bytes - piece.body.length < keepChars || piece.first + piece.count - 1 > entry.placed) break;
    entry.bytes -= piece.body.length;
    gone++;
  }
  if (gone > 0) entry.pieces = entry.pieces.slice(gone);
}
