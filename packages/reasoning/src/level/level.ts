/** How deep: 1 quick, 2 standard, 3 deep, 4 ultra. */
export type Level = 1 | 2 | 3 | 4;

export const LEVELS: readonly Level[] = [1, 2, 3, 4];

/** The level of a number that came from outside: the nearest one, 1 for what is no number. */
export function levelOf(value: number): Level {
  if (!(value > 1)) return 1;
  if (value >= 3.5) return 4;
  return value >= 2.5 ? 3 : value >= 1.5 ? 2 : 1;
}
