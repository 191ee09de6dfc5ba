import { OpenClawError } from '@openclaw-runtime/protocol';
import { type RetentionPolicy, type RetentionRules, tenantOf, type Versioned } from '../contract/store.ts';
import { cutPiece, limitPiece, type Piece } from '../hall/chunk.ts';
import { decodeSegments, splitLines } from '../hall/line.ts';
import type { CompactAsk, CompactSlice, Dup, EraseAsk, EraseSlice, Persister, Row, Stored } from '../hall/persister.ts';
import { listEnded } from './ended-list.ts';
import { createKeptRuns, type KeptRun } from './kept-runs.ts';

const LONG_RECORDS = 2048;
const KEPT_RECORDS = 4096;
const LIVE_CHARS = 4 * 1024 * 1024;

/** Keeps what a file would, the way a file would, as long as the process lives. */
export function createMemoryPersister(): Persister {
  const runs = createKeptRuns();
  const commands = new Map<string, Set<string>>();
  const states = new Map<string, Versioned>();
  const replays = new Map<string, { readonly seq: number; readonly replay: string }>();

  const apply = (row: Row): boolean => {
    switch (row.op) {
      case 'command': {
        if (row.late && !runs.all.has(row.key)) return false;
        const ids = commands.get(row.key) ?? new Set();
        if (ids.has(row.command.id)) return false;
        commands.set(row.key, ids.add(row.command.id));
        return true;
      }
      case 'state':
        if ((states.get(row.key)?.rev ?? 0) !== row.rev) return false;
        states.set(row.key, { value: row.value, rev: row.rev + 1 });
        return true;
      case 'replay':
        replays.set(row.key, row);
        return true;
      case 'epoch': {
        const run = runs.all.get(row.key);
        if (run) run.head = { ...run.head, epoch: row.epoch };
        return true;
      }
    }
  };

  const load = (key: string, after: number, maxBytes: number): Stored | undefined => {
    const run = runs.all.get(key);
    if (!run) return undefined;
    const stored = storedOf(run);
    if (after >= run.head.seq) return stored;
    const from = run.pieces.findLast(({ first }) => first <= after + 1);
    if (!from) return { ...stored, expired: true };
    const piece = limitPiece(cutPiece(from, after), maxBytes);
    return { ...stored, before: piece.before, piece };
  };

  const fold = (key: string): boolean => {
    const run = runs.all.get(key);
    if (!run || run.head.done || run.head.seq < LONG_RECORDS || !runs.fold(run)) return false;
    const upTo = Math.min(run.seq, replays.get(key)?.seq ?? 0, run.head.seq - KEPT_RECORDS);
    while (charsOf(run.pieces) > LIVE_CHARS && lastOf(run.pieces[0]) <= upTo) run.pieces.shift();
    return run.seq < run.head.seq;
  };

  const compact = ({ start, epoch }: CompactAsk): CompactSlice => {
    const slice = { compacted: [] as string[], deleted: [] as string[] };
    let epochNeeded = 0;
    const erase = (run: KeptRun): void => {
      if (run.head.epoch >= epoch) {
        epochNeeded = Math.max(epochNeeded, run.head.epoch + 1);
        return;
      }
      runs.erase(run);
      commands.delete(run.key);
      replays.delete(run.key);
      slice.deleted.push(run.key);
    };
    for (const run of ended(runs.all)) {
      if (!start) break;
      const { compactAfterMs, deleteAfterMs = Number.POSITIVE_INFINITY } = rulesFor(start.policy, run.key);
      const age = start.wallMs - run.ended;
      if (age >= deleteAfterMs) erase(run);
      else if (age >= compactAfterMs && run.pieces.length > 0) {
        while (runs.fold(run));
        run.pieces = [];
        replays.delete(run.key);
        slice.compacted.push(run.key);
      }
    }
    for (const [maxBytes, all] of start ? limits(start.policy, [...runs.all.values()]) : []) {
      let bytes = all.reduce((sum, run) => sum + sizeOf(run), 0);
      for (const run of all.filter(({ head }) => head.done).sort((a, b) => a.ended - b.ended)) {
        if (bytes <= maxBytes) break;
        bytes -= sizeOf(run);
        erase(run);
      }
    }
    return { done: true, ...slice, damaged: [], freedBytes: 0, tookMs: 0, ...(epochNeeded > 0 ? { epochNeeded } : {}) };
  };

  let erasing: EraseAsk['start'];
  const erase = ({ start = erasing, overwrite, epoch }: EraseAsk): EraseSlice => {
    erasing = start;
    const isMeant = (key: string): boolean => start?.keys?.includes(key) ?? key.startsWith(`${start?.what.tenant}/`);
    const going = ended(runs.all).filter(({ key }) => isMeant(key));
    const epochNeeded = Math.max(0, ...going.filter(({ head }) => head.epoch >= epoch).map(({ head }) => head.epoch + 1));
    const slice = { share: 1, overwrittenBytes: 0, damaged: [], aside: [], tookMs: 0 };
    if (overwrite) return { ...slice, done: true, deleted: [], states: 0 };
    if (epochNeeded > 0) return { ...slice, done: false, deleted: [], states: 0, epochNeeded };
    const deleted = going.map((run) => run.key);
    for (const run of going) runs.erase(run);
    for (const each of [commands, replays]) for (const key of [...each.keys()].filter(isMeant)) each.delete(key);
    const values = start?.states ?? [...states.keys()].filter((key) => isMeant(key));
    erasing = undefined;
    return { ...slice, done: true, deleted, states: values.filter((key) => states.delete(key)).length };
  };

  const sizeOf = (run: KeptRun): number => charsOf(run.pieces) + (run.seq === 0 ? 0 : run.creation.length + runs.foldOf(run).length);

  return {
    loads: true,
    commit(batch) {
      const dups: Dup[] = [];
      for (const { key } of splitLines(batch.creates)) {
        const run = runs.all.get(key);
        if (run) dups.push({ key, stored: storedOf(run) });
      }
      for (const segment of decodeSegments(batch.segments)) runs.place(segment);
      return Promise.resolve({ ok: true, dups, applied: batch.rows.map(apply) });
    },
    load: (key, after, maxBytes) => Promise.resolve(load(key, after, maxBytes)),
    snapshot(key) {
      const run = runs.all.get(key);
      if (!run || run.seq === 0) return Promise.resolve(undefined);
      const { seq, h, creation } = run;
      const replay = replays.get(key)?.replay;
      return Promise.resolve({ seq, h, creation, fold: runs.foldOf(run), ...(replay === undefined ? {} : { replay }) });
    },
    state: (key) => Promise.resolve(states.get(key)),
    hasCommand: (key, id) => Promise.resolve(commands.get(key)?.has(id) ?? false),
    list: (tenant, query) => Promise.resolve(listEnded(runs.all, tenant, query)),
    fold: (key) => Promise.resolve(fold(key)),
    compact: (ask) => Promise.resolve(compact(ask)),
    erase: (ask) => Promise.resolve(erase(ask)),
    verify: () => Promise.reject(keepsNothing()),
    backup: () => Promise.reject(keepsNothing()),
    close: () => Promise.resolve(),
  };
}

