import type { Clock } from '@openclaw-runtime/kit';
import type { Agent, Dispatcher } from 'undici';
import type { HttpAnswer, HttpClient } from './port.ts';

/** How long and how much of an answer that nobody wants any more is read, to keep its connection. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 16 * 1024;

/** A pool of at most `connections` sockets per origin. undici is loaded with the first request: the simulated model does without. */
export function createUndiciClient(connections: number, clock: Clock): HttpClient {
  let agent: Promise<Agent> | undefined;
  const load = async (): Promise<Agent> => {
    const undici = await import('undici');
    // The broker has time-outs of its own, on a clock that tests and simulations own.
    return new undici.Agent({ connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 0 } });
  };
  return {
    async send({ method, url, headers, body = null, signal }) {
      agent ??= load();
      const { origin, pathname, search } = new URL(url);
      const answer = await (await agent).request({ origin, path: pathname + search, method, headers, body, signal });
      return { status: answer.statusCode, headers: answer.headers, body: readable(answer.body, clock) };
    },
    async close() {
      await (await agent)?.destroy();
    },
  };
}

type Body = Dispatcher.ResponseData['body'];

/** The body, such that leaving early (a stream's end mark came before its last byte) does not cost the connection. */
function readable(body: Body, clock: Clock): HttpAnswer['body'] {
  return {
    [Symbol.asyncIterator]() {
      const chunks = body.iterator({ destroyOnReturn: false });
      return {
        next: () => chunks.next(),
        async return() {
          await chunks.return?.();
          linger(body, clock);
          return { done: true, value: undefined };
        },
      };
    },
  };
}

function linger(body: Body, clock: Clock): void {
  if (body.destroyed || body.readableEnded) return;
  let left = LINGER_BYTES;
  const cancel = clock.after(LINGER_MS, () => body.destroy());
  body.on('error', () => {});
  body.on('close', cancel);
  body.on('data', (chunk: Uint8Array) => {
    left -= chunk.length;
    if (left < 0) body.destroy();
  });
  body.resume();
}
