import { seededRandom } from '@openclaw-runtime/kit';
import { createLossBound } from '@openclaw-runtime/reasoning';
import { describe, expect, it } from 'vitest';

interface Case {
  readonly score: number;
  readonly low: number;
  readonly high: number;
}

/** Requests of which the hard ones fail when they are answered quickly; `skill` is how well the score knows. */
function cases(random: { float(): number }, count: number, skill: number, easy: number): readonly Case[] {
  return Array.from({ length: count }, () => {
    const hard = random.float() > easy;
    const score = Math.min(0.999, Math.max(0, 0.5 * random.float() + (hard === random.float() < skill ? 0.5 : 0)));
    return { score, low: Number(random.float() < (hard ? 0.3 : 0.95)), high: Number(random.float() < (hard ? 0.85 : 0.96)) };
  });
}

const lossBelow = (all: readonly Case[], threshold: number): number =>
  all.reduce((sum, { score, low, high }) => sum + (score < threshold ? Math.max(0, high - low) : 0), 0) / all.length;

describe('a bound on lost accuracy', () => {
  it.each([
    [0.95, 0.5],
    [0.8, 0.8],
    [0.5, 0.7],
    [0.1, 0.5],
  ])('fails no more often than it may, however good the score is (%f, %f)', (skill, easy) => {
    const random = seededRandom(11);
    const world = cases(random, 40_000, skill, easy);
    let broken = 0;
    for (let round = 0; round < 300; round += 1) {
      const bound = createLossBound({ risk: 0.1 });
      for (let at = 0; at < 250; at += 1) bound.note(world[Math.floor(random.float() * world.length)] ?? { score: 0, low: 0 });
      broken += Number(lossBelow(world, bound.thresholdFor(0.06)) > 0.06);
    }
    expect(broken / 300).toBeLessThan(0.13);
  });

  it('gives quick answers to more requests the better the score is', () => {
    const share = (skill: number): number => {
      const random = seededRandom(5);
      const bound = createLossBound();
      const world = cases(random, 3000, skill, 0.6);
      for (const each of world) bound.note(each);
      const threshold = bound.thresholdFor(0.08);
      return world.filter(({ score }) => score < threshold).length / world.length;
    };
    expect(share(0.98)).toBeGreaterThan(share(0.5) + 0.2);
  });

  it('promises nothing before it knows anything, and grows with the threshold', () => {
    const bound = createLossBound();
    expect(bound.thresholdFor(0.2)).toBe(0);
    expect(bound.mostLost(0.5)).toBe(1);
    expect(bound.mostLost(0)).toBe(0);
    for (const each of cases(seededRandom(3), 400, 0.9, 0.5)) bound.note(each);
    const steps = [0.1, 0.3, 0.5, 0.7, 0.9, 1].map((threshold) => bound.mostLost(threshold));
    expect(steps.toSorted((a, b) => a - b)).toEqual(steps);
    const threshold = bound.thresholdFor(0.1);
    expect(bound.mostLost(threshold)).toBeLessThanOrEqual(0.1);
  });

  it('counts a failed quick answer as lost where nobody knows what a deep one would have been', () => {
    const [blind, seeing] = [createLossBound(), createLossBound()];
    for (const { score, low, high } of cases(seededRandom(4), 500, 0.9, 0.5)) {
      blind.note({ score, low });
      seeing.note({ score, low, high });
    }
    expect(blind.mostLost(1)).toBeGreaterThan(seeing.mostLost(1));
  });

  it('goes on from its state, and takes no samples that make no sense', () => {
    const first = createLossBound();
    for (const each of cases(seededRandom(6), 200, 0.9, 0.5)) first.note(each);
    first.note({ score: Number.NaN, low: 1 });
    first.note({ score: 0.5, low: Number.NaN });
    expect(first.count).toBe(200);
    const second = createLossBound({ state: JSON.parse(JSON.stringify(first.exportState())) });
    expect(second.mostLost(0.7)).toBe(first.mostLost(0.7));
  });
});
