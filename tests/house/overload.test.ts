import { expect, test } from 'vitest';
import { measureOverload } from '../../bench/overload.ts';

// A short one, on machines that do other things meanwhile: the figures that are promised are measured by the bench alone.
test('five times what it can carry: it goes on with what it can, refuses the rest at once, and is well again', async () => {
  const report = await measureOverload({ places: 100, scriptMs: 200, factor: 5, seconds: 5 });
  console.log(JSON.stringify(report));
  expect(report.failed).toBe(0);
  expect(report.refused).toBeGreaterThan(report.offeredPerSecond * 2);
  expect(report.goodput).toBeGreaterThan(0.8);
  // Were everything taken, the last would wait for twenty seconds, and the one in the middle for ten.
  expect(report.acceptedMs.p50).toBeLessThan(1_500);
  expect(report.acceptedMs.p99).toBeLessThan(3_000);
  expect(report.wellAgainSeconds).toBeLessThan(10);
}, 60_000);
