import { seededRandom } from '../../packages/kit/src/random.ts';
import { createLossBound } from '../../packages/reasoning/src/bound/loss-bound.ts';
import { average } from './metrics.ts';

export interface BoundLine {
  readonly source: string;
  readonly told: 'both' | 'quick only';
  readonly outcomes: number;
  readonly allowed: number;
  /** Share of quick answers on the rows that are left, and what is really lost there, counted as the bound does, and net of what quick answers win. */
  readonly quick: number;
  readonly lost: number;
  readonly lostNet: number;
  /** How often more was lost than allowed, over all rows that are left; it may be `risk` at most. */
  readonly broken: number;
  readonly risk: number;
}

export interface Scored {
  readonly score: number;
  readonly weak: number;
  readonly strong: number;
}

export const RISK = 0.1;
const SPLITS = 400;

/** Random splits of a source into outcomes that are told and rows on which the promise is kept or broken. */
export function checkBound(source: string, rows: readonly Scored[]): readonly BoundLine[] {
  return (['both', 'quick only'] as const).flatMap((told) =>
    [200, 500].flatMap((outcomes) =>
      [0.05, 0.1].map((allowed) => {
        const random = seededRandom(outcomes);
        const runs = Array.from({ length: SPLITS }, () => {
          const order = rows.map((row) => ({ row, key: random.float() })).toSorted((a, b) => a.key - b.key);
          const most = Math.min(outcomes, Math.floor(rows.length / 2));
          const bound = createLossBound({ risk: RISK });
          for (const { row } of order.slice(0, most))
            bound.note({ score: row.score, low: row.weak, ...(told === 'both' && { high: row.strong }) });
          const threshold = bound.thresholdFor(allowed);
          const rest = order.slice(most).map(({ row }) => row);
          const quick = rest.map((row) => Number(row.score < threshold));
          return {
            quick: average(quick),
            lost: average(rest.map((row, at) => quick[at]! * Math.max(0, row.strong - row.weak))),
            lostNet: average(rest.map((row, at) => quick[at]! * (row.strong - row.weak))),
          };
        });
        const mean = (pick: (run: (typeof runs)[number]) => number): number => Number(average(runs.map(pick)).toFixed(4));
        return {
          source,
          told,
          outcomes,
          allowed,
          quick: mean(({ quick }) => quick),
          lost: mean(({ lost }) => lost),
          lostNet: mean(({ lostNet }) => lostNet),
          broken: mean(({ lost }) => Number(lost > allowed)),
          risk: RISK,
        };
      }),
    ),
  );
}
