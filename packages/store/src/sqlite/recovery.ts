import type { DatabaseSync } from 'node:sqlite';
import { runOf } from '../contract/store.ts';
import { type Piece, splitBody, verifyPiece } from '../hall/chunk.ts';
import type { Line } from '../hall/line.ts';
import type { Recovered, RecoveredRun } from '../hall/persister.ts';
import { storedOf } from './commit.ts';
import { isDamage } from './damage.ts';
import { createErasedList } from './erased-list.ts';
import { fits, readMark, writeMark } from './mark-file.ts';
import { fingerprintOf } from './mend.ts';
import { freshEpoch } from './meta.ts';
import type { OpenRow, RunRow } from './run-rows.ts';
import { parseRefs } from './segments.ts';
import type { Tables } from './tables.ts';

export interface Opening {
  /** This boot of the machine. */
  readonly boot: string;
  /** This opening of the file. */
  readonly life: string;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
}

/**
 * What an earlier process left. From now on the file counts as in use. Damage concerns the runs in which it is: what their chains prove goes on, a gap ends them, and
 * whatever readers may have seen beyond is announced by a new epoch.
 */
export function recover(db: DatabaseSync, tables: Tables, opening: Opening): Recovered {
  const { found, meta } = tables;
  const runs = new Map<string, Mutable<RecoveredRun>>();
  for (const row of tables.runs.open()) adopt(tables, runs, row);
  const journal = replayJournal(tables, runs);
  const alive = [...runs.values()].filter((run) => run.head.seq > 0 || run.damage !== undefined).sort((a, b) => a.born - b.born);
  for (const { key, damage } of alive)
    if (damage !== undefined) found.push({ run: runOf(key), what: damage, repair: 'the run ends as needs_attention' });

  const lastId = alive.reduce(
    (most, run) => Math.max(most, Math.floor(run.born / 65536)),
    Math.max(journal.lastId, Number(meta.get('commit') ?? 0)),
  );
  const hasRegressed = begin(db, tables, opening, journal);
  const list = createErasedList(tables.path, meta);
  return {
    runs: alive,
    nextId: lastId + 1,
    firstId: journal.firstId,
    chars: journal.chars,
    regressed: hasRegressed,
    epoch: Number(meta.get('epoch') ?? 1),
    found,
    erasures: list.pending(),
    isDeleted: list.isDeleted(),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] };
type Runs = Map<string, Mutable<RecoveredRun>>;

/** Marks the file, and the folder, as in use by this opening. Whether readers may have seen what is gone: it is kept in mind until new epochs are on the disk. */
function begin(db: DatabaseSync, { meta, found, path }: Tables, { boot, life, wallMs }: Opening, journal: Journalled): boolean {
  const before = String(meta.get('life') ?? '');
  const commit = Math.max(journal.lastId, Number(meta.get('commit') ?? 0));
  // After a loss of power it is no wonder that the folder knew more.
  const hasLostPower = meta.get('clean') === 0 && meta.get('boot') !== boot;
  const isOlder = !fits(readMark(path), before, commit);
  if (isOlder && !hasLostPower)
    found.push({ what: 'the data are an older copy than the folder had', repair: 'runs that were not done go on in a new epoch' });
  const hasRegressed = hasLostPower || isOlder || journal.isDamaged || meta.get('renew') === 1;
  writeMark(path, { lives: [before, life], commit: isOlder ? 0 : commit }, true);
  db.exec('BEGIN IMMEDIATE');
  if (isOlder || found.length > 0) meta.put('epoch', freshEpoch(meta, wallMs));
  if (hasRegressed) meta.put('renew', 1);
  meta.put('boot', boot);
  meta.put('clean', 0);
  meta.put('life', life);
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  writeMark(path, { lives: [life], commit }, false);
  return hasRegressed;
}

interface Journalled {
  firstId: number;
  lastId: number;
  chars: number;
  isDamaged: boolean;
}

