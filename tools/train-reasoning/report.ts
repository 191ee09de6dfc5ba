import { type Blend, blendLogit, fitBlend } from './blend.ts';
import { type BoundLine, checkBound } from './bounds.ts';
import { JUDGED, RANKED } from './data.ts';
import type { EffortLine } from './effort.ts';
import type { Example } from './examples.ts';
import { type FitOptions, fit, logitOf, scaleOf } from './fit.ts';
import { type LearningLine, reportLearning } from './learning.ts';
import { average, type Routing, routing, spearman } from './metrics.ts';

export interface Line {
  readonly source: string;
  readonly rows: number;
  readonly columns: Readonly<Record<string, Routing>>;
}

export interface RankLine {
  readonly source: string;
  readonly rows: number;
  /** Rank correlations with human difficulty: rows left out, the whole source left out, length, and the family's mean (which no predictor knows). */
  readonly ours: number;
  readonly strange: number;
  readonly length: number;
  readonly family: number;
  /** Of scores cut into levels as frequent as the human ones: how many are right, and how many at most one off; the same for levels dealt by chance. */
  readonly exact: number;
  readonly near: number;
  readonly exactByChance: number;
  readonly nearByChance: number;
}

export interface Report {
  readonly leftOut: readonly Line[];
  /** Families (of puzzles, of domains, of tasks) that were left out while others of their source stayed. */
  readonly unseenFamilies: readonly Line[];
  readonly difficulty: readonly RankLine[];
  /** Outcomes that are learned one by one on a source that was left out. */
  readonly learning: readonly LearningLine[];
  readonly bounds: readonly BoundLine[];
  readonly efforts: readonly EffortLine[];
}

/** The published recipe: one hashed linear model of the cheap option by AdaGrad, one intercept for all. */
const RECIPE: FitOptions = {
  seed: 1,
  epochs: 4,
  rate: 0.05,
  denseRate: 0.03,
  decay: 1e-5,
  denseDecay: 1e-4,
  rankWeight: 0.3,
  balance: 0.5,
  intercepts: 'none',
};

const PARTS = 4;

/** Every source is judged by a model that never saw it. */
export function reportOn(examples: readonly Example[], efforts: readonly EffortLine[], say: (line: string) => void): Report {
  const blends = new Map<string, Blend>();
  const leftOut = JUDGED.map((source) => {
    const blend = fitBlend(examples.filter(({ row }) => row.source !== source));
    blends.set(source, blend);
    return judge(source, blend, examples, ({ row }) => row.source === source, say);
  });
  const parts = examples.map(partOf);
  const folds = Array.from({ length: PARTS }, (_, part) => fitBlend(examples.filter((_, at) => parts[at] !== part)));
  const inFold = new Map(examples.map((example, at) => [example, parts[at]!]));
  const unseenFamilies = JUDGED.filter((source) => source !== 'lineage_early').flatMap((source) =>
    folds.map((blend, part) =>
      judge(
        `${source}, part ${part + 1} of ${PARTS} of its families`,
        blend,
        examples,
        (example) => example.row.source === source && inFold.get(example) === part,
        say,
      ),
    ),
  );
  const difficulty = RANKED.map((source) => rankLine(source, examples, folds, inFold));
  const learning = reportLearning(examples, blends, [1, 2, 3, 4, 5, 6]);
  const bounds = JUDGED.flatMap((source) => {
    const blend = blends.get(source)!;
    const rows = judged(examples, ({ row }) => row.source === source);
    return checkBound(
      source,
      rows.map((example) => ({
        score: 1 / (1 + Math.exp(-blendLogit(blend, example))),
        weak: example.row.weak!,
        strong: example.row.strong!,
      })),
    );
  });
  return { leftOut, unseenFamilies, difficulty, learning, bounds, efforts };
}

