import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { logistic } from '../../packages/reasoning/src/scorer/blended.ts';
import { createModel } from '../../packages/reasoning/src/scorer/model.ts';
import { createScorer, FEATURES, score } from '../../packages/reasoning/src/scorer/score.ts';
import { blendLogit, fitBlend } from '../train-reasoning/blend.ts';
import { readRows } from '../train-reasoning/data.ts';
import { createExamples } from '../train-reasoning/examples.ts';
import { calibrationError, routing, spearman } from '../train-reasoning/metrics.ts';
import { packModel } from '../train-reasoning/write-model.ts';

test('routing gives an oracle more than chance, chance about a half, and the reverse less', () => {
  const rows = Array.from({ length: 1000 }, (_, at) => ({ weak: at % 3 === 0 ? 0 : 1, strong: 1, noise: ((at * 7919) % 1000) / 1000 }));
  const apgr = (scoreOf: (row: (typeof rows)[number]) => number): number =>
    routing(rows.map((row) => ({ ...row, score: scoreOf(row) }))).apgr;
  expect(apgr((row) => 1 - row.weak + row.noise / 10)).toBeGreaterThan(0.8);
  expect(Math.abs(apgr((row) => row.noise) - 0.5)).toBeLessThan(0.05);
  expect(apgr((row) => row.weak + row.noise / 10)).toBeLessThan(0.2);
});

test('ranks and calibration', () => {
  expect(spearman([1, 2, 3, 4], [10, 20, 30, 40])).toBeCloseTo(1);
  expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBeCloseTo(-1);
  expect(
    calibrationError([
      { predicted: 0.9, seen: 1 },
      { predicted: 0.9, seen: 0 },
    ]),
  ).toBeCloseTo(0.4);
});

test('the same data give the same bytes, and the shipped scorer scores as the trained one', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'train-'));
  try {
    const words = ['sum', 'prove', 'list', 'graph', 'matrix', 'name', 'color', 'count'];
    const rowOf = (source: string, at: number, more: object): string =>
      JSON.stringify({
        source,
        family: `f${at % 5}`,
        prompt: `Question ${at}: ${words[at % 8]} the ${words[(at * 3) % 8]}, then ${words[(at * 5) % 8]} ${at * 17}?`,
        ...more,
      });
    const judged = (source: string): string =>
      Array.from({ length: 60 }, (_, at) => rowOf(source, at, { weak: at % 8 < 3 ? 0 : 1, strong: at % 8 < 1 ? 0 : 1 })).join('\n');
    for (const [file, source] of [
      ['mmlu_pro', 'mmlu_pro'],
      ['reasoning_gym', 'reasoning_gym'],
      ['llmrouter', 'llmrouter'],
      ['lineage_early2025', 'lineage_early'],
    ] as const) {
      writeFileSync(join(folder, `${file}.jsonl`), judged(source));
    }
    writeFileSync(
      join(folder, 'math_train_levels.jsonl'),
      Array.from({ length: 40 }, (_, at) => rowOf('math_train', at, { level: (at % 5) + 1 })).join('\n'),
    );
    writeFileSync(
      join(folder, 'gsm8k_train_steps.jsonl'),
      Array.from({ length: 40 }, (_, at) => rowOf('gsm8k_train', at, { steps: (at % 6) + 2 })).join('\n'),
    );
    const examples = createExamples(readRows(folder));
    const blend = fitBlend(examples);
    const file = packModel(blend);
    expect(packModel(fitBlend(createExamples(readRows(folder))))).toEqual(file);
    const scorer = createScorer(createModel(file), FEATURES);
    for (const example of examples.slice(0, 100))
      expect(score(example.row.prompt, scorer)).toBeCloseTo(logistic(blendLogit(blend, example)), 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
