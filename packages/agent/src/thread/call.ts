import type { Clock } from '@openclaw-runtime/kit';
import { type ErrorBody, OpenClawError } from '@openclaw-runtime/protocol';
import type { Ask } from '../port.ts';
import type { Outbox } from './outbox.ts';
import { createPrinting } from './printing.ts';

/** A job that runs here. */
export interface Call {
  readonly id: number;
  readonly signal: AbortSignal;
  readonly ended: boolean;
  /** Asks the run; rejects with its error, or with the signal's reason. */
  ask(request: Ask): Promise<string | undefined>;
  answer(n: number, value: string | undefined, error: ErrorBody | undefined): void;
  abort(reason: OpenClawError): void;
  /** An error of the house's own, which keeps its code on its way through the agent's code. */
  own(error: OpenClawError): OpenClawError;
  owns(thing: unknown): thing is OpenClawError;
  print(text: string): void;
  /** The first of the two counts. */
  done(value: string | undefined): void;
  fail(error: OpenClawError): void;
}

const MAX_UNANSWERED = 1000;
const UNAWAITED = `The operation asks for more than ${MAX_UNANSWERED} things at once. Await them: each emit and step resolves when it is durable.`;

interface Pending {
  resolve(value: string | undefined): void;
  reject(error: OpenClawError): void;
}

export function createCall(id: number, outbox: Outbox, clock: Clock): Call {
  const controller = new AbortController();
  const pending = new Map<number, Pending>();
  const owned = new WeakSet<object>();
  const printing = createPrinting(clock, (text, dropped) => outbox.push({ t: 'said', id, text, dropped }));
  let asked = 0;
  let ended = false;

  const own = (error: OpenClawError): OpenClawError => {
    owned.add(error);
    return error;
  };
  const end = (): boolean => {
    if (ended) return false;
    ended = true;
    printing.end();
    return true;
  };

  return {
    id,
    signal: controller.signal,
    get ended() {
      return ended;
    },
    ask(request) {
      if (ended)
        return Promise.reject(own(new OpenClawError('AGENT_FAILED', 'The operation has ended. Await what it asks for before it returns.')));
      if (controller.signal.aborted) return Promise.reject(controller.signal.reason as OpenClawError);
      if (pending.size >= MAX_UNANSWERED) return Promise.reject(own(new OpenClawError('AGENT_FAILED', UNAWAITED)));
      const n = ++asked;
      const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
      pending.set(n, { resolve, reject });
      outbox.push({ t: 'ask', id, n, request });
      return promise;
    },
    answer(n, value, error) {
      const waiting = pending.get(n);
      pending.delete(n);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(own(OpenClawError.fromBody(error)));
    },
    abort(reason) {
      controller.abort(own(reason));
      for (const { reject } of pending.values()) reject(reason);
      pending.clear();
    },
    own,
    owns: (thing): thing is OpenClawError => typeof thing === 'object' && thing !== null && owned.has(thing),
    print: printing.print,
    done(value) {
      if (end()) outbox.push(value === undefined ? { t: 'done', id } : { t: 'done', id, value });
    },
    fail(error) {
      if (end()) outbox.push({ t: 'failed', id, error: error.toBody() });
    },
  };
}
