import type { Status } from '@openclaw-runtime/protocol';
import { type ListQuery, type RunSummary, runOf } from '../contract/store.ts';
import type { KeptRun } from './kept-runs.ts';

/** Summaries of a tenant's ended runs, newest first. */
export function listEnded(
  all: ReadonlyMap<string, KeptRun>,
  tenant: string,
  { limit, before = Number.POSITIVE_INFINITY, status, prefix = '' }: ListQuery,
): readonly RunSummary[] {
  return [...all.values()]
    .filter((run) => run.head.done && run.key.startsWith(`${tenant}/${prefix}`) && run.born < before)
    .filter((run) => status === undefined || run.status === status)
    .sort((a, b) => b.born - a.born)
    .slice(0, limit)
    .map(summaryOf);
}

function summaryOf({ key, about, status, head, born, ended }: KeptRun): RunSummary {
  const run = runOf(key);
  return { run, ...about, status: status as Status, epoch: head.epoch, head: head.seq, born, endedMs: ended };
}
