/** FAULTS row 25: attach from any offset, 0, last, future, of a wrong epoch, with and without proof. */
import { expect, test } from 'vitest';
import { playResumes } from './resume-cases.ts';

const SEED = Number(process.env.OPENCLAW_SEED ?? Date.now() % 1_000_000);
const COUNT = Number(process.env.OPENCLAW_FAULTS_COUNT ?? 20_000);

test(`${COUNT} attaches from anywhere are answered with what the log holds`, async () => {
  const replay = `OPENCLAW_SEED=${SEED} OPENCLAW_FAULTS_COUNT=${COUNT} npx vitest run --project simulation tests/simulation/resume.test.ts`;
  const report = await playResumes(SEED, COUNT);
  console.log(`${report.cases} attaches: ${JSON.stringify(report.modes)} (${replay})`);
  expect(report.violations, replay).toEqual([]);
  for (const mode of ['replay', 'snapshot', 'reset']) expect(report.modes[mode]).toBeGreaterThan(COUNT / 100);
});
