import type { Ask } from '@openclaw-runtime/agent';
import type { StopSignal } from '../abort/stop-signal.ts';
import type { ThreadCall } from './threads.ts';

/** Whoever has a call now: a queue, or a thread. */
export interface Held {
  /** The call's signal aborts. */
  abort(work: Work): void;
  /** The call has settled. */
  done(work: Work): void;
}

/** `late`: a result that comes all the same is taken. */
export interface Stop {
  readonly error: unknown;
  readonly late: boolean;
}

/** What a call asked and was not answered yet. */
export interface OpenAsks {
  /** Whether it waits for somebody who takes his time. */
  readonly waiting: boolean;
  /** Throws when the call has more open than it may. */
  take(n: number, request: Ask): void;
  /** The call is over: it counts no more. */
  drop(): void;
}

export interface Outcome {
  resolve(value: string | undefined): void;
  reject(error: unknown): void;
}

/** A call from its arrival to its end. Settles once; whoever has it is done with it then. */
export class Work {
  readonly id: number;
  readonly call: ThreadCall;
  readonly signal: StopSignal;
  readonly #outcome: Outcome;
  held: Held;
  /** Of the thread that has it. */
  asks: OpenAsks | undefined;
  /** Why it is to end, once it is. */
  stop: Stop | undefined;
  /** Cancels the timer of what limits it now. */
  cancelLimit: (() => void) | undefined;
  #settled = false;

  constructor(id: number, call: ThreadCall, signal: StopSignal, held: Held, outcome: Outcome) {
    this.id = id;
    this.call = call;
    this.signal = signal;
    this.held = held;
    this.#outcome = outcome;
    signal.addEventListener('abort', this, { once: true });
  }

  /** @internal Of its signal. */
  handleEvent(): void {
    this.held.abort(this);
  }

  resolve(value: string | undefined): void {
    if (!this.#settle()) return;
    this.#outcome.resolve(value);
    this.call.ended?.();
  }

  reject(error: unknown): void {
    if (!this.#settle()) return;
    this.#outcome.reject(error);
    this.call.ended?.(error);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.signal.removeEventListener('abort', this);
    this.cancelLimit?.();
    this.held.done(this);
    return true;
  }
}

/** For messages: `tool "search" of agent "clerk"`. */
export function nameOfWork({ call: { agent, job } }: Work): string {
  const part = job.kind === 'tool' ? `tool "${job.tool}"` : `operation "${job.operation}"`;
  return `${part} of agent "${agent.name}"`;
}
