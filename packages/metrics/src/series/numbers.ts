import { type Label, placeOf, sizeOf } from './labels.ts';

/** A counter or a gauge: one number for each series. */
export class Numbers {
  readonly labels: readonly Label[];
  readonly values: Float64Array;

  constructor(labels: readonly Label[]) {
    this.labels = labels;
    this.values = new Float64Array(sizeOf(labels));
  }

  /** The place of a series, to be kept by whoever counts often. */
  at(...values: readonly string[]): number {
    return placeOf(this.labels, values);
  }

  /** The same where the place by the first label is known, and there is one more. */
  under(place: number, value: string): number {
    const { values, indexOf } = this.labels[1] as Label;
    return place * values.length + indexOf(value);
  }

  add(place = 0, by = 1): void {
    (this.values[place] as number) += by;
  }

  set(value: number, place = 0): void {
    this.values[place] = value;
  }

  get sum(): number {
    return this.values.reduce((sum, value) => sum + value, 0);
  }
}
