import { expect, test } from 'vitest';
import { ROWS, type RowName } from './rows.ts';

const SEED = Number(process.env.OPENCLAW_FAULTS_SEED ?? Date.now() % 1_000_000);

/** The row as a test. `OPENCLAW_FAULTS_COUNT` says how many cases, `OPENCLAW_FAULTS_SEED` where chance begins. `missing` says what this machine lacks for it. */
export function testRow(name: RowName, says: string, missing?: () => string | undefined): void {
  const { run, count: usual } = ROWS[name];
  const count = Number(process.env.OPENCLAW_FAULTS_COUNT ?? usual);
  test(`${count} × ${says}`, async ({ skip }) => {
    const lack = missing?.();
    if (lack !== undefined) skip(lack);
    console.log(`again: node --conditions=openclaw-source tests/faults/rows/row-main.ts ${name} ${SEED} ${count}`);
    const began = performance.now();
    const { cases, violations, figures } = await run({ seed: SEED, count, say: (line) => console.log(line) });
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`${name}: ${cases} cases, ${violations.length} violations, ${seconds} s, ${JSON.stringify(figures)} (seed ${SEED})`);
    expect(violations, `seed ${SEED}`).toEqual([]);
    expect(cases).toBe(count);
  });
}

/** For rows that need the shim. */
export function withoutLinux(): string | undefined {
  return process.platform === 'linux' ? undefined : 'needs Linux with glibc and a C compiler';
}
