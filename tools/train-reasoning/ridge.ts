import { DENSE_SIZE } from '../../packages/reasoning/src/text/dense.ts';
import { BUCKET_BITS } from '../../packages/reasoning/src/text/scan.ts';
import type { Example } from './examples.ts';
import { clip, type Head, type Scale } from './fit.ts';

export interface RidgeOptions {
  /** Pull of the dense weights to their prior, and of the table to zero: a variance's inverse, in examples of the mean source. */
  readonly denseDecay: number;
  readonly tableDecay: number;
  /** 1: each source weighs the same; 0: each row. */
  readonly balance: number;
  /** Whether each source has an intercept of its own while training. */
  readonly perSource: boolean;
  readonly steps: number;
  /** Whether there is a table at all. */
  readonly words: boolean;
}

const SIZE = 1 << BUCKET_BITS;
const MEMORY = 8;
const INTERCEPT_DECAY = 0.01;
/** Buckets of one text move together, so each alone moves by less. */
const CROWD = 8;

/** Logistic regression with a quadratic pull, brought to its minimum (nearly) by L-BFGS: no order, no chance. Targets are 0..1. */
export function ridge(
  examples: readonly Example[],
  targetOf: (example: Example) => number | undefined,
  scale: Scale,
  options: RidgeOptions,
  prior: Float64Array = new Float64Array(DENSE_SIZE),
): Head {
  const used = examples.filter((example) => targetOf(example) !== undefined);
  const groups = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const { row } of used) {
    counts.set(row.source, (counts.get(row.source) ?? 0) + 1);
    const key = options.perSource ? row.source : '';
    if (!groups.has(key)) groups.set(key, groups.size);
  }
  const mean = used.length / Math.max(1, counts.size);
  const weights = Float64Array.from(used, ({ row }) => (mean / counts.get(row.source)!) ** options.balance);
  const targets = Float64Array.from(used, (example) => targetOf(example)!);
  const group = Int32Array.from(used, ({ row }) => groups.get(options.perSource ? row.source : '')!);
  const dense = new Float64Array(used.length * DENSE_SIZE);
  used.forEach((example, index) => {
    for (let at = 0; at < DENSE_SIZE; at += 1)
      dense[index * DENSE_SIZE + at] = clip((example.dense[at]! - scale.mean[at]!) / scale.spread[at]!);
  });
  // All weights in one vector: dense, intercepts, table.
  const tableAt = DENSE_SIZE + groups.size;
  const length = tableAt + (options.words ? SIZE : 0);
  const start = new Float64Array(length);
  start.set(prior);

  const ease = easing();
  const found = minimize(start, options.steps, ease, (point, gradient) => {
    gradient.fill(0);
    let loss = 0;
    for (let index = 0; index < used.length; index += 1) {
      const from = index * DENSE_SIZE;
      const own = DENSE_SIZE + group[index]!;
      let z = point[own]!;
      for (let at = 0; at < DENSE_SIZE; at += 1) z += point[at]! * dense[from + at]!;
      const { buckets, values } = used[index]!;
      if (options.words) for (let at = 0; at < buckets.length; at += 1) z += point[tableAt + buckets[at]!]! * values[at]!;
      const weight = weights[index]!;
      const target = targets[index]!;
      loss += weight * (Math.max(0, z) + Math.log1p(Math.exp(-Math.abs(z))) - target * z);
      const error = weight * (1 / (1 + Math.exp(-z)) - target);
      gradient[own]! += error;
      for (let at = 0; at < DENSE_SIZE; at += 1) gradient[at]! += error * dense[from + at]!;
      if (options.words) for (let at = 0; at < buckets.length; at += 1) gradient[tableAt + buckets[at]!]! += error * values[at]!;
    }
    for (let at = 0; at < length; at += 1) {
      const decay = at < DENSE_SIZE ? options.denseDecay : at < tableAt ? INTERCEPT_DECAY : options.tableDecay;
      const off = point[at]! - (at < DENSE_SIZE ? prior[at]! : 0);
      loss += 0.5 * decay * off * off;
      gradient[at]! += decay * off;
    }
    return loss;
  });
  const intercepts = found.subarray(DENSE_SIZE, tableAt);
  return {
    dense: found.slice(0, DENSE_SIZE),
    intercept: intercepts.reduce((sum, value) => sum + value, 0) / Math.max(1, intercepts.length),
    table: options.words ? found.slice(tableAt) : new Float64Array(SIZE),
  };

  /** Turns a gradient into about the step to the minimum: by the curvature among the dense weights and intercepts, and by that of each bucket alone. */
  function easing(): (gradient: Float64Array) => void {
    const block = new Float64Array(tableAt * tableAt);
    const alone = new Float64Array(SIZE).fill(options.tableDecay);
    const row = new Float64Array(tableAt);
    for (let index = 0; index < used.length; index += 1) {
      const curve = weights[index]! / 5;
      row.fill(0);
      row.set(dense.subarray(index * DENSE_SIZE, (index + 1) * DENSE_SIZE));
      row[DENSE_SIZE + group[index]!] = 1;
      for (let a = 0; a < tableAt; a += 1) {
        const share = curve * row[a]!;
        if (share !== 0) for (let b = 0; b <= a; b += 1) block[a * tableAt + b]! += share * row[b]!;
      }
      const { buckets, values } = used[index]!;
      for (let at = 0; at < buckets.length; at += 1) alone[buckets[at]!]! += CROWD * curve * values[at]! * values[at]!;
    }
    for (let a = 0; a < tableAt; a += 1) block[a * tableAt + a]! += a < DENSE_SIZE ? options.denseDecay : INTERCEPT_DECAY;
    const root = rootOf(block, tableAt);
    return (gradient) => {
      solve(root, tableAt, gradient);
      for (let at = tableAt; at < length; at += 1) gradient[at]! /= alone[at - tableAt]!;
    };
  }
}

