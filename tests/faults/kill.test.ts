// Real SIGKILLs at random moments of streaming runs. OPENCLAW_KILLS says how many (300), OPENCLAW_SEED where chance begins.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runCampaign } from './campaign.ts';

const KILLS = Number(process.env.OPENCLAW_KILLS ?? 300);
const SEED = Number(process.env.OPENCLAW_SEED ?? Date.now() % 1_000_000);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test(`${KILLS} kills of server, client and both lose, double and splice nothing, and every run ends`, async () => {
  console.log(`again: OPENCLAW_SEED=${SEED} OPENCLAW_KILLS=${KILLS} npx vitest run --project faults tests/faults/kill.test.ts`);
  const { kills, runs, records, violations, durationMs, arenas } = await runCampaign({
    root: ROOT,
    kills: KILLS,
    seed: SEED,
    abreast: 3,
    say: (line) => console.log(line),
  });
  const seconds = Math.round(durationMs / 1000);
  console.log(`${kills} kills, ${runs} runs, ${records} records checked, ${violations.length} violations, ${seconds} s (seed ${SEED})`);
  expect(violations).toEqual([]);
  expect(kills).toBe(KILLS);
  const resumed = arenas.reduce((sum, arena) => sum + arena.resumed, 0);
  const superseded = arenas.reduce((sum, arena) => sum + arena.superseded, 0);
  expect(records).toBeGreaterThan(KILLS);
  if (KILLS >= 30) {
    expect(resumed, 'kills that struck a streaming step').toBeGreaterThan(KILLS / 3);
    expect(superseded, 'attempts that were answered differently').toBeGreaterThan(KILLS / 10);
  }
});
