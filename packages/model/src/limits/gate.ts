import { type Clock, createFairQueue, LinkedList } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { ResolvedLimits } from './call-limits.ts';
import { createMinute, type Taken } from './minute.ts';

/** Lets calls through as the limits allow; the others wait, tenants taking turns. */
export interface Gate {
  /**
   * Resolves when the call may go. `onWait` is called at once, with the number of calls before it, when it has to wait. Rejects with the signal's reason, with
   * `RATE_LIMITED` when too many wait, and with the error that the gate was closed with.
   */
  admit(caller: Caller, signal: AbortSignal, onWait: (ahead: number) => void): Promise<Admission>;
  /** Calls that are under way go on; those that wait, and all others, go by the new limits. */
  change(limits: ResolvedLimits): void;
  /** Whoever waits is sent away with this error. */
  close(error: OpenClawError): void;
}

export interface Caller {
  readonly tenant: string;
  /** Tokens that it will take, as far as one can tell. */
  readonly tokens: number;
}

/**
 * The right to call. It is kept over the retries of a call, and their waits: a provider that has trouble is then asked by fewer, nobody overtakes, and nobody
 * has to queue twice.
 */
export interface Admission {
  /** Defined when the next try has to wait for its minute; tries go before all calls that have not begun. */
  again(signal: AbortSignal): Promise<void> | undefined;
  /** Once. `asked`: whether anything went to the provider; `tokens`: what it counted, where it said so. */
  leave(asked: boolean, tokens?: number): void;
}

interface Waiter {
  readonly tokens: number;
  /** It holds a place and its tokens, and waits for another try only. */
  readonly inside: boolean;
  go(): void;
  fail(error: unknown): void;
}

/** Milliseconds after which one may try again, where nothing better is known. */
const RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/** `who` is the model or the provider, for messages. */
export function createGate(who: string, given: ResolvedLimits, clock: Clock): Gate {
  let limits = given;
  const requests = createMinute(limits.requestsPerMinute, clock);
  const tokens = createMinute(limits.tokensPerMinute, clock);
  const queue = createFairQueue<Waiter>();
  const again = new LinkedList<Waiter>();
  let inside = 0;
  let closed: OpenClawError | undefined;
  let cancelTimer: () => void = () => undefined;

  const waitMs = (waiter: Pick<Waiter, 'inside' | 'tokens'>): number => {
    if (waiter.inside) return requests.waitMs(1);
    if (inside >= limits.concurrency) return Number.POSITIVE_INFINITY;
    return Math.max(requests.waitMs(1), tokens.waitMs(waiter.tokens));
  };

  const pump = (): void => {
    cancelTimer();
    for (;;) {
      const next = again.first ?? queue.first;
      if (!next) return;
      const ms = waitMs(next);
      if (ms === Number.POSITIVE_INFINITY) return;
      if (ms > 0) {
        cancelTimer = clock.after(Math.ceil(ms), pump);
        return;
      }
      if (again.size > 0) again.shift();
      else queue.shift();
      next.go();
    }
  };

  const enter = (amount: number): Admission => {
    inside++;
    let request: Taken = requests.take(1);
    const taken = tokens.take(amount);
    return {
      again(signal) {
        if (again.size === 0 && requests.waitMs(1) === 0) {
          request = requests.take(1);
          return undefined;
        }
        return wait<void>(signal, (go, fail) => {
          const take = (): void => {
            request = requests.take(1);
            go();
          };
          const place = again.push({ tokens: 0, inside: true, go: take, fail });
          return () => again.remove(place);
        });
      },
      leave(asked, used) {
        inside--;
        if (!asked) requests.amend(request, 0);
        if (!asked || used !== undefined) tokens.amend(taken, asked ? (used ?? 0) : 0);
        pump();
      },
    };
  };

  /** Puts one into a line by `join`, which answers how to leave it. */
  const wait = <T>(signal: AbortSignal, join: (go: (value: T) => void, fail: Waiter['fail']) => () => void): Promise<T> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const settle =
        <A>(how: (outcome: A) => void) =>
        (outcome: A): void => {
          signal.removeEventListener('abort', giveUp);
          how(outcome);
        };
      const leave = join(settle(resolve), settle(reject));
      const giveUp = (): void => {
        leave();
        reject(signal.reason);
        pump();
      };
      signal.addEventListener('abort', giveUp, { once: true });
      pump();
    });

  const full = (): OpenClawError => {
    const minutes = queue.size / limits.requestsPerMinute;
    const retryAfterMs = Math.min(Math.max(Math.ceil(minutes * 60_000), RETRY_MS), LONGEST_RETRY_MS);
    const message = `${who} is as busy as its limits allow, and ${queue.size} calls wait for it already. Try again later, or raise its limits.`;
    return new OpenClawError('RATE_LIMITED', message, { retryAfterMs });
  };

  return {
    async admit({ tenant, tokens: amount }, signal, onWait) {
      signal.throwIfAborted();
      if (closed) throw closed;
      if (again.size + queue.size === 0 && waitMs({ tokens: amount, inside: false }) === 0) return enter(amount);
      if (queue.size >= limits.queue) throw full();
      onWait(again.size + queue.ahead(tenant));
      return wait<Admission>(signal, (go, fail) =>
        queue.push(tenant, { tokens: amount, inside: false, go: () => go(enter(amount)), fail }),
      );
    },
    change(next) {
      limits = next;
      requests.change(next.requestsPerMinute);
      tokens.change(next.tokensPerMinute);
      pump();
    },
    close(error) {
      closed = error;
      cancelTimer();
      for (let next = again.shift() ?? queue.shift(); next; next = again.shift() ?? queue.shift()) next.fail(error);
    },
  };
}
