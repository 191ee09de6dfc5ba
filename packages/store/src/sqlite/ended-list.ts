import type { DatabaseSync } from 'node:sqlite';
import type { Status } from '@openclaw-runtime/protocol';
import { type ListQuery, type RunSummary, runOf } from '../contract/store.ts';
import { type About, aboutOf, firstRecord } from '../hall/about.ts';
import { isDamage } from './damage.ts';
import { placesOf } from './places.ts';
import type { RunRow } from './run-rows.ts';
import { parseRefs } from './segments.ts';
import type { Tables } from './tables.ts';

/** Summaries of a tenant's ended runs, newest first, each page from an index. Runs whose row fails its checksum are left out. */
export function createEndedList(db: DatabaseSync, tables: Tables): (tenant: string, query: ListQuery) => readonly RunSummary[] {
  const [newest, byName, byId] = [db.prepare(NEWEST), db.prepare(BY_NAME), db.prepare(BY_ID)];
  const { runs, places, segments, snapshots } = tables;

  /** From its first record: whoever lists can wait, while a wider row would be paid for by every run. */
  const aboutRow = (row: RunRow): About => {
    if (row.snapshot !== 0) return aboutOf(snapshots.find(row.snapshot).creation);
    const [first] = parseRefs(row.segments);
    return first ? aboutOf(firstRecord(segments.get(row.key, first).body)) : { agent: '', createdMs: 0 };
  };

  const summary = (key: string): RunSummary | undefined => {
    try {
      const row = runs.find(key);
      if (!row?.done) return undefined;
      const { epoch, seq, born, ended, status } = row;
      const run = runOf(key);
      return { run, ...aboutRow(row), status: status as Status, epoch, head: seq, born, endedMs: ended };
    } catch (error) {
      if (isDamage(error)) return undefined;
      throw error;
    }
  };

  const startingWith = (tenant: string, prefix: string): readonly Found[] => {
    const start = `${tenant}/${prefix}`;
    const found = byName.all(...placesOf(prefix), start, `${start}\u007f`) as unknown as Found[];
    // Those that were young when the process before this ended may be in both.
    const ids = new Set(found.map(({ id }) => id));
    const young = places.young(start).filter((id) => !ids.has(id));
    return [...found, ...young.flatMap((id) => byId.all(id) as unknown as Found[])];
  };

  const find = (tenant: string, { limit, before, status, prefix }: ListQuery & { readonly before: number }): readonly Found[] => {
    const found =
      prefix === undefined
        ? (status === undefined ? ENDINGS : [status]).flatMap((each) => newest.all(tenant, each, before, limit) as unknown as Found[])
        : startingWith(tenant, prefix);
    return found
      .filter((each) => each.born < before && (status === undefined || each.status === status))
      .sort((a, b) => b.born - a.born)
      .slice(0, limit);
  };

  return (tenant, query) => {
    const page: RunSummary[] = [];
    let { before = Number.MAX_SAFE_INTEGER } = query;
    while (page.length < query.limit) {
      const found = find(tenant, { ...query, before });
      if (found.length === 0) break;
      page.push(...found.slice(0, query.limit - page.length).flatMap(({ key }) => summary(key) ?? []));
      before = found.at(-1)?.born ?? 0;
    }
    return page;
  };
}

type Found = Pick<RunRow, 'id' | 'key' | 'born' | 'status'>;

const ENDINGS: readonly Exclude<Status, 'running'>[] = [
  'completed',
  'cancelled',
  'failed',
  'timed_out',
  'needs_attention',
  'budget_exhausted',
];

/** The newest of one status: what is asked for of all is merged from these, so that one index does for both. */
export const NEWEST = 'SELECT id, key, born, status FROM run WHERE tenant = ? AND status = ? AND born < ? ORDER BY born DESC LIMIT ?';
export const BY_NAME = `SELECT run.id, key, born, status FROM place CROSS JOIN run ON run.id = place.id
  WHERE at BETWEEN ? AND ? AND key >= ? AND key < ? AND done = 1 LIMIT 1000`;
const BY_ID = 'SELECT id, key, born, status FROM run WHERE id = ? AND done = 1';
