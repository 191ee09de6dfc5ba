// What agents' threads cost: a call's way there and back, the first call after a thread was lost, the memory of a thread.
import type { CodedAgent } from '@openclaw-runtime/agent';
import { systemClock } from '@openclaw-runtime/kit';
import { type AgentThreads, createThreadPool, createWorkers, type Loss, type ThreadCall } from '@openclaw-runtime/runtime';
import { percentile, round } from './percentile.ts';

export interface ThreadsReport {
  /** Microseconds from a tool call to its result, one after the other. */
  readonly hopUs: { readonly median: number; readonly p99: number };
  /** Tool calls in a second, 64 at once. */
  readonly callsPerSecond: number;
  /** Milliseconds from a call to a new pool to its result: a thread starts, the module is imported. */
  readonly firstCallMs: number;
  /** Milliseconds from finding that a thread hangs to the result of the next call, median and worst of ten. */
  readonly replacedMs: { readonly median: number; readonly worst: number };
  /** MiB of this process's memory for each thread that has an agent's module, and nothing to do. */
  readonly idleThreadMiB: number;
}

const module = new URL('./threads-agent.ts', import.meta.url).href;
const forever = new AbortController().signal;

export async function measureThreads(): Promise<ThreadsReport> {
  return { ...(await measureHops()), replacedMs: await measureReplacing(), idleThreadMiB: await measureMemory() };
}

async function measureHops(): Promise<Pick<ThreadsReport, 'hopUs' | 'callsPerSecond' | 'firstCallMs'>> {
  const beganMs = performance.now();
  const { pool, agent } = await open(1);
  try {
    await pool.call(call(agent, 'echo'), forever);
    const firstCallMs = round(performance.now() - beganMs);
    for (let i = 0; i < 2_000; i++) await pool.call(call(agent, 'echo'), forever);
    const took: number[] = [];
    for (let i = 0; i < 5_000; i++) {
      const at = performance.now();
      await pool.call(call(agent, 'echo'), forever);
      took.push((performance.now() - at) * 1_000);
    }
    const at = performance.now();
    const lane = async (): Promise<void> => {
      for (let i = 0; i < 300; i++) await pool.call(call(agent, 'echo'), forever);
    };
    await Promise.all(Array.from({ length: 64 }, lane));
    const callsPerSecond = Math.round((64 * 300 * 1_000) / (performance.now() - at));
    return { hopUs: { median: percentile(took, 0.5), p99: percentile(took, 0.99) }, callsPerSecond, firstCallMs };
  } finally {
    await pool.close();
  }
}

async function measureReplacing(): Promise<ThreadsReport['replacedMs']> {
  const took: number[] = [];
  for (let i = 0; i < 10; i++) {
    const found = Promise.withResolvers<number>();
    const { pool, agent } = await open(2, () => found.resolve(performance.now()));
    await pool.call(call(agent, 'echo'), forever);
    const hung = pool.call(call(agent, 'hang'), forever).catch(() => pool.call(call(agent, 'echo'), forever));
    const at = await found.promise;
    await hung;
    took.push(performance.now() - at);
    await pool.close();
  }
  return { median: percentile(took, 0.5), worst: round(Math.max(...took)) };
}

async function measureMemory(): Promise<number> {
  const alone = await residentMiB(1);
  const together = await residentMiB(9);
  return round((together - alone) / 8);
}

async function residentMiB(threads: number): Promise<number> {
  const { pool, agent } = await open(threads);
  const dedicated = { ...agent, card: { ...agent.card, dedicated: true } };
  await Promise.all(Array.from({ length: threads }, () => pool.call(call(dedicated, 'echo'), forever)));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const size = process.memoryUsage.rss() / 2 ** 20;
  await pool.close();
  return size;
}

async function open(
  maxThreads: number,
  onLost: (loss: Loss) => void = () => undefined,
): Promise<{ pool: AgentThreads; agent: CodedAgent }> {
  const pool = createThreadPool({ spawn: createWorkers(), clock: systemClock, maxThreads, onLost });
  return { pool, agent: { name: 'bench', module, card: await pool.describe('bench', module) } };
}

function call(agent: CodedAgent, tool: string): ThreadCall {
  const run = { run: 'run', tenant: 'bench', agent: agent.name };
  const job = { kind: 'tool', tool, arguments: '{}', key: 'key', run, secrets: {} } as const;
  return { agent, tenant: 'bench', job, ask: () => Promise.reject(new Error('tools ask nothing')), said: () => undefined };
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await measureThreads(), undefined, 2)}\n`);
