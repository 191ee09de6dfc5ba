import {
  type AgentCard,
  type Answered,
  type Ask,
  type CodedAgent,
  decodeState,
  encodeState,
  type OperationJob,
  type ToolCard,
  type ToolJob,
} from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { AgentThreads } from '../src/pool/threads.ts';
import { abortSignalOf, askOf } from './carried-call.ts';

/** What an agent's code does, in the test's own thread. */
export interface Code {
  readonly tools?: Readonly<Record<string, (job: ToolJob, signal: AbortSignal) => unknown>>;
  readonly operations?: Readonly<Record<string, (context: Context, args: unknown) => unknown>>;
}

/** The smaller part of what operations are given in a thread. */
export interface Context {
  readonly job: OperationJob;
  readonly signal: AbortSignal;
  readonly state: unknown;
  step<T>(name: string, fn: () => T | Promise<T>): Promise<T>;
  /** A piece other than a step. */
  ask<T>(what: 'stream' | 'generate' | 'ask' | 'run', name: string, request: (n: number) => Ask): Promise<T>;
  /** `step`: inside of which one. */
  emit(name: string, data: unknown, step?: string): Promise<void>;
  checkpoint(state: unknown): Promise<void>;
  secret(name: string): Promise<unknown>;
}

/** Answers as threads do: with text, later, and with the signal's reason once that aborted. */
export function createThreads({ tools = {}, operations = {} }: Code): AgentThreads {
  return {
    describe: () => Promise.reject(new OpenClawError('NOT_IMPLEMENTED', 'not here')),
    status: { threads: 0, active: 0, calls: 0, queued: 0, lost: {} },
    close: () => Promise.resolve(),
    async call(call, stop) {
      const { job } = call;
      const signal = abortSignalOf(stop);
      const ask = askOf(call);
      const aborted = Promise.withResolvers<never>();
      if (signal.aborted) throw signal.reason;
      signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true });
      aborted.promise.catch(() => undefined);
      const work = async (): Promise<unknown> => {
        if (job.kind === 'tool') return tools[job.tool]?.(job, signal);
        const args = job.args === undefined ? undefined : decodeState(job.args);
        return operations[job.operation]?.(contextOf(job, ask, signal), args);
      };
      const value = await Promise.race([work(), aborted.promise]);
      return value === undefined ? undefined : encodeState(value);
    },
  };
}

export function coded(name: string, card: Partial<AgentCard>): CodedAgent {
  const whole = { version: 1, tools: [], operations: [], uses: [], dedicated: false, snapshotIntervalMs: 0, ...card };
  return { name, module: 'file:///agent.ts', card: whole };
}

export function toolCard(name: string, card: Partial<ToolCard> = {}): ToolCard {
  const whole = { sideEffects: true, onInterrupted: 'fail', timeoutMs: 1_000, needsApproval: false, secrets: [] } as const;
  return { name, parameters: { type: 'object' }, ...whole, ...card };
}

function contextOf(job: OperationJob, ask: (request: Ask) => Promise<Answered>, signal: AbortSignal): Context {
  const counts = new Map<string, number>();
  const known = new Map(job.pieces.map((piece) => [`${piece.what} ${piece.name} ${piece.n}`, piece]));
  const piece = async <T>(what: string, name: string, work: (n: number) => Promise<Answered>): Promise<T> => {
    const n = counts.get(`${what} ${name}`) ?? 0;
    counts.set(`${what} ${name}`, n + 1);
    const done = known.get(`${what} ${name} ${n}`);
    if (done?.error) throw OpenClawError.fromBody(done.error);
    const value = done ? (done.plain ?? done.value) : await work(n);
    return (typeof value === 'string' ? decodeState(value) : value) as T;
  };
  return {
    job,
    signal,
    state: job.state === undefined ? undefined : decodeState(job.state.value),
    step: (name, fn) =>
      piece('step', name, async (n) => {
        const result = await fn();
        const value = result === undefined ? undefined : encodeState(result);
        await ask({ do: 'done', name, n, ms: 1, ...(value !== undefined && { value }) });
        return value;
      }),
    ask: (what, name, request) => piece(what, name, (n) => ask(request(n))),
    async emit(name, data, step) {
      await ask({ do: 'emit', name, data: encodeState(data), ...(step !== undefined && { step }) });
    },
    async checkpoint(state) {
      await ask({ do: 'checkpoint', version: 1, state: encodeState(state) });
      counts.clear();
      known.clear();
    },
    async secret(name) {
      return decodeState(String(await ask({ do: 'secret', name })));
    },
  };
}
