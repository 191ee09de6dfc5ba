import { backoffMs, type Clock, type Random, sleep } from '@openclaw-runtime/kit';

export interface WebhookOptions {
  /** Asked for each message; it may be a secret. */
  readonly url: () => string;
  readonly clock: Clock;
  readonly random: Random;
  /** One line, when a message was given up. */
  log(line: string): void;
}

/** Sends messages one after the other. */
export interface Webhook extends Disposable {
  /** Resolves when there is no more to be done about it: it was taken, or given up; to `false` where this was disposed of before. Never rejects. */
  send(message: object): Promise<boolean>;
}

const TRIES = 8;
const TIMEOUT_MS = 5_000;
/** Messages that wait; the oldest are forgotten, since the newest says what is so now. */
const MOST_WAITING = 100;
const BACKOFF = { baseMs: 500, capMs: 60_000 };

export function createWebhook({ url, clock, random, log }: WebhookOptions): Webhook {
  const stopping = new AbortController();
  const waiting: { readonly message: object; done(isOver: boolean): void }[] = [];
  let isAtWork = false;

  const post = async (body: string): Promise<void> => {
    const timeout = new AbortController();
    const cancel = clock.after(TIMEOUT_MS, () => timeout.abort(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    try {
      const signal = AbortSignal.any([timeout.signal, stopping.signal]);
      const response = await fetch(url(), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal,
        redirect: 'manual',
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`it answers ${response.status}`);
    } finally {
      cancel();
    }
  };

  const deliver = async (message: object): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await post(JSON.stringify(message));
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (attempt === TRIES) return log(`claw: the webhook of alerts could not be told (${reasonOf(error)}); ${TRIES} tries were made`);
        await sleep(clock, backoffMs(BACKOFF, attempt, random), stopping.signal).catch(() => undefined);
      }
    }
  };

  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if (!stopping.signal.aborted) await deliver(next.message);
      next.done(!stopping.signal.aborted);
    }
    isAtWork = false;
  };

  return {
    send(message) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      waiting.push({ message, done: resolve });
      if (waiting.length > MOST_WAITING) waiting.shift()?.done(true);
      if (isAtWork) return promise;
      isAtWork = true;
      void work();
      return promise;
    },
    [Symbol.dispose]: () => stopping.abort(),
  };
}

/** Without the address, which may be a secret. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return (cause as { readonly code?: string } | undefined)?.code ?? message;
}
