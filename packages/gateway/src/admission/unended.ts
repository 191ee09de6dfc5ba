import { sleep } from '@openclaw-runtime/kit';
import { type RunKey, runKey } from '@openclaw-runtime/store';
import type { GatewayContext } from './options.ts';

const PAGE = 100;

/** Runs of a tenant that have not ended. */
export async function* unended({ store, clock }: Pick<GatewayContext, 'store' | 'clock'>, tenant: string): AsyncGenerator<RunKey> {
  for (const status of ['running', 'budget_exhausted'] as const) {
    for (let before: number | undefined; ; ) {
      const { runs, next } = await store.runs.list(tenant, { limit: PAGE, status, ...(before === undefined ? {} : { before }) });
      for (const { run, endedMs } of runs) if (endedMs === undefined) yield runKey(tenant, run);
      if (next === undefined) break;
      before = next;
      await sleep(clock, 0);
    }
  }
}
