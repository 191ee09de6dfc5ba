import { alphabetTable } from '../../packages/reasoning/src/text/alphabet.ts';
import { DENSE_SIZE, denseFeatures, trustInWords } from '../../packages/reasoning/src/text/dense.ts';
import { createScan, scanText } from '../../packages/reasoning/src/text/scan.ts';
import { createWordTable } from '../../packages/reasoning/src/text/word-table.ts';
import type { Row } from './data.ts';

/** A row as numbers: buckets with their weights, and the dense features. */
export interface Example {
  readonly row: Row;
  readonly buckets: Int32Array;
  readonly values: Float32Array;
  readonly dense: Float64Array;
  /** How far the English vocabulary is trusted. */
  readonly trust: number;
}

/** How much char grams weigh beside words. */
export const GRAM_SHARE = 1;

export function createExamples(rows: readonly Row[]): readonly Example[] {
  const alphabet = alphabetTable();
  const tables = { alphabet, words: createWordTable(alphabet) };
  const scan = createScan();
  return rows.map((row) => {
    scanText(row.prompt, tables, scan);
    const dense = new Float64Array(DENSE_SIZE);
    denseFeatures(scan, dense);
    const sums = new Map<number, number>();
    const add = (list: Int32Array, length: number, weight: number): void => {
      for (let at = 0; at < length; at += 1) sums.set(list[at]!, (sums.get(list[at]!) ?? 0) + weight);
    };
    if (scan.wordBuckets > 0) add(scan.words, scan.wordBuckets, 1 / Math.sqrt(scan.wordBuckets));
    if (scan.gramBuckets > 0) add(scan.grams, scan.gramBuckets, GRAM_SHARE / Math.sqrt(scan.gramBuckets));
    return { row, buckets: Int32Array.from(sums.keys()), values: Float32Array.from(sums.values()), dense, trust: trustInWords(scan) };
  });
}
