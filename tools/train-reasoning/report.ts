import { blendLogit, fitBlend, OPTIONS } from './blend.ts';
import { JUDGED, RANKED } from './data.ts';
import type { Example } from './examples.ts';
import { fit, logitOf, scaleOf } from './fit.ts';
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
  readonly ours: number;
  readonly length: number;
}

export interface Report {
  readonly leftOut: readonly Line[];
  /** Families (of puzzles, of domains) that were left out while others of their source stayed. */
  readonly unseenFamilies: readonly Line[];
  /** Rank correlation with human difficulty, the source left out. */
  readonly difficulty: readonly RankLine[];
  /** Outcomes that are learned one by one on a source that was left out. */
  readonly learning: readonly LearningLine[];
}

/** Every source is judged by a model that never saw it. */
export function reportOn(examples: readonly Example[], say: (line: string) => void): Report {
  const leftOut = JUDGED.map((source) => judge(source, examples, (example) => example.row.source === source, say));
  const unseenFamilies = ['reasoning_gym', 'mmlu_pro'].flatMap((source) =>
    [0, 1, 2].map((part) =>
      judge(
        `${source}, part ${part + 1} of 3 of its families`,
        examples,
        ({ row }) => row.source === source && partOf(row.family) === part,
        say,
      ),
    ),
  );
  const difficulty = RANKED.map((source) => {
    const blend = fitBlend(examples.filter(({ row }) => row.source !== source));
    const test = examples.filter(({ row }) => row.source === source);
    const seen = test.map(({ row }) => row.difficulty!);
    return {
      source,
      rows: test.length,
      ours: short(
        spearman(
          test.map((example) => blendLogit(blend, example)),
          seen,
        ),
      ),
      length: short(
        spearman(
          test.map(({ row }) => row.prompt.length),
          seen,
        ),
      ),
    };
  });
  return { leftOut, unseenFamilies, difficulty, learning: reportLearning(examples, [1, 2, 3, 4, 5, 6]) };
}

function judge(name: string, examples: readonly Example[], isTest: (example: Example) => boolean, say: (line: string) => void): Line {
  const train = examples.filter((example) => !isTest(example));
  const test = examples.filter((example) => isTest(example) && example.row.weak !== undefined && example.row.strong !== undefined);
  const blend = fitBlend(train);
  const scale = scaleOf(train);
  const recipe = fit(train, ({ row }) => row.weak, scale, { ...OPTIONS, rate: 0.05, intercepts: 'none' });
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

function partOf(family: string): number {
  let hash = 0;
  for (let at = 0; at < family.length; at += 1) hash = (Math.imul(hash, 31) + family.charCodeAt(at)) >>> 0;
  return hash % 3;
}

function short(value: number): number {
  return Number(value.toFixed(4));
}