/** Cholesky's factor, lower triangle. */
function rootOf(block: Float64Array, size: number): Float64Array {
  const root = new Float64Array(size * size);
  for (let a = 0; a < size; a += 1) {
    for (let b = 0; b <= a; b += 1) {
      let sum = block[a * size + b]!;
      for (let at = 0; at < b; at += 1) sum -= root[a * size + at]! * root[b * size + at]!;
      root[a * size + b] = a === b ? Math.sqrt(Math.max(1e-9, sum)) : sum / root[b * size + b]!;
    }
  }
  return root;
}

/** Solves for the first `size` entries in place. */
function solve(root: Float64Array, size: number, x: Float64Array): void {
  for (let a = 0; a < size; a += 1) {
    let sum = x[a]!;
    for (let at = 0; at < a; at += 1) sum -= root[a * size + at]! * x[at]!;
    x[a] = sum / root[a * size + a]!;
  }
  for (let a = size - 1; a >= 0; a -= 1) {
    let sum = x[a]!;
    for (let at = a + 1; at < size; at += 1) sum -= root[at * size + a]! * x[at]!;
    x[a] = sum / root[a * size + a]!;
  }
}

/** Steps of L-BFGS with a line search that halves. `lossAt` returns the loss and writes its gradient. */
function minimize(
  start: Float64Array,
  steps: number,
  ease: (gradient: Float64Array) => void,
  lossAt: (point: Float64Array, gradient: Float64Array) => number,
): Float64Array {
  const length = start.length;
  let point = start.slice();
  let gradient = new Float64Array(length);
  let loss = lossAt(point, gradient);
  const moves: { readonly step: Float64Array; readonly turn: Float64Array; readonly curve: number }[] = [];
  for (let round = 0; round < steps; round += 1) {
    const direction = descent(gradient, moves, ease);
    const slope = dot(direction, gradient);
    if (!(slope < -1e-9)) break;
    let share = 1;
    const next = new Float64Array(length);
    const nextGradient = new Float64Array(length);
    let nextLoss = loss;
    for (let tried = 0; tried < 20; tried += 1) {
      for (let at = 0; at < length; at += 1) next[at] = point[at]! + share * direction[at]!;
      nextLoss = lossAt(next, nextGradient);
      if (nextLoss <= loss + 1e-4 * share * slope) break;
      share /= 2;
    }
    if (!(nextLoss < loss)) break;
    const step = new Float64Array(length);
    const turn = new Float64Array(length);
    for (let at = 0; at < length; at += 1) {
      step[at] = next[at]! - point[at]!;
      turn[at] = nextGradient[at]! - gradient[at]!;
    }
    const curve = dot(step, turn);
    if (curve > 1e-12) moves.push({ step, turn, curve });
    if (moves.length > MEMORY) moves.shift();
    const gained = loss - nextLoss;
    [point, gradient, loss] = [next, nextGradient, nextLoss];
    if (gained < 1e-6 * Math.abs(loss)) break;
  }
  return point;
}

function descent(
  gradient: Float64Array,
  moves: readonly { readonly step: Float64Array; readonly turn: Float64Array; readonly curve: number }[],
  ease: (gradient: Float64Array) => void,
): Float64Array {
  const direction = gradient.map((value) => -value);
  const shares: number[] = [];
  for (const { step, turn, curve } of moves.toReversed()) {
    const share = dot(step, direction) / curve;
    shares.push(share);
    for (let at = 0; at < direction.length; at += 1) direction[at]! -= share * turn[at]!;
  }
  ease(direction);
  for (const { step, turn, curve } of moves) {
    const share = shares.pop()! - dot(turn, direction) / curve;
    for (let at = 0; at < direction.length; at += 1) direction[at]! += share * step[at]!;
  }
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += a[at]! * b[at]!;
  return sum;
}
