import type { FileConfig } from './schema.ts';

/** Keys that are read and change nothing yet; a whole group where all of it is. */
const UNUSED: readonly string[] = ['cluster.streaming'];

/** One note that names the keys of the file that have no effect yet; none where there are none. */
export function unusedNotes(file: FileConfig): readonly string[] {
  const named = keysOf(file, '').filter((key) => UNUSED.some((unused) => key === unused || key.startsWith(`${unused}.`)));
  return named.length === 0 ? [] : [`Read from the file but not used yet: ${named.join(', ')}.`];
}

function keysOf(group: object, prefix: string): readonly string[] {
  return Object.entries(group).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? keysOf(value, `${prefix}${key}.`) : `${prefix}${key}`,
  );
}
