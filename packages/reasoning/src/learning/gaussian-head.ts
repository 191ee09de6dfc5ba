import { type CurveState, createCurve } from './curve.ts';

/** What one head's mean and uncertainty look like in JSON. */
export interface HeadState {
  readonly count: number;
  readonly mean: readonly number[];
  /** Lower triangle, row by row. */
  readonly covariance: readonly number[];
  readonly plain: CurveState;
  /** Bucket, mean and variance of words that were seen, in threes. */
  readonly words: readonly number[];
}

/** Buckets of the words that people of this installation use. */
export const WORD_BITS = 12;
const WORDS = 1 << WORD_BITS;

/** Where an example lies: directions, and the buckets of its words. */
export interface Place {
  readonly directions: Float64Array;
  readonly words: Int32Array;
  wordCount: number;
  /** The logit before anything was learned. */
  base: number;
}

/**
 * Logistic regression with a Gaussian prior that says "as shipped": a few directions with their full covariance, words with a variance each, one outcome at a
 * time. Beside it runs a plain curve (offset and slope of the shipped logit), which changes no order.
 */
export class GaussianHead {
  count = 0;
  readonly #size: number;
  readonly #mean: Float64Array;
  readonly #covariance: Float64Array;
  readonly #gain: Float64Array;
  readonly #wordMean = new Float64Array(WORDS);
  readonly #wordVariance = new Float64Array(WORDS);
  readonly #priorWord: number;
  #plain = createCurve();

  constructor(prior: Float64Array, priorWord: number) {
    this.#size = prior.length;
    this.#mean = new Float64Array(prior.length);
    this.#gain = new Float64Array(prior.length);
    this.#covariance = new Float64Array(prior.length * prior.length);
    for (let at = 0; at < prior.length; at += 1) this.#covariance[at * prior.length + at] = prior[at] as number;
    this.#priorWord = priorWord;
    this.#wordVariance.fill(priorWord);
  }

  /** The shipped logit, moved and stretched: never turned over. */
  plainLogit(base: number): number {
    return this.#plain.apply(base);
  }

  fullLogit(place: Place): number {
    const { directions, words, wordCount } = place;
    let sum = place.base;
    for (let at = 0; at < this.#size; at += 1) sum += (this.#mean[at] as number) * (directions[at] as number);
    let spoken = 0;
    for (let at = 0; at < wordCount; at += 1) spoken += this.#wordMean[words[at] as number] as number;
    return wordCount === 0 ? sum : sum + spoken / Math.sqrt(wordCount);
  }

  learn(place: Place, outcome: number, weight: number): void {
    this.count += 1;
    this.#learnFull(place, outcome, weight, logistic(this.fullLogit(place)));
    this.#plain.learn(place.base, outcome, weight);
  }

  #learnFull(place: Place, outcome: number, weight: number, p: number): void {
    const size = this.#size;
    const { directions, words, wordCount } = place;
    const gain = this.#gain;
    const curve = Math.max(0.02, p * (1 - p)) * weight;
    let spread = 0;
    for (let row = 0; row < size; row += 1) {
      let sum = 0;
      for (let column = 0; column < size; column += 1)
        sum += (this.#covariance[row * size + column] as number) * (directions[column] as number);
      gain[row] = sum;
      spread += sum * (directions[row] as number);
    }
    const share = wordCount === 0 ? 0 : 1 / Math.sqrt(wordCount);
    for (let at = 0; at < wordCount; at += 1) spread += (this.#wordVariance[words[at] as number] as number) * share * share;
    const damp = 1 / (1 + curve * spread);
    const push = weight * (outcome - p) * damp;
    for (let row = 0; row < size; row += 1) {
      this.#mean[row] = (this.#mean[row] as number) + (gain[row] as number) * push;
      const pull = (gain[row] as number) * curve * damp;
      for (let column = 0; column < size; column += 1) {
        const at = row * size + column;
        this.#covariance[at] = (this.#covariance[at] as number) - pull * (gain[column] as number);
      }
    }
    for (let at = 0; at < wordCount; at += 1) {
      const word = words[at] as number;
      const variance = this.#wordVariance[word] as number;
      this.#wordMean[word] = (this.#wordMean[word] as number) + variance * share * push;
      this.#wordVariance[word] = variance / (1 + variance * share * share * curve);
    }
  }

  exportState(): HeadState {
    const covariance: number[] = [];
    for (let row = 0; row < this.#size; row += 1) {
      for (let column = 0; column <= row; column += 1) covariance.push(short(this.#covariance[row * this.#size + column] as number));
    }
    const words: number[] = [];
    for (let at = 0; at < WORDS; at += 1) {
      if (this.#wordVariance[at] !== this.#priorWord)
        words.push(at, short(this.#wordMean[at] as number), short(this.#wordVariance[at] as number));
    }
    return {
      count: this.count,
      mean: Array.from(this.#mean, short),
      covariance,
      plain: this.#plain.exportState(),
      words,
    };
  }

  importState(state: HeadState): void {
    const size = this.#size;
    if (
      state.mean.length !== size ||
      state.covariance.length !== (size * (size + 1)) / 2 ||
      state.plain.length !== 5 ||
      state.words.length % 3 !== 0
    ) {
      throw new RangeError('what was learned has another shape than this version reads: export it again, or start without it');
    }
    this.count = state.count;
    this.#mean.set(state.mean);
    this.#plain = createCurve(state.plain);
    let at = 0;
    for (let row = 0; row < size; row += 1) {
      for (let column = 0; column <= row; column += 1) {
        const value = state.covariance[at] as number;
        this.#covariance[row * size + column] = value;
        this.#covariance[column * size + row] = value;
        at += 1;
      }
    }
    this.#wordMean.fill(0);
    this.#wordVariance.fill(this.#priorWord);
    for (let word = 0; word < state.words.length; word += 3) {
      const bucket = (state.words[word] as number) & (WORDS - 1);
      this.#wordMean[bucket] = state.words[word + 1] as number;
      this.#wordVariance[bucket] = state.words[word + 2] as number;
    }
  }
}

function logistic(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

function short(value: number): number {
  return Number(value.toPrecision(6));
}
