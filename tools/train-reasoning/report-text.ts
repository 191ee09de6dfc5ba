import { STAGES } from './learning.ts';
import { average } from './metrics.ts';
import type { Line, Report } from './report.ts';

const COLUMNS = ['ours', 'length', 'recipe', 'family', 'oracle', 'random'] as const;

/** The report as a page. */
export function reportText({ leftOut, unseenFamilies, difficulty, learning, bounds, efforts }: Report): string {
  return [
    '# Report of the built-in predictor',
    '',
    'Written by `npm run train:reasoning`; raw figures in [report.json](report.json). APGR: share of the gap between the cheap and the strong option that is recovered, averaged',
    'over the share of strong calls. *length*: longer prompts first. *recipe*: one hashed linear model of the cheap option with one intercept for all. *family*: the mean outcome of',
    "the prompt's family on this very set, which no predictor knows. *oracle*: the outcomes themselves.",
    '',
    '## A source that was left out',
    '',
    ...table(leftOut),
    '',
    '## Families that were left out',
    '',
    ...table(unseenFamilies),
    '',
    '## Share of strong calls for half and for four fifths of the gap (CPT), source left out',
    '',
    '| source | ours 50 % | ours 80 % | length 50 % | length 80 % | recipe 50 % | recipe 80 % |',
    '|---|---|---|---|---|---|---|',
    ...leftOut.map(({ source, columns }) => {
      const cells = ['ours', 'length', 'recipe'].flatMap((name) => [columns[name]!.cpt50, columns[name]!.cpt80]);
      return `| ${source} | ${cells.map((value) => value.toFixed(3)).join(' | ')} |`;
    }),
    '',
    '## Rank correlation with human difficulty',
    '',
    '*ours*: rows left out (four parts). *strange*: the whole source left out. *family*: the mean difficulty of the subject on this very set. *exact*, *within one*: scores cut into',
    'levels as frequent as the human ones (MATH: 1 to 5; GSM8K: numbers of steps); in brackets the same by chance. An oracle has 1 everywhere, chance a correlation of 0.',
    '',
    '| source | rows | ours | strange | length | family | exact | within one |',
    '|---|---|---|---|---|---|---|---|',
    ...difficulty.map((line) => {
      const ranks = [line.ours, line.strange, line.length, line.family].map((value) => value.toFixed(3)).join(' | ');
      const levels = `${line.exact.toFixed(3)} (${line.exactByChance.toFixed(3)}) | ${line.near.toFixed(3)} (${line.nearByChance.toFixed(3)})`;
      return `| ${line.source} | ${line.rows} | ${ranks} | ${levels} |`;
    }),
    '',
    '## Learning on a source that was left out: change of APGR against not learning, on rows not learned from (mean of six orders)',
    '',
    '*full*: the outcome of both options is told for each request; *bandit*: that of one option, chosen by a coin; *low level only*: nothing is ever told of deep answers.',
    'In brackets the calibration error.',
    '',
    `| source | told | ${STAGES.map((stage) => `${stage} requests`).join(' | ')} |`,
    `|---|---|${STAGES.map(() => '---').join('|')}|`,
    ...learning.map(({ source, feedback, apgr, without, calibration }) => {
      const cells = apgr.map((value, at) => `${(value - without[at]!).toFixed(3)} (${calibration[at]!.toFixed(2)})`);
      return `| ${source} | ${feedback} | ${cells.join(' | ')} |`;
    }),
    '',
    '## What a promise about lost accuracy is worth',
    '',
    '`createLossBound` is told outcomes of a source that the model never saw and picks the highest threshold below which quick answers lose no more than is allowed. *broken*: in how',
    'many of 400 random splits more was lost on the rows that are left; the promise allows a tenth. *both*: quick and deep answers are known; *quick only*: no deep answer is.',
    '',
    '| source | told | outcomes | allowed | quick answers | lost | lost net of won | broken |',
    '|---|---|---|---|---|---|---|---|',
    ...bounds.map(({ source, told, outcomes, allowed, quick, lost, lostNet, broken }) => {
      const shares = [quick, lost, lostNet, broken].map((value) => value.toFixed(3)).join(' | ');
      return `| ${source} | ${told} | ${outcomes} | ${allowed} | ${shares} |`;
    }),
    '',
    '## Effort by tag: a replay on LiveCodeBench',
    '',
    'Percent of problems solved had each got the effort of its human tag (easy: level 2, medium: 3, hard: 4, through `chooseLevel`). The data have no text: neither length nor the',
    'predictor can be asked. *random*: the same numbers of calls of each effort, dealt by chance. *oracle*: the best effort for each problem.',
    '',
    '| model | problems | all low | all medium | all high | by tag | low calls | high calls | random | oracle |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...efforts.map(
      (line) =>
        `| ${line.model} | ${line.problems} | ${line.low} | ${line.medium} | ${line.high} | ${line.byTag} | ${line.lowCalls} | ${line.highCalls} | ${line.random} | ${line.oracle} |`,
    ),
    '',
  ].join('\n');
}

function table(lines: readonly Line[]): readonly string[] {
  const row = (name: string, rows: string, values: readonly number[]): string =>
    `| ${name} | ${rows} | ${values.map((value) => value.toFixed(3)).join(' | ')} |`;
  return [
    `| source | rows | ${COLUMNS.join(' | ')} |`,
    `|---|---|${COLUMNS.map(() => '---').join('|')}|`,
    ...lines.map(({ source, rows, columns }) =>
      row(
        source,
        String(rows),
        COLUMNS.map((name) => columns[name]!.apgr),
      ),
    ),
    row(
      'mean',
      '',
      COLUMNS.map((name) => average(lines.map(({ columns }) => columns[name]!.apgr))),
    ),
  ];
}
