import type { Clock } from '@openclaw-runtime/kit';
import { type ErrorBody, OpenClawError } from '@openclaw-runtime/protocol';
import type { Answered, Ask } from '../port.ts';
import type { Outbox } from './outbox.ts';
import { createPrinting, type Printing } from './printing.ts';

const MAX_UNANSWERED = 1000;
const UNAWAITED = `The operation asks for more than ${MAX_UNANSWERED} things at once. Await them: each emit and step resolves when it is durable.`;

interface Pending {
  resolve(value: Answered): void;
  reject(error: OpenClawError): void;
}

/** A job that runs here. Thousands may: what most of them never need is made when it is needed. */
export class Call {
  readonly id: number;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  #controller: AbortController | undefined;
  #stop: OpenClawError | undefined;
  #onStop: ((reason: OpenClawError) => void) | undefined;
  #pending: Map<number, Pending> | undefined;
  #owned: WeakSet<object> | undefined;
  #printing: Printing | undefined;
  #asked = 0;
  #ended = false;

  constructor(id: number, outbox: Outbox, clock: Clock) {
    this.id = id;
    this.#outbox = outbox;
    this.#clock = clock;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#stop !== undefined) this.#controller.abort(this.#stop);
    return this.#controller.signal;
  }

  /** Why it is to end, once it is: the signal's reason. */
  get stop(): OpenClawError | undefined {
    return this.#stop;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Called back once, when it is to end. */
  whenStopped(fn: (reason: OpenClawError) => void): void {
    this.#onStop = fn;
  }

  /** Asks the run; rejects with its error, or with the signal's reason. */
  ask(request: Ask): Promise<Answered> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const n = ++this.#asked;
    const asking = new Promise<Answered>((resolve, reject) => {
      (this.#pending ??= new Map()).set(n, { resolve, reject });
    });
    this.#outbox.push({ t: 'ask', id: this.id, n, request });
    return asking;
  }

  answer(n: number, value: Answered, error: ErrorBody | undefined): void {
    const waiting = this.#pending?.get(n);
    this.#pending?.delete(n);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(this.own(OpenClawError.fromBody(error)));
  }

  abort(reason: OpenClawError): void {
    this.own(reason);
    if (this.#stop === undefined) {
      this.#stop = reason;
      this.#onStop?.(reason);
      this.#controller?.abort(reason);
    }
    for (const { reject } of this.#pending?.values() ?? []) reject(reason);
    this.#pending?.clear();
  }

  /** An error of the house's own, which keeps its code on its way through the agent's code. */
  own(error: OpenClawError): OpenClawError {
    (this.#owned ??= new WeakSet()).add(error);
    return error;
  }

  owns(thing: unknown): thing is OpenClawError {
    return typeof thing === 'object' && thing !== null && this.#owned?.has(thing) === true;
  }

  print(text: string): void {
    this.#printing ??= createPrinting(this.#clock, (said, dropped) => this.#outbox.push({ t: 'said', id: this.id, text: said, dropped }));
    this.#printing.print(text);
  }

  /** The first of the two counts. */
  done(value: string | undefined): void {
    if (this.#end()) this.#outbox.push(value === undefined ? { t: 'done', id: this.id } : { t: 'done', id: this.id, value });
  }

  fail(error: OpenClawError): void {
    if (this.#end()) this.#outbox.push({ t: 'failed', id: this.id, error: error.toBody() });
  }

  #refusal(): OpenClawError | undefined {
    if (this.#ended)
      return this.own(new OpenClawError('AGENT_FAILED', 'The operation has ended. Await what it asks for before it returns.'));
    if (this.#stop !== undefined) return this.#stop;
    return (this.#pending?.size ?? 0) >= MAX_UNANSWERED ? this.own(new OpenClawError('AGENT_FAILED', UNAWAITED)) : undefined;
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#printing?.end();
    return true;
  }
}
