/**
 * How amounts that were seen lie beside those that were expected: logarithms of their ratios, as at most {@link MOST} heaps in order, each of about the same weight.
 * Quantiles of it are right within about a hundredth of all that was seen.
 */
export interface Sketch {
  /** What was seen, without what a new one begins with. */
  readonly count: number;
  readonly at: readonly number[];
  readonly weight: readonly number[];
  /** Of the ratios themselves. */
  readonly mean: number;
}

const MOST = 32;
/** What was seen earlier fades, so that no more than this counts: models change. */
const MOST_WEIGHT = 500;
/** What is supposed of a new one, and what is known of its neighbour, count as so many outcomes. */
const SUPPOSED = 4;
const BORROWED = 6;
/** An outlier counts as this many times the expected amount. */
const MOST_RATIO = 1000;
/** Where a normal distribution has its quantiles .1, .2, … .9. */
const NORMAL = [-1.282, -0.842, -0.524, -0.253, 0, 0.253, 0.524, 0.842, 1.282];

/** One that has seen nothing: four of five ratios are supposed to lie between `low` and `high`. */
export function supposed(low: number, high: number, mean: number): Sketch {
  const [from, to] = [Math.log(low), Math.log(high)];
  const at = NORMAL.map((z) => short((from + to) / 2 + ((to - from) / 2) * (z / 1.282)));
  return { count: 0, at, weight: at.map(() => short(SUPPOSED / at.length)), mean };
}

/** With one more ratio of seen to expected; what is no positive number is ignored. */
export function noted(sketch: Sketch, ratio: number): Sketch {
  if (!(ratio > 0) || !Number.isFinite(ratio)) return sketch;
  const bounded = Math.min(MOST_RATIO, Math.max(1 / MOST_RATIO, ratio));
  const x = short(Math.log(bounded));
  const total = sum(sketch.weight);
  const fade = total >= MOST_WEIGHT ? (MOST_WEIGHT - 1) / total : 1;
  const place = sketch.at.findIndex((at) => at > x);
  const index = place === -1 ? sketch.at.length : place;
  const at = sketch.at.toSpliced(index, 0, x);
  const weight = sketch.weight.map((each) => (fade === 1 ? each : short(each * fade))).toSpliced(index, 0, 1);
  if (at.length > MOST) joinLightest(at, weight);
  const share = Math.max(0.01, 1 / (sketch.count + SUPPOSED + 1));
  return { count: sketch.count + 1, at, weight, mean: short(sketch.mean + share * (bounded - sketch.mean)) };
}

/** What a neighbour's sketch says of one of which nothing is known. */
export function borrowed(sketch: Sketch): Sketch {
  const total = sum(sketch.weight);
  const weight = total > BORROWED ? sketch.weight.map((each) => short((each * BORROWED) / total)) : sketch.weight;
  return { ...sketch, count: Math.min(sketch.count, BORROWED), weight };
}

/** The logarithm of the ratio below which this part lies. */
export function quantile({ at, weight }: Sketch, part: number): number {
  const wanted = part * sum(weight);
  let before = 0;
  for (let i = 0; i < at.length; i += 1) {
    const [here, own] = [at[i] as number, weight[i] as number];
    const middle = before + own / 2;
    if (middle >= wanted) {
      if (i === 0) return here;
      const [left, leftMiddle] = [at[i - 1] as number, before - (weight[i - 1] as number) / 2];
      return left + ((here - left) * (wanted - leftMiddle)) / (middle - leftMiddle);
    }
    before += own;
  }
  return at.at(-1) ?? 0;
}

/** The two neighbours that are lightest together become one. */
function joinLightest(at: number[], weight: number[]): void {
  let lightest = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 1 < at.length; i += 1) {
    const both = (weight[i] as number) + (weight[i + 1] as number);
    if (both >= least) continue;
    least = both;
    lightest = i;
  }
  const [a, b] = [weight[lightest] as number, weight[lightest + 1] as number];
  at.splice(lightest, 2, short(((at[lightest] as number) * a + (at[lightest + 1] as number) * b) / (a + b)));
  weight.splice(lightest, 2, short(a + b));
}

/** Numbers that are as short as a state that is kept wants them. */
function short(number: number): number {
  return Math.round(number * 1000) / 1000;
}

function sum(numbers: readonly number[]): number {
  let all = 0;
  for (const number of numbers) all += number;
  return all;
}
