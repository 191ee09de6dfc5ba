import { applyRecord, decodeRecords, emptyFold } from '@openclaw-runtime/protocol';
import type { Command, Snapshot, Versioned } from '../../packages/store/src/contract/store.ts';
import { firstRecord } from '../../packages/store/src/hall/about.ts';
import { cutPiece, limitPiece, type Piece, verifyPiece } from '../../packages/store/src/hall/chunk.ts';
import { decodeLines, decodeSegments, type Line, type Segment } from '../../packages/store/src/hall/line.ts';
import type { Batch, Dup, Receipt, Recovered, RecoveredRun, Row, Stored } from '../../packages/store/src/hall/persister.ts';

/** What a disk holds: a pure function of the writes that reached it. */
export interface DiskState {
  readonly runs: Map<string, DiskRun>;
  readonly commands: Map<string, Command[]>;
  readonly states: Map<string, Versioned>;
}

export interface DiskRun {
  readonly key: string;
  readonly born: number;
  readonly fingerprint: string;
  epoch: number;
  done: boolean;
  /** All records, also those that were let go: for the judge. */
  pieces: Piece[];
  /** Up to here the records have a place of their own. */
  placed: number;
  /** Stands for all records, once they were let go. */
  snapshot: Snapshot | undefined;
}

/** A group commit, or the compaction of these runs. */
export type Write = Batch | { readonly compacted: readonly string[]; readonly id: number; readonly sync: true };

export function emptyState(): DiskState {
  return { runs: new Map(), commands: new Map(), states: new Map() };
}

/** Throws where the engine above gives it what does not continue its logs. */
export function applyWrite(state: DiskState, write: Write): Receipt {
  if ('compacted' in write) {
    for (const key of write.compacted) compact(state.runs.get(key) as DiskRun);
    return { ok: true, dups: [], applied: [] };
  }
  const dups: Dup[] = [];
  for (const line of decodeLines(write.creates)) {
    const known = state.runs.get(line.key);
    if (known) dups.push({ key: line.key, stored: storedOf(known) });
    else extend(state, line, write.id * 65536 + state.runs.size);
  }
  for (const line of decodeLines(write.lines)) extend(state, line, write.id * 65536 + state.runs.size);
  for (const segment of decodeSegments(write.segments)) place(state, segment);
  return { ok: true, dups, applied: write.rows.map((row) => applyRow(state, row)) };
}

/** Of the records that have a place of their own, the piece that begins at or holds the one after `after`. */
export function loadRun({ runs }: DiskState, key: string, after: number, maxBytes: number): Stored | undefined {
  const run = runs.get(key);
  if (!run) return undefined;
  const stored = storedOf(run);
  if (after >= stored.head.seq) return stored;
  if (run.snapshot) return { ...stored, expired: true };
  const piece = run.pieces.findLast(({ first }) => first <= after + 1);
  if (!piece) throw new Error(`the disk has no records of ${key} after ${after}`);
  const cut = limitPiece(cutPiece(piece, after), maxBytes);
  return { ...stored, before: cut.before, piece: cut };
}

/** What a new process finds. */
export function recoverState(state: DiskState, nextId: number, regressed: boolean): Recovered {
  const alive = [...state.runs.values()].filter((run) => !run.done).sort((a, b) => a.born - b.born);
  const runs = alive.map((run): RecoveredRun => {
    const [first] = run.pieces;
    const { key, born, fingerprint } = run;
    const pieces = run.pieces.filter((piece) => piece.first > run.placed);
    const commands = state.commands.get(key) ?? [];
    return { key, head: headOf(run), born, fingerprint, creation: first ? firstRecord(first.body) : '', commands, pieces };
  });
  return { runs, nextId, firstId: 1, chars: 0, regressed, epoch: 1, found: [] };
}

function extend(state: DiskState, { key, epoch, chunk, fingerprint }: Line, born: number): void {
  const run = state.runs.get(key) ?? newRun(state, key, born, fingerprint, epoch);
  run.epoch = Math.max(run.epoch, epoch);
  add(run, { ...chunk, before: headOf(run).h });
}

function place(state: DiskState, { key, head, born, fingerprint, piece }: Segment): void {
  const run = state.runs.get(key) ?? newRun(state, key, born, fingerprint, head.epoch);
  run.pieces = run.pieces.filter(({ first }) => first < piece.first);
  add(run, piece);
  run.epoch = Math.max(run.epoch, head.epoch);
  run.placed = headOf(run).seq;
  run.done = head.done;
}

function newRun(state: DiskState, key: string, born: number, fingerprint: string, epoch: number): DiskRun {
  const run: DiskRun = { key, born, fingerprint, epoch, done: false, pieces: [], placed: 0, snapshot: undefined };
  state.runs.set(key, run);
  return run;
}

function add(run: DiskRun, piece: Piece): void {
  const { seq, h, done } = headOf(run);
  if (done || piece.first !== seq + 1 || piece.before !== h || !verifyPiece(piece))
    throw new Error(`the disk was given records ${piece.first}.. of ${run.key}, which do not continue its log at ${seq}`);
  run.pieces.push(piece);
}

function compact(run: DiskRun): void {
  const fold = emptyFold();
  for (const { body, first } of run.pieces) for (const record of decodeRecords(body, first)) applyRecord(fold, record);
  const { seq, h } = headOf(run);
  run.snapshot = { seq, h, fold: JSON.stringify(fold), creation: firstRecord(run.pieces[0]?.body ?? '') };
}

function headOf(run: DiskRun): Stored['head'] {
  const last = run.pieces.at(-1);
  return { epoch: run.epoch, seq: last ? last.first + last.count - 1 : 0, h: last?.h ?? 0, done: run.done };
}

function storedOf(run: DiskRun): Stored {
  const head = headOf(run);
  return { head, fingerprint: run.fingerprint, before: head.h };
}

function applyRow(state: DiskState, row: Row): boolean {
  switch (row.op) {
    case 'command': {
      const known = state.commands.get(row.key) ?? [];
      if (known.some(({ id }) => id === row.command.id)) return false;
      state.commands.set(row.key, [...known, row.command]);
      return true;
    }
    case 'state':
      if ((state.states.get(row.key)?.rev ?? 0) !== row.rev) return false;
      state.states.set(row.key, { value: row.value, rev: row.rev + 1 });
      return true;
    case 'replay':
      return true;
    case 'epoch': {
      const run = state.runs.get(row.key);
      if (run) run.epoch = Math.max(run.epoch, row.epoch);
      return true;
    }
  }
}