/** Applies what the journal holds of each run. */
function replayJournal(tables: Tables, runs: Runs): Journalled {
  const ended = new Set<string>();
  const sums = { firstId: 0, lastId: 0, chars: 0, isDamaged: false };
  const mayBeGone = tables.journal.hasLostMark();
  const lineOwner = (line: Line, id: number): Mutable<RecoveredRun> | undefined => {
    if (ended.has(line.key)) return undefined;
    const known = runs.get(line.key);
    if (known) return known;
    const row = rowOf(tables, line.key);
    if (row === 'damaged' || row?.row.done === 1) ended.add(line.key);
    else return row ? adopt(tables, runs, row) : start(tables, runs, line, id, mayBeGone);
    return undefined;
  };
  for (const { id, chars, lines, isDamaged } of tables.journal.read()) {
    sums.firstId ||= id;
    sums.lastId = id;
    sums.chars += chars;
    if (isDamaged) {
      sums.isDamaged = true;
      tables.found.push({ what: `journal entry ${id}`, repair: 'runs go on from what is intact, in a new epoch' });
    }
    for (const line of lines) {
      const run = lineOwner(line, id);
      if (run) extend(run, line, id, isDamaged);
    }
  }
  return sums;
}

function rowOf({ runs }: Tables, key: string): OpenRow | 'damaged' | undefined {
  try {
    const row = runs.find(key);
    return row && { row };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return 'damaged';
  }
}

/** A run that has a row. */
function adopt(tables: Tables, runs: Runs, { row, damage }: OpenRow): Mutable<RecoveredRun> {
  const { key, born, fingerprint } = row;
  const run: Mutable<RecoveredRun> = { key, head: storedOf(row).head, born, fingerprint, creation: '', commands: [], pieces: [] };
  if (damage !== undefined) run.damage = damage;
  unlessDamaged(run, 'the first record', () => {
    run.creation = creationOf(tables, row);
  });
  takeCommands(tables, run);
  runs.set(key, run);
  return run;
}

/** A damaged snapshot is no loss where the first record is there, or the snapshot before it. */
function creationOf({ snapshots, segments }: Tables, row: RunRow): string {
  try {
    if (row.snapshot !== 0) return snapshots.usable(row.snapshot, row.oldest).creation;
  } catch (error) {
    if (!isDamage(error) || row.oldest > 1) throw error;
  }
  const [first] = parseRefs(row.segments);
  return first ? (splitBody(segments.get(row.key, first).body)[0] ?? '') : '';
}

/** A run of which the journal alone knows. */
function start(tables: Tables, runs: Runs, { key, epoch, fingerprint }: Line, id: number, mayBeGone: boolean): Mutable<RecoveredRun> {
  const head = { epoch, seq: 0, h: 0, done: false };
  const run: Mutable<RecoveredRun> = { key, head, born: id * 65536 + runs.size, fingerprint, creation: '', commands: [], pieces: [] };
  if (mayBeGone) run.damage = 'whether the run was deleted';
  takeCommands(tables, run);
  runs.set(key, run);
  return run;
}

function takeCommands({ commands }: Tables, run: Mutable<RecoveredRun>): void {
  unlessDamaged(run, 'a command to the run', () => {
    run.commands = commands.all(run.key);
  });
}

function unlessDamaged(run: Mutable<RecoveredRun>, what: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!isDamage(error)) throw error;
    run.damage ??= what;
  }
}

/** What an entry says is taken when the run's chain proves it. A line of a damaged entry that it does not prove is as if it had never been: if others follow, they show the gap. */
function extend(run: Mutable<RecoveredRun>, line: Line, id: number, isDoubtful: boolean): void {
  const piece: Piece = { ...line.chunk, before: run.head.h };
  const last = piece.first + piece.count - 1;
  if (last <= run.head.seq) return;
  const isProven = piece.first === run.head.seq + 1 && verifyPiece(piece);
  const creation = piece.first === 1 && isProven ? (splitBody(piece.body)[0] ?? '') : run.creation;
  if (!isProven || (isDoubtful && piece.first === 1 && fingerprintOf(creation) !== line.fingerprint)) {
    if (!isDoubtful) run.damage ??= `records ${run.head.seq + 1} to ${last} (journal entry ${id})`;
    return;
  }
  run.creation = creation;
  run.pieces.push(piece);
  run.head = { epoch: Math.max(run.head.epoch, isDoubtful ? 0 : line.epoch), seq: last, h: piece.h, done: false };
}
