// The rows of faults are shown to find planted bugs: each patch is applied to a copy of the sources, and the copy's own row must find it guilty.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { RowReport } from './rows/report.ts';
import type { RowName } from './rows/rows.ts';
import { withoutLinux } from './rows/test-row.ts';
import { openTree } from './tree.ts';

const SEED = Number(process.env.OPENCLAW_FAULTS_SEED ?? Date.now() % 1_000_000);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Planted {
  readonly patch: string;
  readonly row: RowName;
  /** That find it as a rule. A sixth of them is played first, and as many again where that was no use. */
  readonly cases: number;
  /** What the row says of it, in one of its findings at least. */
  readonly says: RegExp;
}

const PLANTED: readonly Planted[] = [
  { patch: 'never-sync', row: 'power-loss', cases: 300, says: /were acknowledged as on disk|was acknowledged|is gone/ },
  { patch: 'same-epoch', row: 'power-loss', cases: 1_000, says: /the epoch is still/ },
  { patch: 'acknowledge-early', row: 'power-loss', cases: 500, says: /was acknowledged|command c\d+ is gone/ },
  {
    patch: 'retry-failed-sync',
    row: 'failed-sync',
    cases: 15,
    says: /acknowledged as on disk|is gone|does not open|went on for|failed its checksum/,
  },
  {
    patch: 'ignore-full',
    row: 'full-disk',
    cases: 6,
    says: /no run was refused|took longer|could not be followed|answered with|has another text/,
  },
  { patch: 'unbounded-queue', row: 'slow-readers', cases: 80, says: /the server grew by|runs of neighbours failed|neighbours waited/ },
  { patch: 'resume-off-by-one', row: 'torn-wire', cases: 10, says: /HANG|came after|was heard/ },
  { patch: 'tool-again', row: 'agents-kill', cases: 30, says: /once ran \d+ times/ },
  { patch: 'finished-step-again', row: 'agents-kill', cases: 12, says: /a finished step was done again/ },
  { patch: 'broken-is-done', row: 'upstream', cases: 120, says: /completed with a text that no answer has/ },
];

describe.skipIf(withoutLinux() !== undefined)('a planted bug is found', () => {
  test.each(PLANTED)('$patch, by $row', async ({ patch, row, cases, says }) => {
    using tree = await openTree(ROOT, [fileURLToPath(new URL(`./planted/${patch}.patch`, import.meta.url))]);
    const violations: string[] = [];
    for (const [i, count] of [Math.ceil(cases / 6), cases, cases].entries()) {
      violations.push(...(await runRow(tree.root, row, SEED + i, count)).violations);
      console.log(`${patch}: ${violations.length} violations, ${count} cases of ${row} (seed ${SEED + i}), such as ${violations[0]}`);
      if (says.test(violations.join('\n'))) break;
    }
    expect(violations.join('\n')).toMatch(says);
  });
});

/** The tree's own row, in a process of its own. */
async function runRow(root: string, row: RowName, seed: number, cases: number): Promise<RowReport> {
  const script = join(root, 'tests/faults/rows/row-main.ts');
  const flags = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];
  const passed = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OPEN(AI|CLAW)_|VITEST|NODE_OPTIONS$)/.test(name)));
  // What a row keeps of what it found goes with the tree.
  const env = { ...passed, TMPDIR: root };
  const run = promisify(execFile)(process.execPath, [...flags, script, row, String(seed), String(cases)], { env, maxBuffer: 1 << 28 });
  // It ends with 1 when it has found something, as it should.
  const { stdout, stderr } = await run.catch((error: { readonly stdout: string; readonly stderr: string }) => error);
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) {
    // So ends a row whose server does not even answer any more.
    console.log(`${stdout}${stderr}`);
    return { cases, violations: ['the row gave no report'], figures: {} };
  }
  return JSON.parse(last) as RowReport;
}
