import type { RetentionPolicy, RetentionRules } from '../contract/store.ts';
import { describe, sqliteCode } from './database.ts';
import { type EndedRun, type EndedRuns, OLDEST } from './ended-runs.ts';
import type { Folder } from './folder.ts';
import type { RunRow } from './run-rows.ts';
import type { Tables } from './tables.ts';

/** What a pass does, as it goes. */
export interface PassEvents {
  compacted(key: string): void;
  deleted(key: string): void;
  damaged(key: string, message: string): void;
  /** The run was left: it may only be deleted when no new run begins with its epoch any more. */
  tooYoung(epoch: number): void;
}

export interface PassParts {
  readonly tables: Tables;
  readonly folder: Folder;
  readonly ended: EndedRuns;
  /** Bytes of the file that are in use. */
  usedBytes(): number;
  /** Runs of this epoch or a later one are left. */
  epoch(): number;
}

/**
 * A look at all runs that have ended, oldest first, tenant by tenant: yields after each bit of work, between which other commits may come. Damage of one run is
 * told, and the run left alone.
 */
export function* passOver(parts: PassParts, policy: RetentionPolicy, wallMs: number, events: PassEvents): Generator<void, void, void> {
  const names = parts.tables.tenants.names();
  for (const tenant of names) {
    const own = policy.tenants?.[tenant];
    const rules = own ?? policy;
    yield* eachEnded(parts, tenant, true, wallMs - rules.compactAfterMs, (run) => compactRun(parts, run, events));
    yield* expire(parts, tenant, rules, wallMs, events);
    if (own?.maxBytes !== undefined) yield* shrinkTenant(parts, tenant, own.maxBytes, events);
  }
  if (policy.maxBytes !== undefined)
    yield* shrinkAll(
      parts,
      names.filter((name) => !policy.tenants?.[name]),
      policy.maxBytes,
      events,
    );
}

/** Calls for each run until a call says that it is enough. */
function* eachEnded(
  { ended }: PassParts,
  tenant: string,
  whole: boolean,
  before: number,
  deed: (run: EndedRun) => Generator<void, boolean | void, void>,
): Generator<void, boolean, void> {
  for (let at = OLDEST; ; ) {
    const page = ended.page(tenant, whole, at, before);
    if (page.length === 0) return false;
    for (const run of page) {
      at = run;
      if ((yield* deed(run)) === true) return true;
    }
  }
}

function* compactRun({ tables, folder }: PassParts, { key }: EndedRun, events: PassEvents): Generator<void, void, void> {
  for (;;) {
    const row = findRun(tables, key, events);
    if (!row) return;
    try {
      const folded = folder.fold(row);
      const left = folder.drop(folded?.row ?? row, folded?.seq ?? row.seq);
      if (left.oldest > left.seq) {
        tables.replays.drop(key);
        events.compacted(key);
        return yield;
      }
      if (!folded) {
        events.damaged(key, 'Its snapshot ends before its records do.');
        return yield;
      }
    } catch (error) {
      events.damaged(key, damageOf(error, tables.path));
      return yield;
    }
    yield;
  }
}

function* expire(
  parts: PassParts,
  tenant: string,
  { deleteAfterMs }: RetentionRules,
  wallMs: number,
  events: PassEvents,
): Generator<void, void, void> {
  if (deleteAfterMs === undefined) return;
  for (const whole of [false, true]) yield* eachEnded(parts, tenant, whole, wallMs - deleteAfterMs, (run) => deleteRun(parts, run, events));
}

function* shrinkTenant(parts: PassParts, tenant: string, maxBytes: number, events: PassEvents): Generator<void, void, void> {
  const { tenants } = parts.tables;
  for (const whole of [false, true]) {
    const enough = yield* eachEnded(parts, tenant, whole, Number.MAX_SAFE_INTEGER, function* (run) {
      tenants.flush();
      if (tenants.size(tenant).chars <= maxBytes) return true;
      return yield* deleteRun(parts, run, events);
    });
    if (enough) return;
  }
}

/** Of all tenants, whoever's oldest run ended first loses a page of them, until the file is small enough. */
function* shrinkAll(parts: PassParts, tenants: readonly string[], maxBytes: number, events: PassEvents): Generator<void, void, void> {
  for (const whole of [false, true]) {
    const places = new Map(tenants.map((tenant) => [tenant, OLDEST]));
    while (places.size > 0 && parts.usedBytes() > maxBytes) {
      const pages = [...places].map(([tenant, at]) => ({ tenant, page: parts.ended.page(tenant, whole, at, Number.MAX_SAFE_INTEGER) }));
      const [first] = pages.filter(({ page }) => page.length > 0).sort((a, b) => (a.page[0]?.ended ?? 0) - (b.page[0]?.ended ?? 0));
      if (!first) break;
      for (const run of first.page) {
        if (parts.usedBytes() <= maxBytes) return;
        places.set(first.tenant, run);
        yield* deleteRun(parts, run, events);
      }
    }
  }
}

function* deleteRun({ tables, folder, epoch }: PassParts, { key, ended }: EndedRun, events: PassEvents): Generator<void, void, void> {
  const row = findRun(tables, key, events);
  if (!row) return;
  // An index that was changed would name a run that is to stay.
  if (row.ended !== ended || row.done !== 1) return events.damaged(key, 'Its place among the ended runs was changed.');
  if (row.epoch >= epoch()) {
    events.tooYoung(row.epoch);
    return yield;
  }
  try {
    folder.erase(row);
    events.deleted(key);
  } catch (error) {
    events.damaged(key, damageOf(error, tables.path));
  }
  yield;
}

function findRun({ runs, path }: Tables, key: string, events: PassEvents): RunRow | undefined {
  try {
    return runs.find(key);
  } catch (error) {
    events.damaged(key, damageOf(error, path));
    return undefined;
  }
}

/** The message of what concerns one run only. Anything else, such as a full disk, is thrown on. */
function damageOf(error: unknown, path: string): string {
  const known = describe(error, path);
  if (sqliteCode(error) !== undefined && known.code !== 'DATA_DAMAGED') throw error;
  return known.message;
}
