import { DENSE_SIZE, denseFeatures, FIRST_TOPIC, trustInWords } from '../text/dense.ts';
import { createScan, type Scan, scanText } from '../text/scan.ts';
import { blendedLogit, logistic } from './blended.ts';
import { HEADS, type Model } from './model.ts';

/** What a predictor may look at. */
export type Feature = 'task_complexity' | 'query_length' | 'domain';

export const FEATURES: readonly Feature[] = ['task_complexity', 'query_length', 'domain'];

const SIX = HEADS.length;

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
  /** The kinds' own heads speak only where everything may be looked at. */
  readonly byKind: boolean;
  /** Logits of the heads, in the order of `HEADS`, and how much of each comes from the vocabulary. */
  readonly logits: Float64Array;
  readonly fromWords: Float64Array;
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
    byKind: FEATURES.every((feature) => features.includes(feature)),
    logits: new Float64Array(SIX),
    fromWords: new Float64Array(SIX),
    trust: 1,
  };
}

/** Reads `query` and returns how much thinking it needs, 0..1: one minus the chance that a cheap answer is right, weighed by that of a strong one. */
export function score(query: string, scorer: Scorer): number {
  const { model, scan, raw, scaled, used, logits, fromWords } = scorer;
  const { dense, mean, narrow, intercepts } = model;
  scanText(query, model.tables, scan);
  denseFeatures(scan, raw);
  for (let head = 0; head < SIX; head += 1) {
    logits[head] = intercepts[head] as number;
    fromWords[head] = 0;
  }
  for (let at = 0, from = 0; at < DENSE_SIZE; at += 1, from += SIX) {
    const x = used[at] === 0 ? 0 : clip(((raw[at] as number) - (mean[at] as number)) * (narrow[at] as number));
    scaled[at] = x;
    for (let head = 0; head < SIX; head += 1) logits[head] = (logits[head] as number) + x * (dense[from + head] as number);
  }
  scorer.trust = trustInWords(scan);
  if (scorer.words) {
    addWords(scan.words, scan.wordBuckets, scorer);
    addWords(scan.grams, scan.gramBuckets, scorer);
    for (let head = 0; head < SIX; head += 1) logits[head] = (logits[head] as number) + (fromWords[head] as number);
  }
  return logistic(logitOf(scorer));
}

/** The logit of the score that was made last. */
export function logitOf({ model, logits, byKind, trust }: Scorer): number {
  return blendedLogit(
    model.file.mix,
    logits[0] as number,
    logits[1] as number,
    logits[2] as number,
    logits[3] as number,
    logits[4] as number,
    logits[5] as number,
    byKind ? trust : 0,
  );
}

/** Two sums of bytes in one number, each below 65,536: so many entries at once. */
const CHUNK = 256;

/** Adds what a list of buckets says to `fromWords`. */
function addWords(buckets: Int32Array, count: number, { model, fromWords, trust }: Scorer): void {
  if (count === 0) return;
  const { four, two, steps } = model;
  const share = trust / Math.sqrt(count);
  const nothing = 128 * count;
  let weak = 0;
  let strong = 0;
  let math = 0;
  let story = 0;
  let mathGate = 0;
  let storyGate = 0;
  for (let from = 0; from < count; from += CHUNK) {
    const to = from + CHUNK < count ? from + CHUNK : count;
    let even = 0;
    let odd = 0;
    let gates = 0;
    for (let at = from; at < to; at += 1) {
      const bucket = buckets[at] as number;
      const entry = four[bucket] as number;
      const gate = two[bucket] as number;
      even = (even + (entry & 0xff00ff)) | 0;
      odd = (odd + ((entry >>> 8) & 0xff00ff)) | 0;
      gates = (gates + ((gate | (gate << 8)) & 0xff00ff)) | 0;
    }
    weak += even & 0xffff;
    math += even >>> 16;
    strong += odd & 0xffff;
    story += odd >>> 16;
    mathGate += gates & 0xffff;
    storyGate += gates >>> 16;
  }
  fromWords[0] = (fromWords[0] as number) + share * (steps[0] as number) * (weak - nothing);
  fromWords[1] = (fromWords[1] as number) + share * (steps[1] as number) * (strong - nothing);
  fromWords[2] = (fromWords[2] as number) + share * (steps[2] as number) * (math - nothing);
  fromWords[3] = (fromWords[3] as number) + share * (steps[3] as number) * (story - nothing);
  fromWords[4] = (fromWords[4] as number) + share * (steps[4] as number) * (mathGate - nothing);
  fromWords[5] = (fromWords[5] as number) + share * (steps[5] as number) * (storyGate - nothing);
}

/** Whether a dense feature counts words of a topic. */
export function isTopic(feature: number): boolean {
  return feature >= FIRST_TOPIC;
}

function clip(x: number): number {
  return x > 4 ? 4 : x < -4 ? -4 : x;
}
