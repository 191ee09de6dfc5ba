import type { DatabaseSync } from 'node:sqlite';

/** A run that has ended, by its place in the index. */
export interface EndedRun {
  readonly id: number;
  readonly key: string;
  readonly ended: number;
}

/** Runs that have ended, oldest first, a page at a time; each page follows a place. */
export interface EndedRuns {
  /** With (`true`) or without (`false`) records left. */
  page(tenant: string, whole: boolean, after: EndedRun, before: number): readonly EndedRun[];
}

export const OLDEST: EndedRun = { id: 0, key: '', ended: -1 };

const PAGE = 64;

export function createEndedRuns(db: DatabaseSync): EndedRuns {
  const select = db.prepare(
    `SELECT id, key, ended FROM run WHERE done = 1 AND tenant = ? AND (oldest > seq) = ? AND (ended, id) > (?, ?) AND ended <= ? ORDER BY ended, id LIMIT ${PAGE}`,
  );
  return {
    page: (tenant, whole, after, before) => select.all(tenant, whole ? 0 : 1, after.ended, after.id, before) as unknown as EndedRun[],
  };
}
