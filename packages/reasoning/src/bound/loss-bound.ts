import { upperBound } from './upper-bound.ts';

/** What became of a request whose quick answer was looked at, whatever the predictor had said of it. */
export interface LossSample {
  /** The predictor's score, 0..1. */
  readonly score: number;
  /** How far the quick answer was right, 0..1. */
  readonly low: number;
  /** How far a deep answer was right, if one was made: without it, whatever the quick answer failed counts as lost. */
  readonly high?: number;
}

/** Everything a bound was made from: plain JSON of fixed size. */
export interface LossBoundState {
  readonly version: 1;
  readonly count: number;
  /** What was lost in each bin of scores. */
  readonly lost: readonly number[];
}

export interface LossBoundOptions {
  /** The chance with which the bound may fail. Default 0.05. */
  readonly risk?: number;
  readonly state?: LossBoundState;
}

export interface LossBound {
  note(sample: LossSample): void;
  /** How many requests were noted. */
  readonly count: number;
  /** At most this share of right answers is lost, against deep answers to all, when what scores below `threshold` is answered quickly. 1 before anything is known. */
  mostLost(threshold: number): number;
  /** The highest score below which quick answers may be given so that no more than `allowed` is lost; 0 when that cannot be promised for any. */
  thresholdFor(allowed: number): number;
  exportState(): LossBoundState;
}

const BINS = 100;
const RISK = 0.05;

/**
 * A bound on lost accuracy that asks for nothing but that the noted requests are a fair sample of those to come: no model has to be right for it (Hoeffding and
 * Bentkus, for losses 0..1). What is lost grows with the threshold, so one bound for each of them holds for the one that is picked, too.
 */
export function createLossBound({ risk = RISK, state }: LossBoundOptions = {}): LossBound {
  const lost = Float64Array.from({ length: BINS }, (_, bin) => state?.lost[bin] ?? 0);
  let count = state?.count ?? 0;

  function lostBelow(bin: number): number {
    let sum = 0;
    for (let at = 0; at < bin; at += 1) sum += lost[at] as number;
    return sum;
  }

  return {
    get count() {
      return count;
    },
    note({ score, low, high }) {
      const loss = share(high ?? 1) - share(low);
      if (Number.isNaN(loss) || Number.isNaN(score)) return;
      count += 1;
      const bin = Math.min(BINS - 1, Math.max(0, Math.floor(score * BINS)));
      lost[bin] = (lost[bin] as number) + Math.max(0, loss);
    },
    mostLost: (threshold) => (threshold > 0 ? upperBound(lostBelow(Math.ceil(Math.min(1, threshold) * BINS - 1e-9)), count, risk) : 0),
    thresholdFor(allowed) {
      let sum = 0;
      for (let bin = 0; bin < BINS; bin += 1) {
        sum += lost[bin] as number;
        if (upperBound(sum, count, risk) > allowed) return bin / BINS;
      }
      return 1;
    },
    exportState: () => ({ version: 1, count, lost: [...lost] }),
  };
}

function share(value: number): number {
  return Math.min(1, Math.max(0, Number(value)));
}
