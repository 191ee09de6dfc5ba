import { seededRandom } from '@openclaw-runtime/kit';
import { type Level, type Outcome, ReasoningLevelPredictor } from '@openclaw-runtime/reasoning';
import { describe, expect, it } from 'vitest';

const EASY = ['rename', 'format', 'greet', 'list', 'copy', 'paste', 'open', 'close'];
const HARD = ['reconcile', 'untangle', 'schedule', 'balance', 'migrate', 'merge', 'trace', 'route'];
const THINGS = ['the invoice', 'our ledger', 'this folder', 'the calendar', 'a customer', 'the warehouse', 'my report', 'the fleet'];

interface Job {
  readonly query: string;
  readonly hard: boolean;
}

/** Requests of a trade of its own: which verbs are hard only its outcomes can tell. */
function jobs(seed: number, count: number): readonly Job[] {
  const random = seededRandom(seed);
  const pick = (list: readonly string[]): string => list[Math.floor(random.float() * list.length)] ?? '';
  return Array.from({ length: count }, () => {
    const hard = random.float() < 0.5;
    return { query: `Please ${pick(hard ? HARD : EASY)} ${pick(THINGS)} and ${pick(THINGS)} for ${pick(THINGS)}.`, hard };
  });
}

/** The share of pairs in which the hard one has the higher score. */
function order(predictor: ReasoningLevelPredictor, test: readonly Job[]): number {
  const scored = test.map(({ query, hard }) => ({ hard, score: predictor.predict({ query }).score }));
  const hard = scored.filter((job) => job.hard);
  const easy = scored.filter((job) => !job.hard);
  const wins = hard.reduce((sum, one) => sum + easy.filter((other) => one.score > other.score).length, 0);
  return wins / (hard.length * easy.length);
}

function outcomes(job: Job, random: { float(): number }, level: Level): Outcome {
  const chance = level <= 2 ? (job.hard ? 0.2 : 0.9) : 0.92;
  return { query: job.query, level, correct: random.float() < chance };
}

