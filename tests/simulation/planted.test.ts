/**
 * FAULTS row 39: the simulation is shown to find planted bugs. Each patch is applied to a copy of the sources, and seeds are played on the copy until one is guilty.
 */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openTree } from '../faults/tree.ts';
import type { FleetReport } from './fleet.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = fileURLToPath(new URL('./planted', import.meta.url));
const SEED = Number(process.env.OPENCLAW_SEED ?? 1);
const MOST = 20_000;

const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.patch'))
  .map((file) => file.slice(0, -'.patch'.length))
  .sort();

test('there are planted bugs', () => {
  expect(names.length).toBeGreaterThanOrEqual(12);
});

test.each(names)('%s', async (name) => {
  using tree = await openTree(ROOT, [join(FOLDER, `${name}.patch`)]);
  const { found, schedules } = await play(tree.root);
  const [first] = found;
  console.log(
    `${name}: found at seed ${first?.seed} (${schedules} played): ${first?.violations[0]?.rule}: ${first?.violations[0]?.says.slice(0, 160)}`,
  );
  expect(found.length, `${name} was not found within ${schedules} seeds`).toBeGreaterThan(0);
});

/** Until the first guilty seed. */
async function play(root: string): Promise<FleetReport> {
  const args = ['--conditions=openclaw-source', join(root, 'tests/simulation/main.ts'), '--seed', String(SEED), '--count', String(MOST)];
  const run = promisify(execFile)(process.execPath, [...args, '--stop-after', '1', '--json'], { maxBuffer: 64 * 1024 * 1024 });
  const { stdout } = await run.catch((error: { readonly stdout: string; readonly code: unknown }) => {
    if (error.code === 1) return error;
    throw error as unknown as Error;
  });
  return JSON.parse(stdout) as FleetReport;
}
