import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseLevel } from '../../packages/reasoning/src/choice/choose-level.ts';
import { LEVELS, type Level } from '../../packages/reasoning/src/level/level.ts';
import { average } from './metrics.ts';

/** A replay: what an agent would have got right had each problem been given the effort of its tag. There is no text, so neither length nor predictor can speak. */
export interface EffortLine {
  readonly model: string;
  readonly problems: number;
  /** Percent right with each effort for all. */
  readonly low: number;
  readonly medium: number;
  readonly high: number;
  /** By the tag, through `chooseLevel`. */
  readonly byTag: number;
  readonly lowCalls: number;
  readonly highCalls: number;
  /** The same shares of efforts, dealt out by chance: what is to be expected. */
  readonly random: number;
  /** For each problem the best of the three. */
  readonly oracle: number;
}

interface Problem {
  readonly difficulty: string;
  readonly pass1: Readonly<Record<string, number>>;
}

/** What a tag means: the levels of `levelThresholds`. */
export const TAGS: Readonly<Record<string, Level>> = { easy: 2, medium: 3, hard: 4 };

const RUNS = [
  ['lcb_1055x16_o3mini_o4mini_effort', 'O4-Mini (Low)', 'O4-Mini (Medium)', 'O4-Mini (High)'],
  ['lcb_1055x16_o3mini_o4mini_effort', 'O3-Mini-2025-01-31 (Low)', 'O3-Mini-2025-01-31 (Med)', 'O3-Mini-2025-01-31 (High)'],
  ['lcb_880x19_o1_effort', 'O1-2024-12-17 (N=1) (Low)', 'O1-2024-12-17 (N=1) (Med)', 'O1-2024-12-17 (N=1) (High)'],
] as const;

export function replayEfforts(folder: string): readonly EffortLine[] {
  return RUNS.flatMap(([file, low, medium, high]) => {
    const path = join(folder, 'livecodebench', `${file}.jsonl`);
    if (!existsSync(path)) return [];
    const problems = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Problem);
    // What OpenAI's o-models are told at levels 1 to 4.
    const efforts: Readonly<Record<Level, string>> = { 1: low, 2: low, 3: medium, 4: high };
    const levels = problems.map(({ difficulty }) => chooseLevel({ tag: difficulty, thresholds: TAGS }).level);
    const right = (of: (problem: Problem, at: number) => number): number => Number(average(problems.map(of)).toFixed(2));
    const all = (name: string): number => average(problems.map(({ pass1 }) => pass1[name]!));
    const share = (level: Level): number => levels.filter((each) => each === level).length / levels.length;
    return [
      {
        model: low.replace(/ \(Low\)$/, ''),
        problems: problems.length,
        low: right(({ pass1 }) => pass1[low]!),
        medium: right(({ pass1 }) => pass1[medium]!),
        high: right(({ pass1 }) => pass1[high]!),
        byTag: right(({ pass1 }, at) => pass1[efforts[levels[at]!]]!),
        lowCalls: Number((share(1) + share(2)).toFixed(3)),
        highCalls: Number(share(4).toFixed(3)),
        random: Number(LEVELS.reduce((sum, level) => sum + share(level) * all(efforts[level]), 0).toFixed(2)),
        oracle: right(({ pass1 }) => Math.max(pass1[low]!, pass1[medium]!, pass1[high]!)),
      },
    ];
  });
}
