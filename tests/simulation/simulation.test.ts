/** FAULTS rows 1, 2 and 3: schedules of random faults on the simulated house, at the counts of every landing. */
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { playFleet } from './fleet.ts';
import type { Mode } from './plan.ts';

/** The same seeds at each landing, so that a failure is of the change; campaigns take others. */
const FROM = Number(process.env.OPENCLAW_SEED ?? 1);
const SCALE = Number(process.env.OPENCLAW_FAULTS_SCALE ?? 1);

test.each([
  ['safety', 20_000],
  ['liveness', 5_000],
  ['swizzle', 2_000],
] as const satisfies readonly (readonly [Mode, number])[])(
  '%s: %i schedules',
  async (mode, base) => {
    const count = Math.round(base * SCALE);
    const began = performance.now();
    const report = await playFleet({ mode, from: FROM, count, jobs: availableParallelism(), stopAfter: 3, progress: () => undefined });
    const seconds = (performance.now() - began) / 1_000;
    console.log(
      `${mode}: ${report.schedules} schedules from seed ${FROM}, ${report.faults} faults, ${Math.round(report.simulatedMs / 1_000)} simulated seconds in ${seconds.toFixed(0)} s`,
    );
    const guilty = report.found.map(
      ({ seed, violations }) => `${violations[0]?.rule}: ${violations[0]?.says}\n  npm run simulate -- --seed ${seed} --mode ${mode}`,
    );
    expect(guilty.join('\n')).toBe('');
    expect(report.schedules).toBe(count);
    // Nothing but work for the processor: some five minutes of it in all, on a fast one that has nothing else to do.
  },
  3_600_000,
);
