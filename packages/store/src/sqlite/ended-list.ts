import type { DatabaseSync } from 'node:sqlite';
import type { Status } from '@openclaw-runtime/protocol';
import type { ListQuery, RunSummary } from '../contract/store.ts';
import { type About, aboutOf, firstRecord } from '../hall/about.ts';
import { isDamage } from './damage.ts';
import type { RunRow } from './run-rows.ts';
import { parseRefs } from './segments.ts';
import type { Tables } from './tables.ts';

/** Summaries of a tenant's ended runs, newest first, each page from an index. Runs whose row fails its checksum are left out. */
export function createEndedList(db: DatabaseSync, tables: Tables): (tenant: string, query: ListQuery) => readonly RunSummary[] {
  const { newest, byName } = { newest: db.prepare(NEWEST), byName: db.prepare(BY_NAME) };
  const { runs, segments, snapshots } = tables;

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
      const run = key.slice(key.indexOf('/') + 1);
      return { run, ...aboutRow(row), status: status as Status, epoch, head: seq, born, endedMs: ended };
    } catch (error) {
      if (isDamage(error)) return undefined;
      throw error;
    }
  };

  const find = (tenant: string, { limit, before, status, prefix }: ListQuery & { readonly before: number }): readonly Found[] => {
    const found =
      prefix === undefined
        ? (status === undefined ? ENDINGS : [status]).flatMap((each) => newest.all(tenant, each, before, limit) as unknown as Found[])
        : (byName.all(`${tenant}/${prefix}`, `${tenant}/${prefix}\u007f`) as unknown as Found[]);
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

type Found = Pick<RunRow, 'key' | 'born' | 'status'>;

const ENDINGS: readonly Exclude<Status, 'running'>[] = [
  'completed',
  'cancelled',
  'failed',
  'timed_out',
  'needs_attention',
  'budget_exhausted',
];

/** The newest of one status: what is asked for of all is merged from these, so that one index does for both. */
export const NEWEST = 'SELECT key, born, status FROM run WHERE tenant = ? AND status = ? AND born < ? ORDER BY born DESC LIMIT ?';
export const BY_NAME = 'SELECT key, born, status FROM run WHERE key >= ? AND key < ? AND done = 1 LIMIT 1000';
