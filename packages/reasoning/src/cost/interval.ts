/** An expected value with the interval in which four of five outcomes lie. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export function times(a: Interval, factor: number): Interval {
  return { mean: a.mean * factor, low: a.low * factor, high: a.high * factor };
}

/** By so much up, and never below 0. */
export function moved(a: Interval, by: number): Interval {
  return by === 0 ? a : { mean: Math.max(0, a.mean + by), low: Math.max(0, a.low + by), high: Math.max(0, a.high + by) };
}

/**
 * What the intervals of levels 1, 2, … have to be so that none falls where the level rises: an expectation is at least that below, and an interval grows until it holds
 * its neighbour's bound too. It is never narrower than before.
 */
export function rising(intervals: readonly Interval[]): readonly Interval[] {
  const lows = intervals.map((_, at) => Math.min(...intervals.slice(at).map(({ low }) => low)));
  return intervals.map((_, at) => {
    const below = intervals.slice(0, at + 1);
    return { mean: Math.max(...below.map(({ mean }) => mean)), low: lows[at] as number, high: Math.max(...below.map(({ high }) => high)) };
  });
}
