import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { describeCourse } from './describe.ts';
import { type FleetReport, playFleet } from './fleet.ts';
import type { Violation } from './judge.ts';
import { type Mode, type Plan, planSchedule } from './plan.ts';
import { playSchedule } from './schedule.ts';
import { shrinkPlan } from './shrink.ts';

const HELP = `Plays schedules of faults on a whole simulated house: clients, network, gateway, runtime, broker, provider, disk.
One seed is one course of events, to the last byte.

  npm run simulate -- [options]

  --seed N        the first seed (default 1); alone: that one, with its plan and what happened
  --count N       how many seeds (default 1 with --seed, else 1000)
  --mode MODE     safety, liveness or swizzle (default safety)
  --plan FILE     one plan, as a shrunk failure prints it
  --jobs N        threads (default: one per processor)
  --stop-after N  end after so many guilty seeds (default 3)
  --no-shrink     do not look for the smallest plan that fails
  --trace         print everything that the users saw
  --json          one line of JSON at the end

Examples
  npm run simulate -- --count 20000
  npm run simulate -- --seed 4711 --mode swizzle --trace

Exit code: 0 nothing found, 1 violations, 2 wrong options.`;

const SHOWN = 10;
const option = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: option,
      count: option,
      mode: option,
      plan: option,
      jobs: option,
      'stop-after': option,
      'no-shrink': flag,
      trace: flag,
      json: flag,
      help: flag,
      out: option,
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const mode = modeOf(values.mode ?? 'safety');
  if (values.plan !== undefined) return playOne(JSON.parse(readFileSync(values.plan, 'utf8')) as Plan, { shrink: false, trace: true });
  const from = numberOf('--seed', values.seed, 1);
  const count = numberOf('--count', values.count, values.seed === undefined ? 1_000 : 1);
  if (count === 1) return playOne(planSchedule(from, mode), { shrink: !values['no-shrink'], trace: values.trace ?? false });

  const jobs = numberOf('--jobs', values.jobs, availableParallelism());
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  const began = performance.now();
  const report = await playFleet({
    mode,
    from,
    count,
    jobs,
    stopAfter: numberOf('--stop-after', values['stop-after'], 3),
    signal: stopping.signal,
    progress: (sum) => showProgress(sum, count, began),
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  const seconds = (performance.now() - began) / 1_000;
  if (values.json) console.log(JSON.stringify({ mode, from, count, seconds, ...report }));
  else console.log(describeReport(mode, from, report, seconds));
  if (values.out !== undefined) writeFileSync(values.out, JSON.stringify({ mode, from, count, seconds, ...report }));
  const [first] = report.found;
  if (!first) return stopping.signal.aborted ? 130 : 0;
  if (!values['no-shrink'] && !values.json) await printShrunk(planSchedule(first.seed, mode), first.violations);
  return 1;
}

async function playOne(plan: Plan, { shrink, trace }: { readonly shrink: boolean; readonly trace: boolean }): Promise<number> {
  const strays: unknown[] = [];
  process.on('unhandledRejection', (error) => strays.push(error));
  const report = await playSchedule(plan, strays);
  console.log(
    `seed ${plan.seed}, ${plan.mode}: ${report.events} events in ${Math.round(report.simulatedMs)} simulated ms, digest ${report.digest}`,
  );
  if (trace) console.log(describeCourse(plan, report));
  for (const { rule, says } of report.violations) console.log(`  ${rule}: ${says}`);
  if (report.violations.length === 0) {
    console.log('  nothing is wrong');
    return 0;
  }
  if (shrink) await printShrunk(plan, report.violations);
  return 1;
}

async function printShrunk(plan: Plan, violations: readonly Violation[]): Promise<void> {
  const rule = violations[0]?.rule ?? 'defect';
  const smallest = await shrinkPlan(plan, rule, async (candidate) => (await playSchedule(candidate)).violations);
  console.log(
    `\nThe smallest plan that breaks the rule "${rule}" (keep it in a file, play it with --plan FILE):\n${JSON.stringify(smallest)}`,
  );
}

function describeReport(mode: Mode, from: number, { schedules, faults, events, simulatedMs, found }: FleetReport, seconds: number): string {
  const pace = `${Math.round(schedules / seconds)}/s, ${seconds.toFixed(0)} s`;
  const lines = [
    `${mode}: ${schedules} schedules from seed ${from}, ${faults} faults, ${events} events, ${Math.round(simulatedMs / 1_000)} simulated seconds (${pace}): ${found.length} guilty`,
  ];
  for (const { seed, violations } of found.slice(0, SHOWN)) {
    lines.push(`  seed ${seed}: ${violations[0]?.rule}: ${violations[0]?.says.slice(0, 400)}`);
    lines.push(`    npm run simulate -- --seed ${seed} --mode ${mode}`);
  }
  return lines.join('\n');
}

function showProgress({ schedules, found }: FleetReport, count: number, began: number): void {
  if (!process.stderr.isTTY) return;
  const perSecond = schedules / ((performance.now() - began) / 1_000);
  const left = Math.round((count - schedules) / perSecond);
  process.stderr.write(`\r\u001b[K${schedules} of ${count} schedules, ${found.length} guilty, ${Math.round(perSecond)}/s, ${left} s left`);
}

function modeOf(word: string): Mode {
  if (word === 'safety' || word === 'liveness' || word === 'swizzle') return word;
  throw new RangeError(`--mode is "${word}". Give safety, liveness or swizzle.`);
}

function numberOf(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`${name} is "${text}". Give a whole number.`);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof RangeError || (error instanceof TypeError && 'code' in error))) throw error;
  console.error(`${error.message}\nSee --help.`);
  process.exitCode = 2;
}
