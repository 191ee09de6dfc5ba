import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { OpenClawError } from '@openclaw-runtime/protocol';
import type { Command, Snapshot, Versioned } from '../contract/store.ts';
import { cutPiece, limitPiece, type Piece, splitBody, splitPiece, verifyPiece } from '../hall/chunk.ts';
import { decodeLines, decodeSegments, type Line, type Segment, splitLines } from '../hall/line.ts';
import type { Batch, Dup, Receipt, Recovered, RecoveredRun, Row, Stored } from '../hall/persister.ts';
import { damaged as damagedAt, sealOf } from './damage.ts';
import { describe, isFull } from './database.ts';
import { createRunRows, type RunRow } from './run-rows.ts';

/** The data file, used from one thread, synchronously. Every stored text has a checksum that is compared before it is given out. */
export interface DataFile {
  commit(batch: Batch): Receipt;
  load(key: string, after: number, maxBytes: number): Stored | undefined;
  snapshot(key: string): Snapshot | undefined;
  state(key: string): Versioned | undefined;
  recover(boot: string): Recovered;
  hasCommand(key: string, id: string): boolean;
  hasRuns(): boolean;
  close(): void;
}

/** A page read from a segment has the whole segment read, checked and taken apart. */
const SEGMENT_CHARS = 256 * 1024;

/** Journal rows are deleted this many commits at a time. */
const DROP_EVERY = 64;

