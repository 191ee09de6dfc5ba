/** Runs the attacks and holds the outcome against the table in docs/attacks.md: each row that applies needs a green test, and each test a row. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge, parseTable, type Ran } from './attacks/judge.ts';

const rows = parseTable(readFileSync('docs/attacks.md', 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'openclaw-attacks-'));
try {
  const report = join(folder, 'report.json');
  // Some judge times, and what a server refuses when it has too much to do: beside few others only.
  const args = [
    'vitest',
    'run',
    '--project',
    'attacks',
    '--maxWorkers=2',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const { status } = spawnSync('npx', [...args, ...process.argv.slice(2)], { stdio: 'inherit' });
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as { readonly testResults: readonly Suite[] };
  const verdict = judge(
    rows,
    testResults.flatMap(({ assertionResults }) => assertionResults),
  );
  for (const line of verdict.later) console.log(line);
  for (const line of verdict.wrong) console.error(line);
  console.log(`attacks: ${verdict.green} of ${verdict.all}`);
  process.exitCode = status === 0 && verdict.wrong.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

interface Suite {
  readonly assertionResults: readonly Ran[];
}
