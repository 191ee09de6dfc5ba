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

export interface ModelFile {
  readonly version: 1;
  /** Two signed bytes for each bucket: cheap option, strong option. Base64. */
  readonly table: string;
  readonly mean: readonly number[];
  readonly spread: readonly number[];
  readonly weak: ModelHead;
  readonly strong: ModelHead;
  /** score = logistic(slope · (strongShare · strong − weak) + offset), in logits. */
  readonly strongShare: number;
  readonly slope: number;
  readonly offset: number;
}

export interface Model {
  readonly tables: Tables;
  readonly table: Int8Array;
  readonly mean: Float64Array;
  readonly spread: Float64Array;
  readonly weakDense: Float64Array;
  readonly strongDense: Float64Array;
  readonly file: ModelFile;
}

/** Unpacks a model. Takes a few milliseconds: once for a predictor. */
export function createModel(file: ModelFile): Model {
  const alphabet = alphabetTable();
  const bytes = decodeBase64(file.table, 2 << BUCKET_BITS);
  return {
    tables: { alphabet, words: createWordTable(alphabet) },
    table: new Int8Array(bytes.buffer),
    mean: fixed(file.mean),
    spread: fixed(file.spread),
    weakDense: fixed(file.weak.dense),
    strongDense: fixed(file.strong.dense),
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