export function createDataFile(db: DatabaseSync, path: string): DataFile {
  const sql = prepare(db);
  const runRows = createRunRows(db, path);
  const damaged = (what: string): OpenClawError => damagedAt(path, what);
  let full = true;
  let dropped = 0;
  let droppable = 0;
  /** A commit failed part way: what it wrote to the write-ahead log lies beyond its end, and would look like damage after a crash. */
  let litter = false;

  const apply = (row: Row): boolean => {
    switch (row.op) {
      case 'command':
        return putCommand(row.key, row.command.id, JSON.stringify(row.command));
      case 'state': {
        const seal = sealOf(row.key, row.rev + 1, row.value);
        const { changes } =
          row.rev === 0 ? sql.newState.run(row.key, row.value, seal) : sql.putState.run(row.value, seal, row.key, row.rev);
        return changes === 1;
      }
      case 'snapshot': {
        const { seq, h, fold } = row.snapshot;
        return sql.putSnapshot.run(row.key, seq, h, sealOf(row.key, seq, h, fold), fold).changes === 1;
      }
      case 'epoch': {
        const { key, epoch, born, fingerprint } = row;
        runRows.put({ seq: 0, h: 0, done: 0, born, fingerprint, segments: '', ...runRows.find(key), key, epoch });
        return true;
      }
    }
  };

  const putCommand = (key: string, id: string, body: string): boolean =>
    sql.putCommand.run(key, id, key, body, sealOf(key, id, body)).changes === 1;

  const place = ({ key, head, born, fingerprint, piece }: Segment): void => {
    const before = piece.first === 1 ? '' : runRows.find(key)?.segments;
    if (before === undefined) throw damaged(`the row of run ${key}`);
    const refs = splitPiece(piece, SEGMENT_CHARS).map((part) => `${putSegment(key, part)}:${part.first}`);
    const { epoch, seq, h, done } = head;
    const segments = [...(before === '' ? [] : [before]), ...refs].join(',');
    runRows.put({ key, epoch, seq, h, done: done ? 1 : 0, born, fingerprint, segments });
  };

  const putSegment = (key: string, { first, count, before, h, body }: Piece): number | bigint =>
    sql.putSegment.run(first, count, before, h, sealOf(key, first, count, before, h, body), body).lastInsertRowid;

  const stored = (row: RunRow): Stored => ({ head: headOf(row), fingerprint: row.fingerprint, before: row.h });

  const segment = (key: string, ref: SegmentRef): Piece => {
    const row = sql.getSegment.get(ref.id) as
      | { first: number; count: number; before: number; h: number; crc: number; body: string }
      | undefined;
    const { first, count, before, h, body, crc } = row ?? { first: 0, count: 0, before: 0, h: 0, body: '', crc: 0 };
    if (!row || sealOf(key, first, count, before, h, body) !== crc) throw damaged(`segment ${ref.id} of run ${key}`);
    return { first, count, before, h, body };
  };

  const load = (key: string, after: number, maxBytes: number): Stored | undefined => {
    const row = runRows.find(key);
    if (!row) return undefined;
    if (after >= row.seq) return stored(row);
    const ref = segmentRefs(row.segments).findLast(({ first }) => first <= after + 1);
    if (!ref) throw damaged(`the list of segments of run ${key}`);
    const piece = limitPiece(cutPiece(segment(key, ref), after), maxBytes);
    return { ...stored(row), before: piece.before, piece };
  };

  /** One damaged run refuses its own creation, not the batch. */
  const findDup = (key: string): Dup | undefined => {
    try {
      const row = runRows.find(key);
      return row && { key, stored: stored(row) };
    } catch (error) {
      return { key, error: describe(error, path).toBody() };
    }
  };

  const commit = (batch: Batch): Receipt => {
    if (batch.sync !== full) {
      full = batch.sync;
      db.exec(full ? 'PRAGMA synchronous = FULL' : 'PRAGMA synchronous = NORMAL');
    }
    db.exec('BEGIN IMMEDIATE');
    try {
      const dups: Dup[] = [];
      let lines = batch.lines;
      for (const { key, line } of splitLines(batch.creates)) {
        const dup = findDup(key);
        if (dup) dups.push(dup);
        else lines += line;
      }
      if (lines !== '') sql.putJournal.run(batch.id, crc32(lines, batch.id), lines);
      for (const each of decodeSegments(batch.segments)) place(each);
      const applied = batch.rows.map(apply);
      droppable = batch.dropBelow;
      if (batch.dropBelow - dropped >= DROP_EVERY) {
        sql.dropJournal.run(batch.dropBelow);
        dropped = batch.dropBelow;
      }
      db.exec('COMMIT');
      if (litter) sweep();
      return { ok: true, dups, applied };
    } catch (error) {
      litter = true;
      if (db.isTransaction) db.exec('ROLLBACK');
      return { ok: false, full: isFull(error), message: (error as Error).message };
    }
  };

  /** The commit before it stands, whatever becomes of this: it is tried again after the next one. */
  const sweep = (): void => {
    try {
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      litter = false;
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  };

  const recover = (boot: string): Recovered => {
    const runs = new Map<string, Mutable<RecoveredRun>>();
    const adopt = (row: RunRow): Mutable<RecoveredRun> => {
      const refs = segmentRefs(row.segments);
      const creation = refs[0] ? (splitBody(segment(row.key, refs[0]).body)[0] ?? '') : '';
      const run = {
        key: row.key,
        head: headOf(row),
        born: row.born,
        fingerprint: row.fingerprint,
        creation,
        commands: commandsOf(row.key),
        pieces: [],
      };
      runs.set(row.key, run);
      return run;
    };
    const commandsOf = (key: string): Command[] =>
      (sql.getCommands.all(key) as { id: string; body: string; crc: number }[]).map(({ id, body, crc }) => {
        if (sealOf(key, id, body) !== crc) throw damaged(`command ${id} of run ${key}`);
        return JSON.parse(body) as Command;
      });

    for (const row of runRows.open()) adopt(row);
    const ended = new Set<string>();
    let firstId = 0;
    let lastId = 0;
    let chars = 0;
    for (const { id, crc, body } of sql.getJournal.iterate() as Iterable<{ id: number; crc: number; body: string }>) {
      if (crc32(body, id) !== crc) throw damaged(`journal entry ${id}`);
      firstId ||= id;
      lastId = id;
      chars += body.length;
      for (const line of readLines(id, body)) {
        if (ended.has(line.key)) continue;
        const known = runs.get(line.key);
        const row = known ? undefined : runRows.find(line.key);
        if (row?.done) ended.add(line.key);
        else if (known) extend(known, line, id);
        else extend(row ? adopt(row) : begin(runs, line, id, commandsOf(line.key)), line, id);
      }
    }
    const alive = [...runs.values()].filter((run) => run.head.seq > 0).sort((a, b) => a.born - b.born);
    const newest = alive.reduce((most, run) => Math.max(most, Math.floor(run.born / 65536)), lastId);
    const sameBoot = sql.getMeta.get('boot')?.['value'] === boot;
    const regressed = sql.getMeta.get('clean')?.['value'] === 0 && !sameBoot;
    sql.putMeta.run('boot', boot);
    sql.putMeta.run('clean', 0);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return { runs: alive, nextId: newest + 1, firstId, chars, regressed };
  };

  const readLines = (id: number, body: string): Line[] => {
    try {
      return decodeLines(body);
    } catch (error) {
      throw damaged(`journal entry ${id} (${(error as Error).message})`);
    }
  };

  const extend = (run: Mutable<RecoveredRun>, line: Line, id: number): void => {
    const piece: Piece = { ...line.chunk, before: run.head.h };
    const last = piece.first + piece.count - 1;
    if (last <= run.head.seq) return;
    if (piece.first !== run.head.seq + 1 || !verifyPiece(piece)) throw damaged(`journal entry ${id}, run ${run.key}, seq ${piece.first}`);
    if (piece.first === 1) run.creation = splitBody(piece.body)[0] ?? '';
    run.pieces.push(piece);
    run.head = { epoch: Math.max(run.head.epoch, line.epoch), seq: last, h: piece.h, done: false };
  };

  const guarded = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw describe(error, path);
    }
  };

  return {
    commit,
    load: (key, after, maxBytes) => guarded(() => load(key, after, maxBytes)),
    snapshot: (key) =>
      guarded(() => {
        const row = sql.getSnapshot.get(key) as { seq: number; h: number; crc: number; fold: string } | undefined;
        if (!row) return undefined;
        if (sealOf(key, row.seq, row.h, row.fold) !== row.crc) throw damaged(`the snapshot of run ${key}`);
        return { seq: row.seq, h: row.h, fold: row.fold };
      }),
    state: (key) =>
      guarded(() => {
        const row = sql.getState.get(key) as (Versioned & { readonly crc: number }) | undefined;
        if (!row) return undefined;
        if (sealOf(key, row.rev, row.value) !== row.crc) throw damaged(`the state ${key}`);
        return { value: row.value, rev: row.rev };
      }),
    recover: (boot) => guarded(() => recover(boot)),
    hasCommand: (key, id) => guarded(() => sql.getCommand.get(key, id) !== undefined),
    hasRuns: () => guarded(() => sql.anyRun.get() !== undefined),
    close: () => {
      sql.dropJournal.run(droppable);
      sql.putMeta.run('clean', 1);
      db.close();
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] };

