import { seededRandom } from '../../packages/kit/src/random.ts';
import { createLearner } from '../../packages/reasoning/src/learning/learner.ts';
import { createModel } from '../../packages/reasoning/src/scorer/model.ts';
import { createScorer, FEATURES, score } from '../../packages/reasoning/src/scorer/score.ts';
import type { Blend } from './blend.ts';
import { JUDGED } from './data.ts';
import type { Example } from './examples.ts';
import { average, calibrationError, routing } from './metrics.ts';
import { packModel } from './write-model.ts';

export const STAGES = [0, 30, 60, 100, 200, 300, 600, 1000, 1500] as const;
export const FEEDBACKS = ['full', 'low level only', 'bandit'] as const;

export interface LearningLine {
  readonly source: string;
  readonly feedback: (typeof FEEDBACKS)[number];
  /** APGR on the rows that were not learned from, after each of `STAGES` outcomes. */
  readonly apgr: readonly number[];
  /** The same rows without learning, at each stage. */
  readonly without: readonly number[];
  /** Calibration error of one minus the score against the cheap option, at each stage. */
  readonly calibration: readonly number[];
}

/** Learns on a source that the model never saw, in an order that the seed decides; judged on the rows that are left over. */
export function reportLearning(
  examples: readonly Example[],
  blends: ReadonlyMap<string, Blend>,
  seeds: readonly number[],
): readonly LearningLine[] {
  return JUDGED.flatMap((source) => {
    const model = createModel(packModel(blends.get(source)!));
    const rows = examples
      .filter(({ row }) => row.source === source && row.weak !== undefined && row.strong !== undefined)
      .map(({ row }) => row);
    return FEEDBACKS.map((feedback) => {
      const runs = seeds.map((seed) => runOnce(seed, feedback));
      const mean = (pick: (run: Run) => readonly number[]): readonly number[] =>
        (runs[0] === undefined ? [] : pick(runs[0])).map((_, at) => Number(average(runs.map((run) => pick(run)[at]!)).toFixed(4)));
      return {
        source,
        feedback,
        apgr: mean((run) => run.apgr),
        without: mean((run) => run.without),
        calibration: mean((run) => run.calibration),
      };
    });

    function runOnce(seed: number, feedback: LearningLine['feedback']): Run {
      const random = seededRandom(seed);
      const order = rows.map((row) => ({ row, key: random.float() })).toSorted((a, b) => a.key - b.key);
      const most = Math.floor(rows.length / 2);
      const test = order.slice(most).map(({ row }) => row);
      const scorer = createScorer(model, FEATURES);
      const learner = createLearner();
      const shipped = test.map((row) => score(row.prompt, scorer));
      const run: Run = { apgr: [], without: [], calibration: [] };
      let learned = 0;
      for (const stage of STAGES) {
        for (; learned < Math.min(stage, most); learned += 1) {
          const { row } = order[learned]!;
          const told = (level: 1 | 4, correct: number, propensity?: number): void => {
            score(row.prompt, scorer);
            learner.learn(scorer, { query: row.prompt, level, correct, ...(propensity !== undefined && { propensity }) });
          };
          if (feedback === 'bandit') {
            if (random.float() < 0.5) told(1, row.weak!, 0.5);
            else told(4, row.strong!, 0.5);
          } else {
            told(1, row.weak!);
            if (feedback === 'full') told(4, row.strong!);
          }
        }
        const scores = test.map((row) => learner.adjust(score(row.prompt, scorer), scorer));
        run.apgr.push(apgr(scores));
        run.without.push(apgr(shipped));
        run.calibration.push(calibrationError(test.map((row, at) => ({ predicted: scores[at]!, seen: 1 - row.weak! }))));
      }
      return run;

      function apgr(scores: readonly number[]): number {
        return routing(test.map((row, at) => ({ weak: row.weak!, strong: row.strong!, score: scores[at]! }))).apgr;
      }
    }
  });
}

interface Run {
  readonly apgr: number[];
  readonly without: number[];
  readonly calibration: number[];
}
