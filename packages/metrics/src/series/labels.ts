/** The values that a label may have: those that are known, and one for all the others. */
export interface Label {
  readonly name: string;
  readonly values: readonly string[];
  /** Where a value stands; that of `other` for one that is not known. */
  indexOf(value: string): number;
}

/** What a label says of values that were made up by callers. */
export const OTHER = 'other';

export function createLabel(name: string, known: readonly string[]): Label {
  const values = [...new Set(known.filter((value) => value !== OTHER)), OTHER];
  const places = new Map(values.map((value, at) => [value, at] as const));
  const last = values.length - 1;
  return { name, values, indexOf: (value) => places.get(value) ?? last };
}

/** Where the series of these values stands, the first label's values far apart, the last one's beside each other. */
export function placeOf(labels: readonly Label[], values: readonly string[]): number {
  return labels.reduce((place, label, at) => place * label.values.length + label.indexOf(values[at] ?? OTHER), 0);
}

export function sizeOf(labels: readonly Label[]): number {
  return labels.reduce((size, label) => size * label.values.length, 1);
}

/** The values that stand at a place. */
export function valuesAt(labels: readonly Label[], place: number): readonly string[] {
  let rest = place;
  const values: string[] = [];
  for (const { values: known } of labels.toReversed()) {
    values.unshift(known[rest % known.length] as string);
    rest = Math.floor(rest / known.length);
  }
  return values;
}
