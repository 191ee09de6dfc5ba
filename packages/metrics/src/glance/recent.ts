import { quantileOf } from '../judge/quantile.ts';
import type { HouseSeries } from '../series/house-series.ts';

/** How a house fares, in a few numbers. */
export interface Glance {
  /** Since the process began: runs that ended, by how. */
  readonly ended: Readonly<Record<string, number>>;
  /** Seconds from a request to the first of its answer, over the last minute; absent where nobody asked. */
  readonly latencySeconds?: { readonly p50: number; readonly p99: number };
  /** Pieces of text and thought, over the last ten seconds. */
  readonly tokensPerSecond: number;
  /** The same for each second of the last half minute, the oldest first. */
  readonly tokensEachSecond: readonly number[];
  readonly startedMs: number;
}

export interface Recent {
  /** About each second. */
  look(): void;
  glance(): Glance;
}

/** Looks kept. */
const MINUTE = 60;
const HALF = 30;

/** What was counted within the last minute, from one look a second. */
export function createRecent(series: HouseSeries): Recent {
  const { latency, streamed, runs, tokensPerSecond, startTime } = series;
  const looks: { readonly latency: Float64Array; readonly streamed: number }[] = [];

  return {
    look() {
      looks.push({ latency: latency.total, streamed: sumOf(streamed.values) });
      if (looks.length > MINUTE + 1) looks.shift();
    },
    glance() {
      const first = looks[0]?.latency;
      const counts = latency.total.map((count, at) => count - (first?.[at] ?? 0));
      const [p50, p99] = [0.5, 0.99].map((q) => quantileOf(q, latency.bounds, counts)) as [number, number];
      const statuses = runs.labels[1]?.values ?? [];
      const ended = statuses.map(
        (status, at) => [status, sumOf(runs.values.filter((_, place) => place % statuses.length === at))] as const,
      );
      return {
        ended: Object.fromEntries(ended.filter(([, count]) => count > 0)),
        ...(sumOf(counts) > 0 && { latencySeconds: { p50, p99 } }),
        tokensPerSecond: sumOf(tokensPerSecond.values),
        tokensEachSecond: looks
          .slice(-HALF - 1)
          .flatMap((look, at, all) => (at === 0 ? [] : [look.streamed - (all[at - 1]?.streamed ?? 0)])),
        startedMs: Math.round((startTime.values[0] ?? 0) * 1000),
      };
    },
  };
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
