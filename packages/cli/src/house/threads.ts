import type { CodedAgent } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { AgentThreads, MemoryGroups } from '@openclaw-runtime/runtime';
import type { Config } from '../config/config.ts';
import type { HousePorts } from './house.ts';

export interface ThreadsOptions {
  /** Folder of the runs' workspaces, which agents' code may read and write. */
  readonly workspaces: string;
  /** Of the machine. */
  readonly processors: number;
  /** Agents that are there beside the configured ones. */
  readonly shipped: readonly CodedAgent[];
}

/** Threads for agents with code. None is started before it is needed. */
export async function openThreads(
  { agents, threads, dataDir }: Config,
  { workspaces, processors, shipped }: ThreadsOptions,
  { clock, log }: HousePorts,
): Promise<AgentThreads> {
  const modules = [...Object.values(agents).flatMap(({ module }) => (module ? [module.url] : [])), ...shipped.map(({ module }) => module)];
  const { createHosts, createHostProcesses, createThreadPool, createWorkers, openHostSandbox, openMemoryGroups } = await import(
    '@openclaw-runtime/runtime'
  );
  const { max = processors, perThread, heapMiB, hosts: count = 0, hostMemoryMiB, hostSandbox = false } = threads;
  const groups = hostMemoryMiB === undefined ? undefined : limitOf(count, () => openMemoryGroups(hostMemoryMiB), log);
  if (hostSandbox && count === 0) log('claw: threads.hostSandbox holds nothing: there are no hosts. Set threads.hosts.');
  const sandbox = hostSandbox && count > 0 ? openHostSandbox(dataDir, [workspaces]) : undefined;
  const { writable = [workspaces] } = sandbox ?? {};
  const rights = { readable: writable, writable };
  const hosts = count > 0 ? createHosts({ count, start: createHostProcesses({ ...rights, groups, sandbox }), clock }) : undefined;
  const pool = createThreadPool({
    spawn: hosts?.spawn ?? createWorkers(rights),
    clock,
    modules,
    maxThreads: max,
    ...(perThread === undefined ? {} : { callsPerThread: perThread }),
    ...(heapMiB === undefined ? {} : { heapMiB }),
    onLost: ({ thread, code, message, neighbours }) =>
      log(`claw: ${thread} was lost (${code}, ${neighbours} other calls with it): ${message}`),
    onStuck: ({ thread, message }) =>
      log(`claw: ${thread} does not end and is left alone until its ${hosts ? 'host' : 'process'} ends: ${message}`),
  });
  if (!hosts) return pool;
  return {
    describe: pool.describe,
    call: pool.call,
    get status() {
      return pool.status;
    },
    async close() {
      await pool.close();
      await hosts.close();
    },
  };
}

/** A limit that cannot be held is said to be none. */
function limitOf(hosts: number, open: () => MemoryGroups, log: HousePorts['log']): MemoryGroups | undefined {
  try {
    if (hosts > 0) return open();
    log('claw: threads.hostMemoryMiB limits nothing: there are no hosts. Set threads.hosts.');
  } catch (error) {
    log(`claw: threads.hostMemoryMiB limits nothing: ${OpenClawError.from(error).message}`);
  }
  return undefined;
}
