import { type Label, placeOf, sizeOf } from './labels.ts';

/** How often values fell into each of the buckets, for each series. */
export class Histogram {
  readonly labels: readonly Label[];
  /** Ascending; a value equal to a bound is in its bucket. */
  readonly bounds: Float64Array;
  /** For each series its buckets, and last one for what is above all bounds. Not cumulative. */
  readonly counts: Float64Array;
  readonly sums: Float64Array;

  constructor(labels: readonly Label[], bounds: readonly number[]) {
    this.labels = labels;
    this.bounds = Float64Array.from(new Set(bounds)).toSorted();
    this.counts = new Float64Array(sizeOf(labels) * (this.bounds.length + 1));
    this.sums = new Float64Array(sizeOf(labels));
  }

  at(...values: readonly string[]): number {
    return placeOf(this.labels, values);
  }

  observe(value: number, place = 0): void {
    const { bounds, counts, sums } = this;
    const { length } = bounds;
    let at = 0;
    while (at < length && value > (bounds[at] as number)) at++;
    (counts[place * (length + 1) + at] as number)++;
    (sums[place] as number) += value;
  }

  /** All series together: how many values are in each bucket. */
  get total(): Float64Array {
    const width = this.bounds.length + 1;
    const total = new Float64Array(width);
    this.counts.forEach((count, at) => {
      (total[at % width] as number) += count;
    });
    return total;
  }
}
