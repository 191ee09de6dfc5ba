import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A prompt with what is known of it. Outcomes are 0..1; `difficulty` is a rank within its source, 0..1. */
export interface Row {
  readonly source: string;
  readonly family: string;
  readonly prompt: string;
  readonly weak?: number;
  readonly strong?: number;
  readonly solveRate?: number;
  readonly difficulty?: number;
}

interface Raw {
  readonly source: string;
  readonly family: string;
  readonly domain?: string;
  readonly prompt: string;
  readonly weak?: number;
  readonly strong?: number;
  readonly solve_rate?: number;
  readonly level?: number;
  readonly steps?: number;
  readonly models?: Readonly<Record<string, number>>;
}

/** The sources with outcomes, and those with a human measure of difficulty only. */
export const JUDGED = ['mmlu_pro', 'reasoning_gym', 'llmrouter', 'lineage_early'] as const;
export const RANKED = ['math_train', 'gsm8k_train'] as const;

const FILES = ['mmlu_pro', 'reasoning_gym', 'llmrouter', 'lineage_early2025', 'math_train_levels', 'gsm8k_train_steps'];

/** Cheap and strong models of the source that names none. */
const WEAK = ['gpt-4o-2024-11-20', 'llama-3.3-70b-instruct'];
const STRONG = ['deepseek-r1', 'o3-mini'];

export function readRows(folder: string): readonly Row[] {
  const raw = FILES.flatMap((name) =>
    readFileSync(join(folder, `${name}.jsonl`), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Raw),
  );
  const ranks = new Map(RANKED.map((source) => [source as string, rankOf(raw.filter((row) => row.source === source))]));
  return raw.map((row) => {
    const weak = row.weak ?? mean(row.models, WEAK);
    const strong = row.strong ?? mean(row.models, STRONG);
    const difficulty = ranks.get(row.source)?.get(row.level ?? row.steps ?? 0);
    return {
      source: row.source,
      family: row.domain ?? row.family,
      prompt: row.prompt,
      ...(weak !== undefined && { weak }),
      ...(strong !== undefined && { strong }),
      ...(row.solve_rate !== undefined && { solveRate: row.solve_rate }),
      ...(difficulty !== undefined && { difficulty }),
    };
  });
}

function mean(models: Readonly<Record<string, number>> | undefined, names: readonly string[]): number | undefined {
  const values = names.map((name) => models?.[name]).filter((value) => value !== undefined);
  return values.length < names.length ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle rank of each level or number of steps. */
function rankOf(rows: readonly Raw[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(row.level ?? row.steps ?? 0, (counts.get(row.level ?? row.steps ?? 0) ?? 0) + 1);
  let below = 0;
  const ranks = new Map<number, number>();
  for (const [value, count] of [...counts].toSorted((a, b) => a[0] - b[0])) {
    ranks.set(value, (below + count / 2) / rows.length);
    below += count;
  }
  return ranks;
}
