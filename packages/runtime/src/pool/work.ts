import type { ThreadCall } from './threads.ts';

/** A call from its arrival to its end. */
export interface Work {
  readonly id: number;
  readonly call: ThreadCall;
  readonly signal: AbortSignal;
  /** Whoever has it now: a queue, or a thread. */
  held: Held;
  /** Why it is to end, once it is. */
  stop: Stop | undefined;
  /** Once; whoever has it is done with it then. */
  resolve(value: string | undefined): void;
  reject(error: unknown): void;
}

export interface Held {
  /** Its signal aborts. */
  abort(): void;
  /** It has settled. */
  done(): void;
}

/** `late`: a result that comes all the same is taken. */
export interface Stop {
  readonly error: unknown;
  readonly late: boolean;
}

export interface Outcome {
  resolve(value: string | undefined): void;
  reject(error: unknown): void;
}

export function createWork(id: number, call: ThreadCall, signal: AbortSignal, held: Held, outcome: Outcome): Work {
  let settled = false;
  const onAbort = (): void => work.held.abort();
  const settle = (how: () => void): void => {
    if (settled) return;
    settled = true;
    signal.removeEventListener('abort', onAbort);
    work.held.done();
    how();
  };
  const work: Work = {
    id,
    call,
    signal,
    held,
    stop: undefined,
    resolve: (value) => settle(() => outcome.resolve(value)),
    reject: (error) => settle(() => outcome.reject(error)),
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return work;
}

/** For messages: `tool "search" of agent "clerk"`. */
export function nameOfWork({ call: { agent, job } }: Work): string {
  const part = job.kind === 'tool' ? `tool "${job.tool}"` : `operation "${job.operation}"`;
  return `${part} of agent "${agent.name}"`;
}
