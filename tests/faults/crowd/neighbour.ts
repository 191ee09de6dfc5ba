import { setTimeout as sleep } from 'node:timers/promises';
import { OpenClawClient } from '@openclaw-runtime/client';

/** How clients that have no part in a fault fare meanwhile. */
export interface Neighbours {
  /** Milliseconds of each short run, from asking to its end, and how many failed. */
  stop(): Promise<{ readonly tookMs: readonly number[]; readonly failed: number }>;
}

const COUNT = 5;
const EVERY_MS = 30;

/** Clients that are connected already and start short runs, one after the other. */
export async function startNeighbours(url: string): Promise<Neighbours> {
  const leaving = new AbortController();
  const clients = Array.from({ length: COUNT }, () => new OpenClawClient({ autoReconnect: false }));
  await Promise.all(clients.map((client) => client.connect(url)));
  const tookMs: number[] = [];
  let failed = 0;
  const live = async (client: OpenClawClient, n: number): Promise<void> => {
    for (let i = 0; !leaving.signal.aborted; i++) {
      const began = performance.now();
      const run = client.run({ input: `neighbour ${n} ${i}`, model: 'simulated?tokens=3&ms=0', tokenInterval: 0 });
      const isWhole = await run
        .result()
        .then(({ status }) => status === 'completed')
        .catch(() => false);
      if (!isWhole) failed++;
      tookMs.push(performance.now() - began);
      await sleep(EVERY_MS);
    }
  };
  const going = Promise.all(clients.map(live));
  return {
    async stop() {
      leaving.abort();
      await going;
      for (const client of clients) client.close();
      return { tookMs, failed };
    },
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
