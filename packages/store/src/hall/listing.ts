import { type ListQuery, type RunList, type RunSummary, runOf } from '../contract/store.ts';
import { aboutOf } from './about.ts';
import type { Entry } from './entry.ts';
import type { Persister } from './persister.ts';

/** A tenant's runs: those that are alive from memory, those that ended from where they are kept. */
export interface Listing {
  list(tenant: string, query: ListQuery): Promise<RunList>;
}

/** Characters of requests that one page takes apart. */
const PAGE_CHARS = 4 * 1024 * 1024;

/** `creationOf`: the first record of a run that has shed it. */
export function createListing(
  persister: Pick<Persister, 'list'>,
  entries: () => Iterable<Entry>,
  creationOf: (entry: Entry) => Promise<string>,
): Listing {
  /** Newest first; ends early where requests are long. */
  const alive = async (
    tenant: string,
    { before, status, prefix, limit }: ListQuery,
  ): Promise<{ readonly runs: readonly RunSummary[]; readonly cut: boolean }> => {
    if (status !== undefined && status !== 'running' && status !== 'budget_exhausted') return { runs: [], cut: false };
    const start = `${tenant}/${prefix ?? ''}`;
    const found = [...entries()]
      .filter(
        (entry) =>
          (before === undefined || entry.born < before) &&
          entry.key.startsWith(start) &&
          (status === undefined || statusOf(entry) === status),
      )
      .sort((a, b) => b.born - a.born);
    let chars = 0;
    const runs: RunSummary[] = [];
    for (const entry of found) {
      if (runs.length > limit || chars > PAGE_CHARS) return { runs, cut: true };
      const creation = entry.shed ? await creationOf(entry).catch(() => '') : entry.creation;
      // Lost, or being read: what there is of it is not known.
      if (creation === '') continue;
      chars += creation.length;
      runs.push(summaryOf(entry, creation));
    }
    return { runs, cut: false };
  };

  return {
    async list(tenant, query) {
      // First those in memory: a run that ends meanwhile is found in both places, and none is missed.
      const { runs: here, cut } = await alive(tenant, query);
      const kept = query.status === 'running' ? [] : await persister.list(tenant, { ...query, limit: query.limit + 1 });
      const ended = new Set(kept.map(({ run }) => run));
      const floor = cut ? (here.at(-1)?.born ?? 0) : 0;
      const all = [...kept, ...here.filter(({ run }) => !ended.has(run))]
        .filter(({ born }) => born >= floor)
        .sort((a, b) => b.born - a.born);
      const runs = all.slice(0, query.limit);
      const last = runs.at(-1);
      return last && (cut || all.length > runs.length) ? { runs, next: last.born } : { runs };
    },
  };
}

function statusOf({ waitsForBudget }: Entry): 'running' | 'budget_exhausted' {
  return waitsForBudget ? 'budget_exhausted' : 'running';
}

function summaryOf(entry: Entry, creation: string): RunSummary {
  const { key, born, head } = entry;
  return { run: runOf(key), ...aboutOf(creation), status: statusOf(entry), epoch: head.epoch, head: head.seq, born };
}
