import { blendedLogit } from '../../packages/reasoning/src/scorer/blended.ts';
import type { HeadName, ModelFile } from '../../packages/reasoning/src/scorer/model.ts';
import { DENSE } from '../../packages/reasoning/src/text/dense.ts';
import type { Example } from './examples.ts';
import { type Head, logitOf, type Scale, scaleOf } from './fit.ts';
import { average } from './metrics.ts';
import { type RidgeOptions, ridge } from './ridge.ts';

const PLAIN: RidgeOptions = { denseDecay: 3, tableDecay: 1, balance: 0.5, perSource: true, steps: 25, words: false };
const GENERAL: RidgeOptions = { denseDecay: 30, tableDecay: 10, balance: 0.5, perSource: true, steps: 25, words: true };
const KIND: RidgeOptions = { denseDecay: 1, tableDecay: 0.7, balance: 0.5, perSource: true, steps: 25, words: true };
const GATE: RidgeOptions = { denseDecay: 1, tableDecay: 0.3, balance: 0.5, perSource: false, steps: 25, words: true };

/** What is not learned. Chosen on sources, families and rows that were left out. */
export const TUNING = {
  /** How much of the general table counts: of what is learned from words, half holds elsewhere. */
  wordShare: 0.5,
  /** How much of the number of steps (dense features alone) goes into what is said of any text. */
  stepShare: 0.25,
  /** How much a spread of log length takes from the cheap option's logit. */
  lengthShare: 0.1,
  /** How much the strong option's logit adds to the score: who fails anyway needs no depth. */
  strongShare: 0.8,
  /** Of the general score, how much still counts within a kind that has a head of its own. */
  keep: 0.3,
  /** Logits from which a text counts as one of its kind. */
  mathFrom: 0.7,
  storyFrom: 0.7,
  /** How much steeper than they were learned the gates are. */
  steep: 2,
  /** How much of the declared prior holds. */
  priorShare: 1.5,
};

const FLATTEST = 0.3;

/** Work with an open end is hardly in any data with right answers: what is said of it holds until data say otherwise. */
const PRIOR: Readonly<Record<string, number>> = {
  prove: 0.7,
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
  readonly heads: Readonly<Record<HeadName, Head>>;
  readonly mix: ModelFile['mix'];
}

/** All heads, how they are mixed, and the curve that turns the result into a score. */
export function fitBlend(examples: readonly Example[]): Blend {
  const scale = scaleOf(examples);
  const prior = Float64Array.from(DENSE, (name) => -TUNING.priorShare * (PRIOR[name.replace('words of ', '')] ?? 0));
  const harder = (source: string) => (example: Example) =>
    example.row.source === source && example.row.difficulty !== undefined ? example.row.difficulty : undefined;
  const isOf = (source: string) => (example: Example) => Number(example.row.source === source);
  const mean = (targetOf: (example: Example) => number | undefined, start?: Float64Array): Head =>
    mixed(ridge(examples, targetOf, scale, PLAIN, start), ridge(examples, targetOf, scale, GENERAL, start), TUNING.wordShare);
  const weak = mean(({ row }) => row.weak, prior);
  const steps = ridge(examples, harder('gsm8k_train'), scale, { ...KIND, words: false });
  const raw: Blend = {
    scale,
    heads: {
      weak: {
        ...weak,
        dense: weak.dense.map((value, at) => value - TUNING.stepShare * steps.dense[at]! - (at === 0 ? TUNING.lengthShare : 0)),
      },
      strong: mean(({ row }) => row.strong),
      math: ridge(examples, harder('math_train'), scale, KIND),
      story: ridge(examples, harder('gsm8k_train'), scale, KIND),
      mathGate: gate(ridge(examples, isOf('math_train'), scale, GATE), TUNING.mathFrom),
      storyGate: gate(ridge(examples, isOf('gsm8k_train'), scale, GATE), TUNING.storyFrom),
    },
    mix: { strongShare: TUNING.strongShare, keep: TUNING.keep, mathLevel: 0, storyLevel: 0, slope: 1, offset: 0 },
  };
  const levelled = atLevel(examples, raw);
  return { ...levelled, mix: { ...levelled.mix, ...calibrated(examples, levelled) } };
}

/** The logit of the score. */
export function blendLogit({ scale, heads, mix }: Blend, example: Example): number {
  const of = (name: HeadName): number => logitOf(heads[name], example, scale);
  return blendedLogit(mix, of('weak'), of('strong'), of('math'), of('story'), of('mathGate'), of('storyGate'), example.trust);
}

/** Each kind's own head is centred, and stands where the general score of the kind stands. */
function atLevel(examples: readonly Example[], { scale, heads, mix }: Blend): Blend {
  const general = (example: Example): number =>
    mix.strongShare * logitOf(heads.strong, example, scale) - logitOf(heads.weak, example, scale);
  const of = (source: string): readonly Example[] => examples.filter(({ row }) => row.source === source);
  const centred = (head: Head, source: string): Head => shifted(head, -average(of(source).map((example) => logitOf(head, example, scale))));
  return {
    scale,
    heads: { ...heads, math: centred(heads.math, 'math_train'), story: centred(heads.story, 'gsm8k_train') },
    mix: { ...mix, mathLevel: average(of('math_train').map(general)), storyLevel: average(of('gsm8k_train').map(general)) },
  };
}

function shifted(head: Head, by: number): Head {
  return { ...head, intercept: head.intercept + by };
}

function gate({ dense, table, intercept }: Head, from: number): Head {
  const steeper = (values: Float64Array): Float64Array => values.map((value) => TUNING.steep * value);
  return { dense: steeper(dense), table: steeper(table), intercept: TUNING.steep * (intercept - from) };
}

function mixed(plain: Head, full: Head, share: number): Head {
  return {
    dense: plain.dense.map((value, at) => (1 - share) * value + share * full.dense[at]!),
    table: full.table.map((value) => share * value),
    intercept: (1 - share) * plain.intercept + share * full.intercept,
  };
}

/** A logistic curve through the outcomes of the cheap option, each source weighing the same. Newton's steps, small ones; the slope never turns. */
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
    const move = (value: number): number => Math.max(-0.25, Math.min(0.25, value));
    slope = Math.max(FLATTEST, slope - move((hbb * ga - hab * gb) / determinant));
    offset -= move((haa * gb - hab * ga) / determinant);
  }
  return { slope, offset: offset - slope * middle };
}
