import { expect, test } from 'vitest';
import type { HttpAnswer } from '../src/index.ts';
import { ask, brokerFor, failure, never } from './fixtures/brokers.ts';
import { createManualClock } from './fixtures/clocks.ts';
import { createScriptedHttp, finish, type Reply, text } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

/** Sends these chunks, then does what the test says. */
function stream(chunks: readonly object[], last: (signal: AbortSignal) => Promise<void>): Reply {
  return ({ signal }) => {
    const body = async function* () {
      for (const chunk of chunks) yield new TextEncoder().encode(`data: ${JSON.stringify(chunk)}\n\n`);
      await last(signal);
    };
    return { status: 200, headers: {}, body: body() } satisfies HttpAnswer;
  };
}

const reset = () => Promise.reject(new Error('read ECONNRESET'));

function call(reply: Reply) {
  const http = createScriptedHttp([reply]);
  const broker = brokerFor({ baseUrl: 'http://provider.test', retries: { max: 0 } }, createManualClock(), http);
  return { http, broker, sink: createCollectingSink() };
}

test('a connection that breaks after the finish is the end', async () => {
  const { broker, sink } = call(stream([text('hi'), finish('length'), { usage: { prompt_tokens: 3 } }], reset));
  expect(await broker.stream(ask('m'), sink, never())).toMatchObject({ finish: 'length', usage: { inputTokens: 3 } });
  expect(sink.deltas).toEqual(['hi']);
});

test('one that breaks before it is not', async () => {
  const { broker, sink } = call(stream([text('hi')], reset));
  expect((await failure(broker.stream(ask('m'), sink, never()))).code).toBe('PROVIDER_FAILED');
});

test('an error that the provider reports after the finish is still one', async () => {
  const { broker, sink } = call(stream([text('hi'), finish('stop'), { error: { message: 'not so' } }], reset));
  expect((await failure(broker.stream(ask('m'), sink, never()))).message).toContain('not so');
});

test('who cancels after the finish has cancelled', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const cancelled = (signal: AbortSignal) =>
    new Promise<void>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      controller.abort(reason);
    });
  const { broker, sink } = call(stream([text('hi'), finish('stop')], cancelled));
  await expect(broker.stream(ask('m'), sink, controller.signal)).rejects.toBe(reason);
});

test('a sink that fails is not taken for the end', async () => {
  const broken = new Error('disk full');
  const both = { choices: [{ delta: { content: 'hi' }, finish_reason: 'stop' }] };
  const { broker } = call(stream([both], reset));
  const sink = createCollectingSink({ full: () => Promise.reject(broken) });
  await expect(broker.stream(ask('m'), sink, never())).rejects.toBe(broken);
});

test('an answer in an encoding is named as such', async () => {
  const encoded = (status: number): Reply => {
    const body = async function* () {
      yield Uint8Array.of(0x1f, 0x8b, 8, 0);
    };
    return () => ({ status, headers: { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }, body: body() });
  };
  const first = call(encoded(200));
  const error = await failure(first.broker.stream(ask('m'), first.sink, never()));
  expect([error.code, error.message]).toEqual(['PROVIDER_MALFORMED', expect.stringContaining('"gzip"')]);
  const second = call(encoded(401));
  const refused = await failure(second.broker.stream(ask('m'), second.sink, never()));
  expect([refused.code, refused.message]).toEqual(['PROVIDER_REFUSED', expect.stringMatching(/answered 401\. /)]);
});
