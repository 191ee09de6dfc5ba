import { logistic } from '../scorer/blended.ts';
import { logitOf, type Scorer } from '../scorer/score.ts';
import { DENSE_SIZE } from '../text/dense.ts';
import { BUCKET_BITS, HEAD, TAIL } from '../text/scan.ts';
import { type CurveState, createCurve } from './curve.ts';
import { GaussianHead, type HeadState, type Place, WORD_BITS } from './gaussian-head.ts';
import type { Outcome } from './outcome.ts';
import { createProof, type ProofState } from './proof.ts';

/** What was learned, as plain JSON: about a quarter of a megabyte at most. */
export interface LearnerState {
  readonly version: 2;
  /** Of answers at levels 1 and 2, and of those at 3 and 4. */
  readonly low: HeadState;
  readonly high: HeadState;
  readonly proof: ProofState;
  readonly curve: CurveState;
}

export interface Learner {
  /** The score after what was learned; `score` is the shipped one, which `scorer` has just made. */
  adjust(score: number, scorer: Scorer): number;
  /** Takes in the outcome of the request that `scorer` has just read. */
  learn(scorer: Scorer, outcome: Outcome): void;
  exportState(): LearnerState;
  importState(state: LearnerState): void;
}

/** Offset, slope, the parts of the shipped logit, then the dense features. */
const PARTS = 8;
const SIZE = PARTS + DENSE_SIZE;
const PRIOR_OFFSET = 1;
const PRIOR_PART = 0.05;
const PRIOR_DENSE = 0.02;
const PRIOR_WORD = 0.05;

/** Before anything is known deep answers are taken to fail alike, about one in four: so the order of the gains starts as the shipped one. */
const DEEP_FAILS = -1;
/** Who has seen no deep answers cannot tell what depth would mend: no order changes before so many are known. */
const DEEP_SEEN = 20;
/** An outcome that was less likely to be seen than by a coin weighs more, but no more than this. */
const MOST_WEIGHT = 3;
const COIN = 0.5;
/** What the last curve, which calibrates the whole, forgets with each outcome. */
const DRIFT = 0.0005;
const CLOSE: CurveState = [0, 0, 0.05, 0, 0.1];

/** Learns from outcomes by a prior that says "as shipped"; see {@link GaussianHead}. */
export function createLearner(state?: LearnerState): Learner {
  let low = createHead();
  let high = createHead();
  let proof = createProof();
  let curve = createCurve(CLOSE, DRIFT);
  const place: Place = { directions: new Float64Array(SIZE), words: new Int32Array(HEAD + TAIL + 16), wordCount: 0, base: 0 };

  /** By how much depth would raise the chance of a right answer, as far as is known. Leaves `place.base` as the shipped logit. */
  function gainOf(shipped: number): number {
    const failsLow = logistic(low.fullLogit(place));
    place.base = DEEP_FAILS;
    const failsHigh = logistic(high.fullLogit(place));
    place.base = shipped;
    return failsLow - failsHigh;
  }

  /** The logit before the last curve: moved and stretched, and in the order of the gains as far as that order is proved to be the better one. */
  function movedLogit(shipped: number): number {
    const plain = low.plainLogit(shipped);
    const trust = high.count < DEEP_SEEN ? 0 : proof.trust();
    if (trust < 0.01) return plain;
    const unit = low.plainLogit(shipped + proof.spread()) - plain;
    return plain + trust * unit * proof.climb(shipped, gainOf(shipped));
  }

  const learner: Learner = {
    adjust(score, scorer) {
      if (low.count === 0 && high.count === 0) return score;
      const shipped = logitOf(scorer);
      fillPlace(place, scorer, shipped);
      return logistic(curve.apply(movedLogit(shipped)));
    },
    learn(scorer, outcome) {
      const weight = weightOf(outcome);
      if (weight === 0) return;
      const failed = 1 - Math.min(1, Math.max(0, Number(outcome.correct)));
      const shipped = logitOf(scorer);
      fillPlace(place, scorer, shipped);
      const isLow = outcome.level <= 2;
      const head = isLow ? low : high;
      if (isLow) curve.learn(movedLogit(shipped), failed, weight);
      proof.note(shipped, gainOf(shipped), failed, isLow, weight);
      if (!isLow) place.base = DEEP_FAILS;
      head.learn(place, failed, weight);
    },
    exportState: () => ({
      version: 2,
      low: low.exportState(),
      high: high.exportState(),
      proof: proof.exportState(),
      curve: curve.exportState(),
    }),
    importState(next) {
      const version: unknown = next.version;
      if (version !== 2) throw new RangeError(`what was learned has version ${String(version)}, this version reads 2: start without it`);
      const [nextLow, nextHigh] = [createHead(), createHead()];
      nextLow.importState(next.low);
      nextHigh.importState(next.high);
      low = nextLow;
      high = nextHigh;
      proof = createProof(next.proof);
      curve = createCurve(next.curve, DRIFT);
    },
  };
  if (state !== undefined) learner.importState(state);
  return learner;
}

function createHead(): GaussianHead {
  const prior = new Float64Array(SIZE).fill(PRIOR_DENSE);
  prior.fill(PRIOR_PART, 1, PARTS);
  prior[0] = PRIOR_OFFSET;
  return new GaussianHead(prior, PRIOR_WORD);
}

function fillPlace(place: Place, scorer: Scorer, shipped: number): void {
  const { directions, words } = place;
  const isStory = logistic(scorer.logits[5] as number);
  const isMath = (1 - isStory) * logistic(scorer.logits[4] as number);
  place.base = shipped;
  directions[0] = 1;
  directions[1] = shipped;
  directions[2] = scorer.logits[0] as number;
  directions[3] = scorer.logits[1] as number;
  directions[4] = scorer.fromWords[0] as number;
  directions[5] = scorer.fromWords[1] as number;
  directions[6] = isMath * (scorer.logits[2] as number);
  directions[7] = isStory * (scorer.logits[3] as number);
  for (let at = 0; at < DENSE_SIZE; at += 1) directions[PARTS + at] = scorer.scaled[at] as number;
  place.wordCount = scorer.words ? scorer.scan.wordBuckets : 0;
  for (let at = 0; at < place.wordCount; at += 1) words[at] = (scorer.scan.words[at] as number) >>> (BUCKET_BITS - WORD_BITS);
}

/** 0 for an outcome that says nothing. */
function weightOf({ correct, weight, propensity }: Outcome): number {
  if (Number.isNaN(Number(correct))) return 0;
  const sure = weight === undefined ? 1 : weight > 0 ? Math.min(1, weight) : 0;
  return propensity === undefined || !(propensity > 0) ? sure : sure * Math.min(MOST_WEIGHT, Math.max(1, COIN / propensity));
}
