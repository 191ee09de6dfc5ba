import { startProvider } from '../../provider/server.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { openUpstreamHouse, RUN_MS } from './house.ts';
import { judgeUpstream } from './judge-upstream.ts';
import { planUpstream } from './plan.ts';

const ABREAST = 24;
/** Above a run's own deadline: what has not ended by then hangs. */
const DEADLINE_MS = RUN_MS + 3_000;

/** `count` requests to a provider that refuses, stalls, cuts, drips, tears and talks nonsense, in all combinations. */
export async function troubleUpstream({ seed, count, say }: RowOptions): Promise<RowReport> {
  await using provider = await startProvider();
  await using plain = await openUpstreamHouse(provider.url, false);
  await using going = await openUpstreamHouse(provider.url, true);
  const violations: string[] = [];
  const ends = new Map<string, number>();
  let slowestMs = 0;
  let next = 0;

  const one = async (n: number): Promise<void> => {
    const plan = planUpstream(seed, n);
    const began = performance.now();
    const fold = await (plan.prefix ? going : plain).run(plan.prompt, plan.model, DEADLINE_MS);
    slowestMs = Math.max(slowestMs, performance.now() - began);
    const status = fold.outcome?.status ?? 'no end';
    ends.set(status, (ends.get(status) ?? 0) + 1);
    const found = judgeUpstream(plan, fold, provider.ledger());
    violations.push(...found.map((says) => `case ${n} (${plan.model}${plan.prefix ? ', goes on from a prefix' : ''}): ${says}`));
    if (n % 100 === 99) say(`  ${n + 1} cases, ${violations.length} violations`);
  };
  const work = async (): Promise<void> => {
    while (next < count && violations.length < 50) await one(next++);
  };
  await Promise.all(Array.from({ length: Math.min(ABREAST, count) }, work));
  violations.push(...[...plain.defects, ...going.defects].map((defect) => `a defect: ${defect}`));
  const figures = { ...Object.fromEntries(ends), 'slowest run, ms': Math.round(slowestMs) };
  return { cases: Math.min(next, count), violations, figures };
}