describe('learning', () => {
  it('finds out what is hard here from the outcomes of both options', () => {
    const predictor = new ReasoningLevelPredictor();
    const test = jobs(99, 200);
    const before = order(predictor, test);
    const random = seededRandom(1);
    for (const job of jobs(1, 400)) {
      predictor.learn(outcomes(job, random, 1));
      predictor.learn(outcomes(job, random, 4));
    }
    const after = order(predictor, test);
    expect(before).toBeLessThan(0.75);
    expect(after).toBeGreaterThan(0.85);
  });

  it('finds it out when only the chosen level is seen, with the chance of its choice', () => {
    const predictor = new ReasoningLevelPredictor();
    const random = seededRandom(2);
    for (const job of jobs(2, 800)) predictor.learn({ ...outcomes(job, random, random.float() < 0.5 ? 1 : 4), propensity: 0.5 });
    expect(order(predictor, jobs(98, 200))).toBeGreaterThan(0.78);
  });

  it('does not turn an order over that outcomes have nothing to do with', () => {
    const agreed: number[] = [];
    for (const seed of [1, 2, 3, 4, 5]) {
      const predictor = new ReasoningLevelPredictor();
      const test = jobs(97, 200);
      const before = test.map(({ query }) => predictor.predict({ query }).score);
      const random = seededRandom(seed);
      for (const { query } of jobs(seed, 300)) {
        predictor.learn({ query, level: 1, correct: random.float() < 0.5 });
        predictor.learn({ query, level: 4, correct: random.float() < 0.9 });
      }
      const after = test.map(({ query }) => predictor.predict({ query }).score);
      agreed.push(agreement(before, after));
      expect([seed, agreement(before, after) > 0.55]).toEqual([seed, true]);
    }
    expect(agreed.reduce((sum, value) => sum + value, 0) / agreed.length).toBeGreaterThan(0.8);
  });

  it('changes no order by the first few outcomes', () => {
    const predictor = new ReasoningLevelPredictor();
    const test = jobs(96, 60);
    const before = test.map(({ query }) => predictor.predict({ query }).score);
    for (const { query, hard } of jobs(6, 30)) predictor.learn({ query, level: 1, correct: hard });
    expect(
      agreement(
        before,
        test.map(({ query }) => predictor.predict({ query }).score),
      ),
    ).toBe(1);
  });

  it('moves all scores to where the cheap option really fails', () => {
    const predictor = new ReasoningLevelPredictor();
    const random = seededRandom(3);
    for (const { query } of jobs(3, 300)) predictor.learn({ query, level: 1, correct: random.float() < 0.95 });
    const test = jobs(95, 100);
    const mean = test.reduce((sum, { query }) => sum + predictor.predict({ query }).score, 0) / test.length;
    expect(mean).toBeGreaterThan(0.01);
    expect(mean).toBeLessThan(0.12);
  });

  it('goes on after a restart as if there had been none', () => {
    const random = seededRandom(4);
    const told = jobs(4, 200).map((job) => outcomes(job, random, random.float() < 0.5 ? 2 : 3));
    const steady = new ReasoningLevelPredictor();
    for (const outcome of told) steady.learn(outcome);
    const first = new ReasoningLevelPredictor();
    for (const outcome of told.slice(0, 100)) first.learn(outcome);
    const text = JSON.stringify(first.exportState());
    const second = new ReasoningLevelPredictor({ state: JSON.parse(text) });
    for (const outcome of told.slice(100)) second.learn(outcome);
    for (const { query } of jobs(5, 50)) expect(second.predict({ query }).score).toBeCloseTo(steady.predict({ query }).score, 2);
  });

  it('keeps a state of bounded size', () => {
    const predictor = new ReasoningLevelPredictor();
    const random = seededRandom(5);
    const word = (): string => Math.floor(random.float() * 1e9).toString(36);
    for (let at = 0; at < 1500; at += 1) {
      const query = Array.from({ length: 40 }, word).join(' ');
      predictor.learn({ query, level: at % 2 === 0 ? 1 : 4, correct: random.float() });
    }
    expect(JSON.stringify(predictor.exportState()).length).toBeLessThan(400_000);
  });

  it('refuses a state of another version or shape and keeps its own', () => {
    const predictor = new ReasoningLevelPredictor();
    predictor.learn({ query: 'hello', level: 1, correct: false });
    const kept = predictor.predict({ query: 'hello' }).score;
    const state = predictor.exportState();
    expect(() => predictor.importState({ ...state, version: 1 as 2 })).toThrow(/version 1/);
    expect(() => predictor.importState({ ...state, low: { ...state.low, mean: [1] } })).toThrow(/another shape/);
    expect(predictor.predict({ query: 'hello' }).score).toBe(kept);
  });

  it('takes outcomes that make no sense without losing its own', () => {
    const predictor = new ReasoningLevelPredictor();
    for (const correct of [Number.NaN, -5, 7, Number.POSITIVE_INFINITY]) {
      predictor.learn({ query: 'x', level: 1, correct, propensity: 0, weight: Number.NaN });
      predictor.learn({ query: '', level: 4, correct, propensity: -1, weight: 9 });
    }
    const { score } = predictor.predict({ query: 'What is 2+2?' });
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThan(1);
  });
});

/** The share of pairs that stand in the same order. */
function agreement(a: readonly number[], b: readonly number[]): number {
  let same = 0;
  let pairs = 0;
  for (let at = 0; at < a.length; at += 1) {
    for (let other = 0; other < at; other += 1) {
      pairs += 1;
      if (Math.sign((a[at] ?? 0) - (a[other] ?? 0)) === Math.sign((b[at] ?? 0) - (b[other] ?? 0))) same += 1;
    }
  }
  return same / pairs;
}
