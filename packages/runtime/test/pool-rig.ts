import type { CodedAgent, ToolJob } from '@openclaw-runtime/agent';
import { systemClock } from '@openclaw-runtime/kit';
import type { OpenClawError } from '@openclaw-runtime/protocol';
import type { Loss, ThreadPoolOptions } from '../src/pool/options.ts';
import { createThreadPool } from '../src/pool/thread-pool.ts';
import type { AgentThreads, ThreadCall } from '../src/pool/threads.ts';
import { createWorkers } from '../src/pool/worker.ts';

/** A pool of real threads, and what it said of those that it lost. */
export interface Rig extends AsyncDisposable {
  readonly pool: AgentThreads;
  readonly lost: readonly Loss[];
  readonly stuck: readonly Loss[];
  /** An agent of the fixtures, described by a thread. */
  agent(name: string): Promise<CodedAgent>;
}

export function openRig(options: Partial<ThreadPoolOptions> = {}): Rig {
  const lost: Loss[] = [];
  const stuck: Loss[] = [];
  const pool = createThreadPool({
    spawn: createWorkers(),
    clock: systemClock,
    modules: [moduleOf('good-agent')],
    onLost: (loss) => lost.push(loss),
    onStuck: (loss) => stuck.push(loss),
    ...options,
  });
  return {
    pool,
    lost,
    stuck,
    async agent(name) {
      const module = moduleOf(`${name}-agent`);
      return { name, module, card: await pool.describe(name, module) };
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

export function moduleOf(name: string): string {
  return new URL(`fixtures/${name}.ts`, import.meta.url).href;
}

export function toolCall(agent: CodedAgent, tool: string, args: unknown = {}, tenant = 'a'): ThreadCall {
  const run = { run: `run-${tool}`, tenant, agent: agent.name };
  const job: ToolJob = { kind: 'tool', tool, arguments: JSON.stringify(args), key: 'key', run, secrets: {} };
  return { agent, tenant, job, ask: () => Promise.reject(new Error('tools ask nothing')), said: () => undefined };
}

export function operationCall(agent: CodedAgent, operation: string, args: string | undefined, ask: ThreadCall['ask']): ThreadCall {
  const run = { run: `run-${operation}`, tenant: 'a', agent: agent.name };
  const job = { kind: 'operation' as const, operation, ...(args !== undefined && { args }), pieces: [], run };
  return { agent, tenant: 'a', job, ask, said: () => undefined };
}

/** What a call was rejected with. */
export async function failure(call: Promise<unknown>): Promise<OpenClawError> {
  try {
    await call;
  } catch (error) {
    return error as OpenClawError;
  }
  throw new Error('the call was not rejected');
}

export const forever: AbortSignal = new AbortController().signal;
