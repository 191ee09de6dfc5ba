import type { AgentThreads } from '@openclaw-runtime/runtime';
import type { Config } from '../config/config.ts';
import type { HousePorts } from './house.ts';

export interface ThreadsOptions {
  /** Folder of the runs' workspaces, which agents' code may read and write. */
  readonly workspaces: string;
  /** Of the machine. */
  readonly processors: number;
}

/** Threads for agents with code. None is started before it is needed. */
export async function openThreads(
  { agents, threads }: Config,
  { workspaces, processors }: ThreadsOptions,
  { clock, log }: HousePorts,
): Promise<AgentThreads> {
  const modules = Object.values(agents).flatMap(({ module }) => (module ? [module.url] : []));
  const { createThreadPool, createWorkers } = await import('@openclaw-runtime/runtime');
  const { max = processors, perThread, heapMiB } = threads;
  return createThreadPool({
    spawn: createWorkers({ readable: [workspaces], writable: [workspaces] }),
    clock,
    modules,
    maxThreads: max,
    ...(perThread === undefined ? {} : { callsPerThread: perThread }),
    ...(heapMiB === undefined ? {} : { heapMiB }),
    onLost: ({ thread, code, message, neighbours }) =>
      log(`claw: ${thread} was lost (${code}, ${neighbours} other calls with it): ${message}`),
    onStuck: ({ thread, message }) => log(`claw: ${thread} does not end and is left alone until this process ends: ${message}`),
  });
}
