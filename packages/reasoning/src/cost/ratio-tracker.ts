/** What seen amounts were beside the expected ones: their quantiles and mean, learned one by one from what is expected of a new model. */
export interface TrackerState {
  readonly count: number;
  readonly low: number;
  readonly middle: number;
  readonly high: number;
  /** The mean of the ratios. */
  readonly mean: number;
}

/** How far answers of unknown models are from what is expected of them, as a share of it. */
export const UNKNOWN: TrackerState = { count: 0, low: Math.log(0.45), middle: Math.log(0.95), high: Math.log(2.2), mean: 1.15 };

/** Input is counted, not guessed. */
export const COUNTED: TrackerState = { count: 0, low: Math.log(0.85), middle: 0, high: Math.log(1.18), mean: 1 };

const LOW = 0.1;
const MIDDLE = 0.5;
const HIGH = 0.9;
/** An outlier counts as this many times the expected amount. */
const MOST_RATIO = 100;

/** The state after one more ratio of seen to expected. Steps shrink as counts grow, but never to nothing: models change. */
export function track(state: TrackerState, ratio: number): TrackerState {
  if (!Number.isFinite(ratio) || ratio <= 0) return state;
  const bounded = Math.min(MOST_RATIO, Math.max(1 / MOST_RATIO, ratio));
  const x = Math.log(bounded);
  const count = state.count + 1;
  const step = Math.max(0.03, 1.2 / (count + 8));
  const width = Math.max(0.2, state.high - state.low);
  const move = (quantile: number, part: number): number => quantile + step * width * 2 * (x > quantile ? part : part - 1);
  const middle = move(state.middle, MIDDLE);
  const low = Math.min(middle, move(state.low, LOW));
  const high = Math.max(middle, move(state.high, HIGH));
  const share = Math.max(0.01, 1 / (count + 10));
  return { count, low, middle, high, mean: state.mean + share * (bounded - state.mean) };
}
