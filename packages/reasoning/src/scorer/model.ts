import { alphabetTable } from '../text/alphabet.ts';
import { DENSE_SIZE } from '../text/dense.ts';
import { BUCKET_BITS, type Tables } from '../text/scan.ts';
import { createWordTable } from '../text/word-table.ts';

/** What the training program writes beside the table. */
export interface ModelHead {
  /** A step of the table. */
  readonly step: number;
  readonly intercept: number;
  readonly dense: readonly number[];
}

/** The heads in the order of the table's bytes: two options; two kinds of text that have a head of their own, and how far a text is of these. */
export const HEADS = ['weak', 'strong', 'math', 'story', 'mathGate', 'storyGate'] as const;

export type HeadName = (typeof HEADS)[number];

export interface ModelFile {
  readonly version: 2;
  /** For each bucket four bytes (weak, strong, math, story), then for each bucket two (gates); 128 is nothing. Base64. */
  readonly table: string;
  readonly mean: readonly number[];
  readonly spread: readonly number[];
  readonly heads: Readonly<Record<HeadName, ModelHead>>;
  /** How the heads become a score: see `blendedLogit`. */
  readonly mix: {
    readonly strongShare: number;
    readonly keep: number;
    readonly mathLevel: number;
    readonly storyLevel: number;
    readonly slope: number;
    readonly offset: number;
  };
}

export interface Model {
  readonly tables: Tables;
  /** Four heads to an entry, two gates to an entry, a byte each. */
  readonly four: Uint32Array;
  readonly two: Uint16Array;
  readonly mean: Float64Array;
  /** One over the spread. */
  readonly narrow: Float64Array;
  /** Dense weights: for each feature those of all heads. */
  readonly dense: Float64Array;
  readonly intercepts: Float64Array;
  readonly steps: Float64Array;
  readonly file: ModelFile;
}

/** Unpacks a model. Takes a few milliseconds: once for a predictor. */
export function createModel(file: ModelFile): Model {
  const alphabet = alphabetTable();
  const buckets = 1 << BUCKET_BITS;
  const bytes = decodeBase64(file.table, HEADS.length * buckets);
  const view = new DataView(bytes.buffer);
  const four = Uint32Array.from({ length: buckets }, (_, at) => view.getUint32(4 * at, true));
  const two = Uint16Array.from({ length: buckets }, (_, at) => view.getUint16(4 * buckets + 2 * at, true));
  const dense = new Float64Array(DENSE_SIZE * HEADS.length);
  HEADS.forEach((name, head) => {
    fixed(file.heads[name].dense).forEach((value, at) => {
      dense[at * HEADS.length + head] = value;
    });
  });
  return {
    tables: { alphabet, words: createWordTable(alphabet) },
    four,
    two,
    mean: fixed(file.mean),
    narrow: fixed(file.spread).map((value) => 1 / value),
    dense,
    intercepts: Float64Array.from(HEADS, (name) => file.heads[name].intercept),
    steps: Float64Array.from(HEADS, (name) => file.heads[name].step),
    file,
  };
}

function fixed(values: readonly number[]): Float64Array {
  if (values.length !== DENSE_SIZE)
    throw new RangeError(`a model has ${values.length} dense features, this version reads ${DENSE_SIZE}: train it again`);
  return Float64Array.from(values);
}

function decodeBase64(text: string, size: number): Uint8Array<ArrayBuffer> {
  const raw = atob(text);
  if (raw.length !== size) throw new RangeError(`a model's table has ${raw.length} bytes, not ${size}: train it again`);
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) bytes[at] = raw.charCodeAt(at);
  return bytes;
}