function keepsNothing(): OpenClawError {
  return new OpenClawError('NOT_IMPLEMENTED', 'This store keeps nothing that could be copied or verified.');
}

function storedOf({ head, fingerprint }: KeptRun): Stored {
  return { head, fingerprint, before: head.h };
}

function ended(runs: ReadonlyMap<string, KeptRun>): KeptRun[] {
  return [...runs.values()].filter(({ head }) => head.done);
}

function rulesFor(policy: RetentionPolicy, key: string): RetentionRules {
  return policy.tenants?.[tenantOf(key)] ?? policy;
}

/** Each limit in bytes, with the runs that it is about. */
function limits(policy: RetentionPolicy, runs: readonly KeptRun[]): (readonly [maxBytes: number, runs: readonly KeptRun[]])[] {
  const own = Object.entries(policy.tenants ?? {}).map(
    ([tenant, rules]) => [rules.maxBytes, runs.filter(({ key }) => tenantOf(key) === tenant)] as const,
  );
  const rest = [policy.maxBytes, runs.filter(({ key }) => !policy.tenants?.[tenantOf(key)])] as const;
  return [...own, rest].flatMap(([maxBytes, some]) => (maxBytes === undefined ? [] : [[maxBytes, some] as const]));
}

function charsOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { body }) => sum + body.length, 0);
}

function lastOf(piece: Piece | undefined): number {
  return piece ? piece.first + piece.count - 1 : Number.POSITIVE_INFINITY;
}
