/** An expected value with the interval in which four of five outcomes lie. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export function plus(a: Interval, b: Interval): Interval {
  return { mean: a.mean + b.mean, low: a.low + b.low, high: a.high + b.high };
}

export function times(a: Interval, factor: number): Interval {
  return { mean: a.mean * factor, low: a.low * factor, high: a.high * factor };
}

/** The larger one, bound by bound. */
export function atLeast(a: Interval, floor: Interval): Interval {
  return { mean: Math.max(a.mean, floor.mean), low: Math.max(a.low, floor.low), high: Math.max(a.high, floor.high) };
}
