import { DENSE } from '../../packages/reasoning/src/text/dense.ts';
import type { Example } from './examples.ts';
import { type FitOptions, fit, type Head, logitOf, type Scale, scaleOf } from './fit.ts';
import { average } from './metrics.ts';

/** Chosen on the sources that were left out, never on what the result is judged by. */
export const OPTIONS: FitOptions = {
  seed: 1,
  epochs: 4,
  rate: 0.02,
  denseRate: 0.03,
  decay: 1e-5,
  denseDecay: 1e-4,
  rankWeight: 0.3,
  balance: 0.5,
  intercepts: 'source',
};
/** What is not learned. Chosen on the sources that were left out. */
export interface Tuning {
  readonly outcome: FitOptions;
  readonly rank: FitOptions;
  /** How much of the head that learned only human difficulty goes into the cheap option's. */
  readonly rankShare: number;
  /** How much a unit of log length takes from the cheap option's logit. */
  readonly lengthShare: number;
  /** How much the strong option's logit adds to the score: who fails anyway needs no depth. */
  readonly strongShare: number;
}

export const TUNING: Tuning = {
  outcome: { ...OPTIONS, rankWeight: 0 },
  rank: { ...OPTIONS, rate: 0.1, epochs: 8, rankWeight: 1 },
  rankShare: 0.6,
  lengthShare: 0,
  strongShare: 0.7,
};

/** Work with an open end is hardly in any data with right answers: what is said of it holds until data say otherwise. */
const PRIOR: Readonly<Record<string, number>> = {
  prove: 0.4,
  build: 0.3,
  code: 0.3,
  analysis: 0.3,
  optimum: 0.1,
  chat: -0.3,
  fact: -0.15,
  rewrite: -0.15,
};

export interface Blend {
  readonly scale: Scale;
  readonly weak: Head;
  readonly strong: Head;
  readonly strongShare: number;
  readonly slope: number;
  readonly offset: number;
}

/** Two heads and the curve that turns them into a score. */
export function fitBlend(examples: readonly Example[], tuning: Tuning = TUNING): Blend {
  const scale = scaleOf(examples);
  const prior = Float64Array.from(DENSE, (name) => -(PRIOR[name.replace('words of ', '')] ?? 0));
  const outcome = fit(examples, weakTarget, scale, tuning.outcome, prior);
  const rank = fit(examples, rankTarget, scale, tuning.rank);
  const strong = fit(examples, (example) => example.row.strong, scale, tuning.outcome);
  const weak: Head = {
    table: outcome.table.map((value, at) => value + tuning.rankShare * rank.table[at]!),
    dense: outcome.dense.map(
      (value, at) => value + tuning.rankShare * rank.dense[at]! - (at === 0 ? tuning.lengthShare * scale.spread[0]! : 0),
    ),
    intercept: outcome.intercept,
  };
  const raw: Blend = { scale, weak, strong, strongShare: tuning.strongShare, slope: 1, offset: 0 };
  return { ...raw, ...calibrated(examples, raw) };
}

function weakTarget({ row }: Example): number | undefined {
  return row.weak ?? rankTarget({ row } as Example);
}

function rankTarget({ row }: Example): number | undefined {
  return row.difficulty === undefined ? undefined : 1 - row.difficulty;
}

/** The logit of the score. */
export function blendLogit(blend: Blend, example: Example): number {
  return (
    blend.slope * (blend.strongShare * logitOf(blend.strong, example, blend.scale) - logitOf(blend.weak, example, blend.scale)) +
    blend.offset
  );
}

/** A logistic curve through the outcomes of the cheap option, each source weighing the same. Newton's steps. */
function calibrated(examples: readonly Example[], raw: Blend): { slope: number; offset: number } {
  const used = examples.filter(({ row }) => row.weak !== undefined);
  const z = used.map((example) => blendLogit(raw, example));
  const counts = new Map<string, number>();
  for (const { row } of used) counts.set(row.source, (counts.get(row.source) ?? 0) + 1);
  const middle = average(z);
  let slope = 1;
  let offset = 0;
  for (let step = 0; step < 30; step += 1) {
    let [ga, gb, haa, hab, hbb] = [0, 0, 1e-6, 0, 1e-6];
    for (let at = 0; at < used.length; at += 1) {
      const x = z[at]! - middle;
      const p = 1 / (1 + Math.exp(-(slope * x + offset)));
      const weight = 1 / counts.get(used[at]!.row.source)!;
      const error = weight * (p - (1 - used[at]!.row.weak!));
      const curve = weight * p * (1 - p);
      ga += error * x;
      gb += error;
      haa += curve * x * x;
      hab += curve * x;
      hbb += curve;
    }
    const determinant = haa * hbb - hab * hab;
    slope -= (hbb * ga - hab * gb) / determinant;
    offset -= (haa * gb - hab * ga) / determinant;
  }
  return { slope, offset: offset - slope * middle };
}
