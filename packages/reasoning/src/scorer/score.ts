import { DENSE_SIZE, denseFeatures, FIRST_TOPIC, trustInWords } from '../text/dense.ts';
import { createScan, type Scan, scanText } from '../text/scan.ts';
import type { Model } from './model.ts';

/** What a predictor may look at. */
export type Feature = 'task_complexity' | 'query_length' | 'domain';

export const FEATURES: readonly Feature[] = ['task_complexity', 'query_length', 'domain'];

/** Dense features that are sheer size. */
const SIZES: readonly number[] = [0, 1, 2, 3, 13, 21];

/** The state of a scorer, written anew by each score. Nothing is allocated between two scores. */
export interface Scorer {
  readonly model: Model;
  readonly scan: Scan;
  /** Dense features, then the same as multiples of their spread. */
  readonly raw: Float64Array;
  readonly scaled: Float64Array;
  readonly used: Uint8Array;
  readonly words: boolean;
  /** Logits of the cheap and of the strong option being right. */
  weak: number;
  strong: number;
  /** How much of the two logits comes from the vocabulary. */
  weakWords: number;
  strongWords: number;
  trust: number;
}

export function createScorer(model: Model, features: readonly Feature[]): Scorer {
  const used = new Uint8Array(DENSE_SIZE);
  for (let at = 0; at < DENSE_SIZE; at += 1) used[at] = Number(features.includes(SIZES.includes(at) ? 'query_length' : 'task_complexity'));
  return {
    model,
    scan: createScan(),
    raw: new Float64Array(DENSE_SIZE),
    scaled: new Float64Array(DENSE_SIZE),
    used,
    words: features.includes('domain'),
    weak: 0,
    strong: 0,
    weakWords: 0,
    strongWords: 0,
    trust: 1,
  };
}

/** Reads `query` and returns how much thinking it needs, 0..1: one minus the chance that a cheap answer is right, weighed by that of a strong one. */
export function score(query: string, scorer: Scorer): number {
  const { model, scan, raw, scaled, used } = scorer;
  scanText(query, model.tables, scan);
  denseFeatures(scan, raw);
  let weak = model.file.weak.intercept;
  let strong = model.file.strong.intercept;
  for (let at = 0; at < DENSE_SIZE; at += 1) {
    const x = used[at] === 0 ? 0 : clip(((raw[at] as number) - (model.mean[at] as number)) / (model.spread[at] as number));
    scaled[at] = x;
    weak += x * (model.weakDense[at] as number);
    strong += x * (model.strongDense[at] as number);
  }
  scorer.trust = trustInWords(scan);
  scorer.weakWords = 0;
  scorer.strongWords = 0;
  if (scorer.words) addWords(scorer);
  scorer.weak = weak + scorer.weakWords;
  scorer.strong = strong + scorer.strongWords;
  return logistic(logitOf(scorer));
}

/** The logit of the score that was made last. */
export function logitOf(scorer: Scorer): number {
  const { strongShare, slope, offset } = scorer.model.file;
  return slope * (strongShare * scorer.strong - scorer.weak) + offset;
}

function addWords(scorer: Scorer): void {
  const { scan, model } = scorer;
  const { table } = model;
  const { words, grams, wordBuckets, gramBuckets } = scan;
  let weakWords = 0;
  let strongWords = 0;
  for (let at = 0; at < wordBuckets; at += 1) {
    const slot = (words[at] as number) << 1;
    weakWords += table[slot] as number;
    strongWords += table[slot + 1] as number;
  }
  let weakGrams = 0;
  let strongGrams = 0;
  for (let at = 0; at < gramBuckets; at += 1) {
    const slot = (grams[at] as number) << 1;
    weakGrams += table[slot] as number;
    strongGrams += table[slot + 1] as number;
  }
  const perWord = wordBuckets === 0 ? 0 : scorer.trust / Math.sqrt(wordBuckets);
  const perGram = gramBuckets === 0 ? 0 : scorer.trust / Math.sqrt(gramBuckets);
  scorer.weakWords = model.file.weak.step * (weakWords * perWord + weakGrams * perGram);
  scorer.strongWords = model.file.strong.step * (strongWords * perWord + strongGrams * perGram);
}

/** Whether a dense feature counts words of a topic. */
export function isTopic(feature: number): boolean {
  return feature >= FIRST_TOPIC;
}

export function logistic(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

function clip(x: number): number {
  return x > 4 ? 4 : x < -4 ? -4 : x;
}
