import type { Down, Up } from '@openclaw-runtime/agent';
import { type Clock, SlotMap } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Answer, Asks, type WaitCounts } from './asks.ts';
import { toolTimeout } from './verdict.ts';
import type { Held, Stop, Work } from './work.ts';

/** The calls that run in one thread. */
export interface Calls {
  readonly size: number;
  /** Calls that do not wait for a model, a person or another run. */
  readonly busy: number;
  /** Whether all of them wait for a person or for another run. */
  readonly allRest: boolean;
  readonly byId: Pick<SlotMap<number, Work>, 'get' | 'has' | 'values'>;
  /** It has a place here; its code does not run yet. */
  seat(work: Work): void;
  /** Its code runs from now on. */
  begin(work: Work): void;
  /** Its code is asked to end, and a while later the thread is. */
  stop(work: Work, why: Stop): void;
  hear(message: CallUp): void;
  settleAll(errorOf: (work: Work) => unknown): void;
}

export type CallUp = Extract<Up, { readonly id: number }>;

export interface CallsOwner {
  readonly clock: Clock;
  readonly graceMs: number;
  post(message: Down): void;
  /** A call settled, or waits for others now. */
  freed(): void;
  /** It was asked to end and goes on. */
  overdue(work: Work, error: unknown): void;
}

export function createCalls({ clock, graceMs, post, freed, overdue }: CallsOwner): Calls {
  const byId = new SlotMap<number, Work>();
  const counts: WaitCounts = { waiting: 0, resting: 0 };
  const leave = (work: Work): void => {
    byId.delete(work.id);
    work.asks?.drop();
    freed();
  };

  const seated: Held = { abort: (work) => work.reject(work.signal.reason), done: leave };
  const begun: Held = { abort: (work) => stop(work, { error: work.signal.reason, late: false }), done: leave };
  const stopped: Held = { abort: () => undefined, done: leave };

  const stop: Calls['stop'] = (work, why) => {
    if (!byId.has(work.id) || work.stop) return;
    work.stop = why;
    post({ t: 'abort', id: work.id, reason: OpenClawError.from(why.error, 'CANCELLED').toBody() });
    work.cancelLimit?.();
    work.cancelLimit = clock.after(graceMs, () => overdue(work, why.error));
    work.held = stopped;
  };

  const answer: Answer = ({ id }, n, answered, error) => {
    if (!byId.has(id)) return;
    if (error) post({ t: 'answer', id, n, error: error.toBody() });
    else if (typeof answered === 'object') post({ t: 'answer', id, n, plain: answered });
    else post(answered === undefined ? { t: 'answer', id, n } : { t: 'answer', id, n, value: answered });
  };

  const ask = (work: Work, { n, request }: Extract<Up, { readonly t: 'ask' }>): void => {
    const open = work.asks;
    if (!open || work.stop) return;
    try {
      open.take(n, request);
    } catch (error) {
      stop(work, { error, late: false });
    }
    if (open.waiting) freed();
  };

  return {
    byId,
    get size() {
      return byId.size;
    },
    get busy() {
      return byId.size - counts.waiting;
    },
    get allRest() {
      return byId.size > 0 && byId.size === counts.resting;
    },
    seat(work) {
      byId.set(work.id, work);
      work.asks = new Asks(work, counts, answer);
      work.held = seated;
    },
    begin(work) {
      if (!byId.has(work.id)) return;
      const { agent, job } = work.call;
      post({ t: 'call', id: work.id, agent: agent.name, job });
      const limitMs = job.kind === 'tool' ? agent.card.tools.find(({ name }) => name === job.tool)?.timeoutMs : undefined;
      if (limitMs !== undefined)
        work.cancelLimit = clock.after(limitMs, () => stop(work, { error: toolTimeout(work, limitMs), late: true }));
      work.held = begun;
    },
    stop,
    hear(message) {
      const work = byId.get(message.id);
      if (!work) return;
      switch (message.t) {
        case 'said':
          return work.call.said(message.text, message.dropped);
        case 'ask':
          return ask(work, message);
        case 'done':
          return work.stop && !work.stop.late ? work.reject(work.stop.error) : work.resolve(message.value);
        case 'failed':
          return work.reject(work.stop ? work.stop.error : OpenClawError.fromBody(message.error));
      }
    },
    settleAll(errorOf) {
      for (const work of [...byId.values()]) work.reject(errorOf(work));
    },
  };
}
