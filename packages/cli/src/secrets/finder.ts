/** Where one of the patterns stands: `[from, to)`; neighbours that overlap are one. */
export type Span = readonly [from: number, to: number];

const BLOCK = 3;
const SIZE = 1 << 14;

/**
 * Looks for many patterns at once, in one pass that reads about every sixth character of a text that holds none (Wu and Manber's way): a table says for
 * each three characters how far the window may go on before they could be part of a pattern. Each pattern is at least `least` characters long.
 */
export function createFinder(patterns: readonly string[], least: number): (text: string) => readonly Span[] {
  const furthest = least - BLOCK + 1;
  const shifts = new Uint8Array(SIZE).fill(furthest);
  const endings = new Map<number, string[]>();
  for (const pattern of patterns) {
    for (let i = 0; i < furthest; i++) {
      const block = hash(pattern, i);
      shifts[block] = Math.min(shifts[block] as number, furthest - 1 - i);
    }
    const last = hash(pattern, furthest - 1);
    endings.set(last, [...(endings.get(last) ?? []), pattern]);
  }

  return (text) => {
    const spans: [number, number][] = [];
    // `at` is where the window's last block begins.
    for (let at = furthest - 1; at <= text.length - BLOCK; ) {
      const block = hash(text, at);
      const shift = shifts[block] as number;
      if (shift > 0) {
        at += shift;
        continue;
      }
      const from = at - furthest + 1;
      const length = longestAt(text, from, endings.get(block) ?? []);
      if (length > 0) join(spans, from, from + length);
      at++;
    }
    return spans;
  };
}

function hash(text: string, at: number): number {
  return (text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 4) ^ (text.charCodeAt(at + 2) << 8)) & (SIZE - 1);
}

function longestAt(text: string, from: number, patterns: readonly string[]): number {
  return patterns.reduce((longest, pattern) => (pattern.length > longest && text.startsWith(pattern, from) ? pattern.length : longest), 0);
}

function join(spans: [number, number][], from: number, to: number): void {
  const last = spans.at(-1);
  if (last && from < last[1]) last[1] = Math.max(last[1], to);
  else spans.push([from, to]);
}
