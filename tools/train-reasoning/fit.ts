import { type Random, seededRandom } from '../../packages/kit/src/random.ts';
import { DENSE_SIZE } from '../../packages/reasoning/src/text/dense.ts';
import { BUCKET_BITS } from '../../packages/reasoning/src/text/scan.ts';
import type { Example } from './examples.ts';

export interface FitOptions {
  readonly seed: number;
  readonly epochs: number;
  readonly rate: number;
  readonly denseRate: number;
  /** Pull to zero, per example. */
  readonly decay: number;
  readonly denseDecay: number;
  /** What share of the total weight goes to sources that have only ranks. */
  readonly rankWeight: number;
  /** 1: each source weighs the same; 0: each row. */
  readonly balance: number;
  /** Intercept per `source`, per `family`, or one for all. */
  readonly intercepts: 'source' | 'family' | 'none';
}

export interface Head {
  readonly table: Float64Array;
  readonly dense: Float64Array;
  readonly intercept: number;
}

export interface Scale {
  readonly mean: Float64Array;
  readonly spread: Float64Array;
}

/** Mean and spread of each dense feature, each source counted alike. */
export function scaleOf(examples: readonly Example[]): Scale {
  const mean = new Float64Array(DENSE_SIZE);
  const spread = new Float64Array(DENSE_SIZE);
  for (const { dense } of examples) for (let at = 0; at < DENSE_SIZE; at += 1) mean[at]! += dense[at]! / examples.length;
  for (const { dense } of examples)
    for (let at = 0; at < DENSE_SIZE; at += 1) spread[at]! += (dense[at]! - mean[at]!) ** 2 / examples.length;
  for (let at = 0; at < DENSE_SIZE; at += 1) spread[at] = Math.max(0.05, Math.sqrt(spread[at]!));
  return { mean, spread };
}

/** Logistic regression by AdaGrad in an order that the seed decides; sources' own intercepts are thrown away but for their mean. Dense weights start at `prior` and are pulled to it. */
export function fit(
  examples: readonly Example[],
  targetOf: (example: Example) => number | undefined,
  scale: Scale,
  options: FitOptions,
  prior: Float64Array = new Float64Array(DENSE_SIZE),
): Head {
  const size = 1 << BUCKET_BITS;
  const table = new Float64Array(size);
  const squares = new Float64Array(size).fill(0.01);
  const dense = prior.slice();
  const denseSquares = new Float64Array(DENSE_SIZE).fill(0.01);
  const groups = new Map<string, { bias: number; squares: number; count: number }>();
  const scaled = new Float64Array(DENSE_SIZE);
  const used = examples.filter((example) => targetOf(example) !== undefined);
  const weights = weightsOf(used, options);
  const order = used.map((_, at) => at);
  const random = seededRandom(options.seed);
  for (const { row } of used) {
    const key = groupOf(row);
    const group = groups.get(key) ?? { bias: 0, squares: 0.01, count: 0 };
    group.count += 1;
    groups.set(key, group);
  }
  for (let epoch = 0; epoch < options.epochs; epoch += 1) {
    shuffle(order, random);
    const slow = 1 / (1 + epoch * 0.5);
    for (const index of order) {
      const example = used[index]!;
      const group = groups.get(groupOf(example.row))!;
      const { buckets, values } = example;
      let z = group.bias;
      for (let at = 0; at < DENSE_SIZE; at += 1) {
        const x = clip((example.dense[at]! - scale.mean[at]!) / scale.spread[at]!);
        scaled[at] = x;
        z += dense[at]! * x;
      }
      for (let at = 0; at < buckets.length; at += 1) z += table[buckets[at]!]! * values[at]!;
      const error = (1 / (1 + Math.exp(-z)) - targetOf(example)!) * weights[index]!;
      group.squares += error * error;
      group.bias -= (options.denseRate * 2 * slow * error) / Math.sqrt(group.squares);
      for (let at = 0; at < DENSE_SIZE; at += 1) {
        const slope = error * scaled[at]! + options.denseDecay * (dense[at]! - prior[at]!);
        denseSquares[at]! += slope * slope;
        dense[at]! -= (options.denseRate * slow * slope) / Math.sqrt(denseSquares[at]!);
      }
      for (let at = 0; at < buckets.length; at += 1) {
        const bucket = buckets[at]!;
        const slope = error * values[at]! + options.decay * table[bucket]!;
        squares[bucket]! += slope * slope;
        table[bucket]! -= (options.rate * slow * slope) / Math.sqrt(squares[bucket]!);
      }
    }
  }
  const biases = [...groups.values()];
  return { table, dense, intercept: biases.reduce((sum, { bias }) => sum + bias, 0) / Math.max(1, biases.length) };

  function groupOf(row: Example['row']): string {
    return options.intercepts === 'none' ? '' : options.intercepts === 'source' ? row.source : `${row.source}/${row.family}`;
  }
}

export function clip(x: number): number {
  return x > 4 ? 4 : x < -4 ? -4 : x;
}

export function logitOf(head: Head, example: Example, scale: Scale): number {
  let z = head.intercept;
  for (let at = 0; at < DENSE_SIZE; at += 1) z += head.dense[at]! * clip((example.dense[at]! - scale.mean[at]!) / scale.spread[at]!);
  for (let at = 0; at < example.buckets.length; at += 1) z += head.table[example.buckets[at]!]! * example.values[at]!;
  return z;
}

function weightsOf(used: readonly Example[], options: FitOptions): Float64Array {
  const counts = new Map<string, number>();
  for (const { row } of used) counts.set(row.source, (counts.get(row.source) ?? 0) + 1);
  const mean = used.length / Math.max(1, counts.size);
  return Float64Array.from(
    used,
    ({ row }) => (mean / counts.get(row.source)!) ** options.balance * (row.difficulty === undefined ? 1 : options.rankWeight),
  );
}

function shuffle(order: number[], random: Random): void {
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random.float() * (at + 1));
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
}
