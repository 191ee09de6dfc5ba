import { type Random, seededRandom } from '@openclaw-runtime/kit';

/** Chance with the questions that schedules ask of it. */
export interface Chance extends Random {
  /** A whole number from 0, below `n`. */
  below(n: number): number;
  between(low: number, high: number): number;
  /** True with this probability. */
  may(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** A stream of its own, that does not depend on how often this one is asked. */
  branch(name: string): Chance;
}

export function createChance(seed: number): Chance {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random.float() * n);
  return {
    ...random,
    below,
    between: (low, high) => low + random.float() * (high - low),
    may: (probability) => random.float() < probability,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    branch: (name) => createChance(mix(seed, name)),
  };
}

function mix(seed: number, name: string): number {
  let value = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return (value ^ (value >>> 15)) >>> 0;
}
