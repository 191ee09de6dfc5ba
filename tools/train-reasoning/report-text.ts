import { STAGES } from './learning.ts';
import { average } from './metrics.ts';
import type { Line, Report } from './report.ts';

const COLUMNS = ['ours', 'length', 'recipe', 'family', 'oracle', 'random'] as const;

/** The report as a page. */
export function reportText({ leftOut, unseenFamilies, difficulty, learning }: Report): string {
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
    '## Rank correlation with human difficulty, source left out',
    '',
    '| source | rows | ours | length |',
    '|---|---|---|---|',
    ...difficulty.map(({ source, rows, ours, length }) => `| ${source} | ${rows} | ${ours.toFixed(3)} | ${length.toFixed(3)} |`),
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
