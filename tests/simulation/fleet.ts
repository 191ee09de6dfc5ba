import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Mode } from './plan.ts';
import type { Found, Played, Range } from './worker.ts';

export interface FleetOptions {
  readonly mode: Mode;
  /** The first seed, and how many. */
  readonly from: number;
  readonly count: number;
  /** Threads. */
  readonly jobs: number;
  /** No more seeds once so many were found guilty. */
  readonly stopAfter: number;
  readonly signal?: AbortSignal;
  progress(sum: FleetReport): void;
}

export interface FleetReport extends Omit<Played, 'found'> {
  readonly found: readonly Found[];
}

const RANGE = 25;

/** Plays many seeds on several threads. */
export async function playFleet({ mode, from, count, jobs, stopAfter, signal, progress }: FleetOptions): Promise<FleetReport> {
  let next = from;
  let sum: FleetReport = { schedules: 0, faults: 0, events: 0, simulatedMs: 0, found: [] };
  const take = (): Range | undefined => {
    if (next >= from + count || sum.found.length >= stopAfter || signal?.aborted) return undefined;
    const range = { mode, from: next, count: Math.min(RANGE, from + count - next) };
    next += range.count;
    return range;
  };
  const add = (played: Played): void => {
    sum = {
      schedules: sum.schedules + played.schedules,
      faults: sum.faults + played.faults,
      events: sum.events + played.events,
      simulatedMs: sum.simulatedMs + played.simulatedMs,
      found: [...sum.found, ...played.found].sort((a, b) => a.seed - b.seed),
    };
    progress(sum);
  };
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    try {
      for (let range = take(); range; range = take()) {
        worker.postMessage(range);
        const [played] = (await once(worker, 'message')) as [Played];
        add(played);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, Math.ceil(count / RANGE)) }, work));
  return sum;
}