interface SegmentRef {
  readonly id: number;
  readonly first: number;
}

function begin(runs: Map<string, Mutable<RecoveredRun>>, line: Line, id: number, commands: Command[]): Mutable<RecoveredRun> {
  const head = { epoch: line.epoch, seq: 0, h: 0, done: false };
  const run = { key: line.key, head, born: id * 65536 + runs.size, fingerprint: line.fingerprint, creation: '', commands, pieces: [] };
  runs.set(line.key, run);
  return run;
}

function headOf(row: RunRow): Stored['head'] {
  return { epoch: row.epoch, seq: row.seq, h: row.h, done: row.done === 1 };
}

function segmentRefs(text: string): SegmentRef[] {
  if (text === '') return [];
  return text.split(',').map((part) => {
    const [id, first] = part.split(':');
    return { id: Number(id), first: Number(first) };
  });
}

function prepare(db: DatabaseSync) {
  const statements = {
    putJournal: 'INSERT INTO journal VALUES (?, ?, ?)',
    dropJournal: 'DELETE FROM journal WHERE id < ?',
    anyRun: 'SELECT 1 FROM journal UNION ALL SELECT 1 FROM run LIMIT 1',
    getJournal: 'SELECT id, crc, body FROM journal ORDER BY id',
    putSegment: 'INSERT INTO segment VALUES (NULL, ?, ?, ?, ?, ?, ?)',
    getSegment: 'SELECT first, count, before, h, crc, body FROM segment WHERE id = ?',
    putCommand: 'INSERT OR IGNORE INTO command VALUES (?, ?, (SELECT count(*) FROM command WHERE key = ?), ?, ?)',
    getCommand: 'SELECT 1 FROM command WHERE key = ? AND id = ?',
    getCommands: 'SELECT id, body, crc FROM command WHERE key = ? ORDER BY at',
    newState: 'INSERT OR IGNORE INTO state VALUES (?, 1, ?, ?)',
    putState: 'UPDATE state SET value = ?, rev = rev + 1, crc = ? WHERE key = ? AND rev = ?',
    getState: 'SELECT value, rev, crc FROM state WHERE key = ?',
    putSnapshot: 'INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?, ?)',
    getSnapshot: 'SELECT seq, h, crc, fold FROM snapshot WHERE key = ?',
    putMeta: 'INSERT OR REPLACE INTO meta VALUES (?, ?)',
    getMeta: 'SELECT value FROM meta WHERE name = ?',
  } as const;
  return Object.fromEntries(Object.entries(statements).map(([name, text]) => [name, db.prepare(text)])) as Record<
    keyof typeof statements,
    StatementSync
  >;
}
