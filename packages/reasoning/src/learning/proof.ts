/** Mean and variance of something, the far past forgotten. */
interface Course {
  readonly mean: number;
  readonly variance: number;
}

/** Whether a new order of requests proved better than the shipped one, from outcomes that it had not seen. */
export interface ProofState {
  readonly sum: number;
  readonly squares: number;
  /** What the outcome before added, and the shipped logit of its request: two outcomes of one request are one piece of evidence. */
  readonly last: number;
  /** How far that request climbed before its first outcome was known. */
  readonly lastClimb: number;
  readonly lastShipped: number;
  readonly count: number;
  /** Of the shipped logit, of the new one, of the failures at low and at high levels. */
  readonly shipped: Course;
  readonly moved: Course;
  readonly low: Course;
  readonly high: Course;
}

/** A share of what came before is forgotten with each outcome, since times change. */
const KEPT = 0.9995;
/** Trust is one half while outcomes speak neither for nor against the new order, which starts as the shipped one; this much steeper than a standard error. */
const STEEP = 2;
const MEMORY = 500;
/** Outcomes before any order changes. */
const FEW = 120;

const START: Course = { mean: 0, variance: 0 };

export interface Proof {
  /** 0..1: how far to follow the new order. */
  trust(): number;
  /** What a spread of the shipped logit is. */
  spread(): number;
  /** How many spreads a request stands higher in the new order than in the shipped one. */
  climb(shipped: number, moved: number): number;
  /** A request with its shipped logit and the new one, and how far the answer at a low or a high level failed, 0..1. */
  note(shipped: number, moved: number, failed: number, isLow: boolean, weight: number): void;
  exportState(): ProofState;
}

/** Who is failed by a quick answer and not by a deep one should come first: the new order has to bring that about better than the shipped one. */
export function createProof(
  start: ProofState = {
    sum: 0,
    squares: 0,
    last: 0,
    lastClimb: 0,
    lastShipped: 0,
    count: 0,
    shipped: START,
    moved: START,
    low: START,
    high: START,
  },
): Proof {
  let state = start;
  return {
    trust: () => (state.squares === 0 ? 0 : 1 / (1 + Math.exp((-STEEP * state.sum) / Math.sqrt(state.squares)))),
    spread: () => Math.sqrt(state.shipped.variance),
    climb: (shipped, moved) => placeOf(moved, state.moved) - placeOf(shipped, state.shipped),
    note(shipped, moved, failed, isLow, weight) {
      const { sum, squares, count } = state;
      const side = isLow ? state.low : state.high;
      const again = shipped === state.lastShipped;
      const climb = again ? state.lastClimb : rankOf(moved, state.moved) - rankOf(shipped, state.shipped);
      const product = count < FEW ? 0 : climb * (failed - side.mean) * (isLow ? weight : -weight);
      const before = again ? state.last : 0;
      const noted = noteOn(side, failed, count);
      state = {
        sum: sum * KEPT + product,
        squares: Math.max(0, squares * KEPT * KEPT + product * product + 2 * before * product),
        last: product,
        lastClimb: climb,
        lastShipped: shipped,
        count: count + 1,
        shipped: noteOn(state.shipped, shipped, count),
        moved: noteOn(state.moved, moved, count),
        low: isLow ? noted : state.low,
        high: isLow ? state.high : noted,
      };
    },
    exportState: () => state,
  };
}

/** Where a value stands among the others, in spreads. */
function placeOf(value: number, { mean, variance }: Course): number {
  return Math.max(-4, Math.min(4, (value - mean) / Math.sqrt(variance + 1e-9)));
}

/** About the share of the others that is lower: what a router gains by an order is a sum over ranks. */
function rankOf(value: number, course: Course): number {
  return 1 / (1 + Math.exp(-1.7 * placeOf(value, course)));
}

function noteOn({ mean, variance }: Course, value: number, count: number): Course {
  const share = 1 / Math.min(count + 1, MEMORY);
  const off = value - mean;
  return { mean: mean + share * off, variance: (1 - share) * (variance + share * off * off) };
}
