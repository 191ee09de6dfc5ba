// Plays seeds that the main thread hands out, a range at a time.
import { parentPort } from 'node:worker_threads';
import type { Violation } from './judge.ts';
import { type Mode, planSchedule } from './plan.ts';
import { playSchedule, type Report } from './schedule.ts';

export interface Range {
  readonly mode: Mode;
  readonly from: number;
  readonly count: number;
}

export interface Found {
  readonly seed: number;
  readonly violations: readonly Violation[];
}

export interface Played {
  readonly schedules: number;
  readonly faults: number;
  readonly events: number;
  readonly simulatedMs: number;
  readonly found: readonly Found[];
}

/** One seed in so many is played twice: the same seed must be the same course. */
const TWICE_EVERY = 200;

const strays: unknown[] = [];
process.on('unhandledRejection', (error) => strays.push(error));
process.on('uncaughtException', (error) => strays.push(error));

parentPort?.on('message', (range: Range) => {
  void playRange(range).then((played) => parentPort?.postMessage(played));
});

async function playRange({ mode, from, count }: Range): Promise<Played> {
  const found: Found[] = [];
  const sum = { schedules: 0, faults: 0, events: 0, simulatedMs: 0 };
  for (let seed = from; seed < from + count; seed++) {
    const plan = planSchedule(seed, mode);
    let report: Report;
    try {
      report = await playSchedule(plan, strays);
    } catch (error) {
      found.push({ seed, violations: [{ rule: 'defect', says: `the judge stumbled: ${(error as Error).stack}` }] });
      continue;
    }
    sum.schedules++;
    sum.faults += report.faults;
    sum.events += report.events;
    sum.simulatedMs += report.simulatedMs;
    const violations = [...report.violations];
    if (seed % TWICE_EVERY === 0) {
      const again = await playSchedule(plan, strays);
      if (again.digest !== report.digest) violations.push({ rule: 'defect', says: 'the same seed took another course' });
    }
    if (violations.length > 0) found.push({ seed, violations });
  }
  return { ...sum, found };
}
