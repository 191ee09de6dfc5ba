// How well forecasts of length and cost hold on data they have not seen: writes docs/reasoning/COST-REPORT.md and cost-report.json.
//   node tools/train-reasoning/cost-report.ts DATA_DIR
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '@openclaw-runtime/kit';
import { type CostEstimator, createCostEstimator, createTokenCounter, type Interval } from '@openclaw-runtime/reasoning';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = ['mmlu_pro', 'reasoning_gym', 'lineage_early2025'];
/** Runs of a model that the estimator has seen before it is tested. */
const LEARNED = [0, 20, 50, 100, 200, 400, 1500];
const FOLDS = 5;
/** Models with fewer answers than this are left out. */
const LEAST_ROWS = 300;
const PRICE = { input: 1, output: 4 };
/** The data have characters. */
const CHARS_PER_TOKEN = 4;
const FIRST_TOKEN_MS = 700;
const MS_PER_TOKEN = 14;

interface Row {
  readonly prompt: string;
  readonly out_chars?: Readonly<Record<string, number>>;
}

interface Answer {
  readonly query: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly money: number;
}

/** Of one model after so many runs: parts of the answers that lie between the bounds, and below the upper one; and how far the bounds are apart. */
interface Hit {
  readonly tokens: number;
  readonly cost: number;
  readonly costBelowHigh: number;
  readonly spread: number;
}

interface Line {
  readonly source: string;
  readonly learned: number;
  readonly models: number;
  readonly tokens: Summary;
  readonly cost: Summary;
  readonly costBelowHigh: Summary;
  /** Median of high by low, of cost. */
  readonly spread: number;
}

interface Summary {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
  /** Part of the models with 77–83 % (of `costBelowHigh`: with 87 % at least). */
  readonly inTarget: number;
}

const folder = process.argv[2];
if (folder === undefined) {
  console.error('cost-report: say where the data are: node tools/train-reasoning/cost-report.ts DATA_DIR');
  process.exit(2);
}
const counter = createTokenCounter();
const lines = SOURCES.flatMap((source) => linesOf(source, readRows(join(folder, `${source}.jsonl`))));
writeFileSync(join(root, 'docs/reasoning/cost-report.json'), `${JSON.stringify(lines, undefined, 2)}\n`);
writeFileSync(join(root, 'docs/reasoning/COST-REPORT.md'), textOf(lines));
for (const line of lines) console.log(JSON.stringify(line));