function rankLine(source: string, examples: readonly Example[], folds: readonly Blend[], inFold: ReadonlyMap<Example, number>): RankLine {
  const strangers = fitBlend(examples.filter(({ row }) => row.source !== source));
  const all = examples.filter(({ row }) => row.source === source);
  const byFold = folds.map((blend, part) => {
    const test = all.filter((example) => inFold.get(example) === part);
    const seen = test.map(({ row }) => row.difficulty!);
    const scores = test.map((example) => blendLogit(blend, example));
    const families = new Map<string, number[]>();
    for (const { row } of test) families.set(row.family, [...(families.get(row.family) ?? []), row.difficulty!]);
    return {
      ours: spearman(scores, seen),
      strange: spearman(
        test.map((example) => blendLogit(strangers, example)),
        seen,
      ),
      length: spearman(
        test.map(({ row }) => row.prompt.length),
        seen,
      ),
      family: spearman(
        test.map(({ row }) => average(families.get(row.family)!)),
        seen,
      ),
      ...agreement(scores, seen),
    };
  });
  const mean = (pick: (line: (typeof byFold)[number]) => number): number => short(average(byFold.map(pick)));
  return {
    source,
    rows: all.length,
    ours: mean(({ ours }) => ours),
    strange: mean(({ strange }) => strange),
    length: mean(({ length }) => length),
    family: mean(({ family }) => family),
    exact: mean(({ exact }) => exact),
    near: mean(({ near }) => near),
    exactByChance: mean(({ exactByChance }) => exactByChance),
    nearByChance: mean(({ nearByChance }) => nearByChance),
  };
}

/** Cuts scores into as many levels as there are, each as frequent as it is among `seen`. */
function agreement(
  scores: readonly number[],
  seen: readonly number[],
): Pick<RankLine, 'exact' | 'near' | 'exactByChance' | 'nearByChance'> {
  const steps = [...new Set(seen)].toSorted((a, b) => a - b);
  const levels = seen.map((value) => steps.indexOf(value));
  const sorted = levels.toSorted((a, b) => a - b);
  const order = scores.map((_, at) => at).toSorted((a, b) => scores[a]! - scores[b]!);
  const guessed = Array.from<number>({ length: scores.length });
  order.forEach((at, rank) => {
    guessed[at] = sorted[rank]!;
  });
  const shares = steps.map((_, level) => average(levels.map((each) => Number(each === level))));
  const chance = (far: number): number =>
    shares.reduce((sum, a, i) => sum + a * shares.reduce((inner, b, j) => inner + (Math.abs(i - j) <= far ? b : 0), 0), 0);
  return {
    exact: average(levels.map((level, at) => Number(level === guessed[at]))),
    near: average(levels.map((level, at) => Number(Math.abs(level - guessed[at]!) <= 1))),
    exactByChance: chance(0),
    nearByChance: chance(1),
  };
}

function judged(examples: readonly Example[], isTest: (example: Example) => boolean): readonly Example[] {
  return examples.filter((example) => isTest(example) && example.row.weak !== undefined && example.row.strong !== undefined);
}

function judge(
  name: string,
  blend: Blend,
  examples: readonly Example[],
  isTest: (example: Example) => boolean,
  say: (line: string) => void,
): Line {
  const test = judged(examples, isTest);
  const train = examples.filter((example) => !isTest(example));
  const scale = scaleOf(train);
  const recipe = fit(train, ({ row }) => row.weak, scale, RECIPE);
  const families = new Map<string, number[]>();
  for (const { row } of test) families.set(row.family, [...(families.get(row.family) ?? []), row.weak!]);
  const columns = {
    ours: columnOf(test, (example) => blendLogit(blend, example)),
    length: columnOf(test, ({ row }) => row.prompt.length),
    recipe: columnOf(test, (example) => -logitOf(recipe, example, scale)),
    family: columnOf(test, ({ row }) => -average(families.get(row.family)!)),
    oracle: columnOf(test, ({ row }) => row.strong! - row.weak!),
    random: { apgr: 0.5, cpt50: 0.5, cpt80: 0.8 },
  };
  say(`${name}: ours ${columns.ours.apgr} length ${columns.length.apgr} recipe ${columns.recipe.apgr}`);
  return { source: name, rows: test.length, columns };
}

function columnOf(test: readonly Example[], scoreOf: (example: Example) => number): Routing {
  const { apgr, cpt50, cpt80 } = routing(
    test.map((example) => ({ weak: example.row.weak!, strong: example.row.strong!, score: scoreOf(example) })),
  );
  return { apgr: short(apgr), cpt50: short(cpt50), cpt80: short(cpt80) };
}

/** Families as a whole, and single rows where a source is one family or where its families are no tasks. */
function partOf({ row }: Example, index: number): number {
  const whole = row.source !== 'lineage_early' && row.difficulty === undefined;
  const key = whole ? `${row.source}/${row.family}` : String(index);
  let hash = 7;
  for (let at = 0; at < key.length; at += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) >>> 0;
  return (Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 28) % PARTS;
}

function short(value: number): number {
  return Number(value.toFixed(4));
}
