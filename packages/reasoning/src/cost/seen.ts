import { LEVELS, type Level } from '../level/level.ts';
import { AMOUNTS, type Amount } from './expected.ts';
import type { Interval } from './interval.ts';
import { borrowed, noted, quantile, type Sketch, supposed } from './sketch.ts';

/** What was learned of one model, or of one agent's runs with it, at one level. */
export interface Seen {
  readonly amounts: Readonly<Record<Amount, Sketch>>;
  /** The share of the input that the provider had in its cache. */
  readonly cached: number;
}

/** By level: `undefined` where nothing was seen. */
export type Row = readonly (Seen | undefined)[];

/** What is supposed of all models together, of which some say ten times as much as others. */
const SPREAD = supposed(0.07, 3.2, 1);
/** Input is counted, not guessed. */
const COUNTED = supposed(0.85, 1.18, 1);
const NOTHING: Seen = { amounts: { input: COUNTED, output: SPREAD, thinking: SPREAD, ms: SPREAD, cost: SPREAD }, cached: 0 };
/** Tokens that are added on both sides of a ratio, so that none at all is an amount like others. */
const SOFT: Readonly<Record<Amount, number>> = { input: 0, output: 0, thinking: 16, ms: 0, cost: 0 };
/** Four of five lie between; a little narrower, since bounds that are whole numbers hold a little more. */
const LOW = 0.104;
const HIGH = 0.896;
const LEAST_SHARE = 0.02;

/** What is known of this level: its own, else the nearest level's of the same row, else what the next row says, else what is supposed of any model. */
export function seenAt(level: Level, rows: readonly (Row | undefined)[]): Seen {
  for (const row of rows) {
    if (row === undefined) continue;
    const own = row[level - 1];
    if (own !== undefined) return row === rows[0] ? own : asBorrowed(own, true);
    const near = nearestOf(row, level);
    if (near !== undefined) return asBorrowed(near.seen, level > 1 && near.level > 1);
  }
  return NOTHING;
}

/** After one more run. */
export function learnt(
  seen: Seen,
  amounts: Readonly<Record<Amount, number>>,
  expected: Readonly<Record<Amount, number>>,
  cachedShare: number,
): Seen {
  const share = Math.max(LEAST_SHARE, 1 / (seen.amounts.output.count + 1));
  return {
    amounts: each((name) => noted(seen.amounts[name], (amounts[name] + SOFT[name]) / (expected[name] + SOFT[name]))),
    cached: seen.cached + share * (cachedShare - seen.cached),
  };
}

/** Mean and interval of an amount of which so much is expected. */
export function rangeOf({ amounts }: Seen, name: Amount, expected: number): Interval {
  const sketch = amounts[name];
  // Nothing is expected, and nobody has seen otherwise.
  if (expected === 0 && sketch.count === 0) return { mean: 0, low: 0, high: 0 };
  const soft = SOFT[name];
  const [least, most] = [Math.exp(quantile(sketch, LOW)), Math.exp(quantile(sketch, HIGH))];
  const of = (ratio: number): number => Math.max(0, ratio * (expected + soft) - soft);
  return { mean: of(Math.min(most, Math.max(least, sketch.mean))), low: of(least), high: of(most) };
}

function nearestOf(row: Row, level: Level): { readonly level: Level; readonly seen: Seen } | undefined {
  let nearest: { readonly level: Level; readonly seen: Seen } | undefined;
  for (const other of LEVELS) {
    const seen = row[other - 1];
    if (seen === undefined || (nearest && Math.abs(other - level) >= Math.abs(nearest.level - level))) continue;
    nearest = { level: other, seen };
  }
  return nearest;
}

/** Thinking at level 1 says nothing of that at other levels, nor they of it: there none is expected. */
function asBorrowed({ amounts, cached }: Seen, thinksAlike: boolean): Seen {
  const all = each((name) => borrowed(amounts[name]));
  return { amounts: thinksAlike ? all : { ...all, thinking: SPREAD }, cached };
}

function each(sketchOf: (name: Amount) => Sketch): Readonly<Record<Amount, Sketch>> {
  return Object.fromEntries(AMOUNTS.map((name) => [name, sketchOf(name)])) as Readonly<Record<Amount, Sketch>>;
}