function readRows(path: string): readonly Row[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

function linesOf(source: string, rows: readonly Row[]): Line[] {
  const models = [...new Set(rows.flatMap(({ out_chars }) => Object.keys(out_chars ?? {})))].toSorted();
  const answers = models.map((model) => [model, answersOf(model, rows)] as const).filter(([, of]) => of.length >= LEAST_ROWS);
  return LEARNED.flatMap((learned) => {
    const able = answers.filter(([, of]) => of.length * (1 - 1 / FOLDS) >= learned);
    if (able.length === 0) return [];
    const hits = able.map(([model, of]) => hitOf(model, of, learned));
    return [
      {
        source,
        learned,
        models: able.length,
        tokens: summaryOf(
          hits.map(({ tokens }) => tokens),
          inTarget,
        ),
        cost: summaryOf(
          hits.map(({ cost }) => cost),
          inTarget,
        ),
        costBelowHigh: summaryOf(
          hits.map(({ costBelowHigh }) => costBelowHigh),
          (part) => part >= 0.87,
        ),
        spread: round(middleOf(hits.map(({ spread }) => spread))),
      },
    ];
  });
}

function answersOf(model: string, rows: readonly Row[]): readonly Answer[] {
  const random = seededRandom(7);
  return rows
    .flatMap(({ prompt, out_chars }) => {
      const chars = out_chars?.[model];
      if (chars === undefined || chars <= 0) return [];
      const [inputTokens, outputTokens] = [counter.count(prompt), Math.max(1, Math.round(chars / CHARS_PER_TOKEN))];
      const money = (inputTokens * PRICE.input + outputTokens * PRICE.output) / 1e6;
      return [{ order: random.float(), answer: { query: prompt, inputTokens, outputTokens, money } }];
    })
    .toSorted((a, b) => a.order - b.order)
    .map(({ answer }) => answer);
}

/** Each answer is tested once, by an estimator that has seen answers of the other folds only. */
function hitOf(model: string, answers: readonly Answer[], learned: number): Hit {
  const counts = { tokens: 0, cost: 0, below: 0 };
  const spreads: number[] = [];
  for (let fold = 0; fold < FOLDS; fold++) {
    const estimator = taught(model, answers.filter((_, at) => at % FOLDS !== fold).slice(0, learned));
    for (const { query, outputTokens, money } of answers.filter((_, at) => at % FOLDS === fold)) {
      const estimate = estimator.estimate({ model, level: 1, query });
      if (isIn(outputTokens, estimate.outputTokens)) counts.tokens++;
      if (isIn(money, estimate.money)) counts.cost++;
      if (money <= estimate.money.high) counts.below++;
      spreads.push(estimate.money.high / estimate.money.low);
    }
  }
  const of = (count: number): number => count / answers.length;
  return { tokens: of(counts.tokens), cost: of(counts.cost), costBelowHigh: of(counts.below), spread: middleOf(spreads) };
}

function taught(model: string, answers: readonly Answer[]): CostEstimator {
  const estimator = createCostEstimator({ priceOf: () => PRICE });
  for (const { query, inputTokens, outputTokens } of answers) {
    estimator.learn({ model, level: 1, query, inputTokens, outputTokens, ms: FIRST_TOKEN_MS + MS_PER_TOKEN * outputTokens });
  }
  return estimator;
}

function isIn(value: number, { low, high }: Interval): boolean {
  return value >= low && value <= high;
}

function inTarget(part: number): boolean {
  return part >= 0.77 && part <= 0.83;
}

function summaryOf(parts: readonly number[], isGood: (part: number) => boolean): Summary {
  const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length;
  const good = parts.filter(isGood).length / parts.length;
  return { mean: round(mean), least: round(Math.min(...parts)), most: round(Math.max(...parts)), inTarget: round(good) };
}

function middleOf(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

function round(number: number): number {
  return Math.round(number * 1000) / 1000;
}

function textOf(all: readonly Line[]): string {
  const percent = (part: number): string => `${(100 * part).toFixed(1)}`;
  const cell = ({ mean, least, most, inTarget: good }: Summary): string =>
    `${percent(mean)} (${percent(least)}–${percent(most)}) | ${Math.round(100 * good)}`;
  return [
    '# How well forecasts of cost hold',
    '',
    'Made by `node --conditions=openclaw-source tools/train-reasoning/cost-report.ts DATA_DIR`; the same figures are in `cost-report.json`.',
    '',
    'Answers of many models to the same questions, by their length. Each answer is tested once, in five-fold cross-validation: the estimator has seen *learned*',
    `answers of that model to other questions, in random order, and nothing of other models. Tokens are characters / ${CHARS_PER_TOKEN}; the price is ${PRICE.input} and ${PRICE.output} dollars`,
    'for a million tokens of input and output. An interval should hold 80 % of the answers, and its upper bound 90 %; shown are the mean over the models, the least and',
    'the most, and the percentage of the models with 77 to 83 % (of the upper bound: 87 % or more). *Spread* is the upper bound by the lower one, the median.',
    '',
    '| source | models | learned | tokens in the interval, % | in target | cost in the interval, % | in target | cost below the upper bound, % | in target | spread |',
    '| --- | ---: | ---: | --- | ---: | --- | ---: | --- | ---: | ---: |',
    ...all.map(
      ({ source, models, learned, tokens, cost, costBelowHigh, spread }) =>
        `| ${source} | ${models} | ${learned} | ${cell(tokens)} | ${cell(cost)} | ${cell(costBelowHigh)} | ${spread.toFixed(1)} |`,
    ),
    '',
    'Without anything learned, one wide interval stands for all models, of which some say ten times as much as others: of one model it holds nearly all answers, or few.',
    'Models whose answers are nearly all of one length, since they go on until they are cut off, cannot be held to 80 %: a bound that lies on that length holds them all.',
    '',
  ].join('\n');
}
