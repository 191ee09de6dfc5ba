import { blockLoops } from '../agents/block-loops.ts';
import { killTasksOften } from '../agents/kill-tasks.ts';
import { pressMemory } from '../agents/press-memory.ts';
import { crashOften, eatMemory, holdThreads, spinTogether, starvePool } from '../agents/rows.ts';
import { failSyncUnderRuns } from '../claw/fail-sync.ts';
import { fillDiskOften } from '../claw/fill-disk.ts';
import { runDryOften } from '../claw/run-dry.ts';
import { slowSyncs } from '../claw/slow-sync.ts';
import { feedSlowReaders } from '../crowd/feed-slow.ts';
import { dropTogether } from '../crowd/storm.ts';
import { harmOften } from '../damage/harm-often.ts';
import { restoreOften } from '../damage/restore-often.ts';
import { losePowerOften } from '../power/campaign.ts';
import { failSyncsOften } from '../power/fail-syncs.ts';
import { reloadOften } from '../reload/reload-often.ts';
import { troubleUpstream } from '../upstream/trouble-upstream.ts';
import { delaying, tearing } from '../wire/fates.ts';
import { troubleWire } from '../wire/trouble-wire.ts';
import type { Row, RowOptions, RowReport } from './report.ts';

/** A fifth of them whole servers, the others stores of their own. */
async function failSyncs({ seed, count, say }: RowOptions): Promise<RowReport> {
  const servers = Math.ceil(count / 5);
  const stores = await failSyncsOften({ seed, count: count - servers, say });
  const served = await failSyncUnderRuns({ seed, count: servers, say });
  return {
    cases: stores.cases + served.cases,
    violations: [...stores.violations, ...served.violations],
    figures: { ...stores.figures, servers: served.cases },
  };
}

/** Each row of faults by its name, and how many cases it has where nobody asks for more. */
export const ROWS = {
  'power-loss': { run: losePowerOften, count: 5_000 },
  'failed-sync': { run: failSyncs, count: 50 },
  'slow-sync': { run: slowSyncs, count: 10 },
  'full-disk': { run: fillDiskOften, count: 30 },
  'run-dry': { run: runDryOften, count: 20 },
  damage: { run: harmOften, count: 500 },
  restored: { run: restoreOften, count: 50 },
  'torn-wire': { run: (options) => troubleWire(options, tearing), count: 100 },
  'late-wire': { run: (options) => troubleWire(options, delaying), count: 50 },
  'slow-readers': { run: feedSlowReaders, count: 200 },
  'reconnect-storm': { run: dropTogether, count: 2_000 },
  'agents-kill': { run: killTasksOften, count: 150 },
  'agents-memory': { run: eatMemory, count: 30 },
  'agents-hold': { run: holdThreads, count: 30 },
  'agents-starve': { run: starvePool, count: 10 },
  'agents-crash': { run: crashOften, count: 10 },
  'agents-spin': { run: spinTogether, count: 5 },
  'blocked-loop': { run: blockLoops, count: 20 },
  'memory-pressure': { run: pressMemory, count: 5 },
  upstream: { run: troubleUpstream, count: 500 },
  reload: { run: reloadOften, count: 10 },
} as const satisfies Record<string, { readonly run: Row; readonly count: number }>;

export type RowName = keyof typeof ROWS;
