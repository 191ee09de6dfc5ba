import { expect, test } from 'vitest';
import { ask, brokerFor, failure, never } from './fixtures/brokers.ts';
import { createManualClock, hurry } from './fixtures/clocks.ts';
import { createScriptedHttp, events, finish, hanging, type Reply, status, text, unreachable } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const RETRIES = { max: 4, baseMs: 100, capMs: 1_000 };
const good = events(text('hello'), finish('stop'), '[DONE]');

function call(replies: readonly Reply[], config: object = {}) {
  const clock = createManualClock();
  const http = createScriptedHttp(replies);
  const broker = brokerFor({ baseUrl: 'http://provider.test', retries: RETRIES, ...config }, clock, http);
  const sink = createCollectingSink();
  const once = (signal = never()) => broker.stream(ask('m'), sink, signal);
  return { clock, http, sink, broker, once };
}

test.each([408, 409, 425, 429, 500, 502, 503, 529])('status %i is retried', async (code) => {
  const { clock, http, sink, once } = call([status(code), good]);
  await hurry(clock, once());
  expect(http.requests.length).toBe(2);
  expect(sink.deltas).toEqual(['hello']);
  expect(sink.retries.map(({ error }) => error.code)).toEqual([code === 429 ? 'PROVIDER_RATE_LIMITED' : 'PROVIDER_FAILED']);
});

test.each([400, 401, 403, 404, 405, 413, 422, 302])('status %i is not retried', async (code) => {
  const { clock, http, sink, once } = call([status(code, { error: { message: 'the reason' } }), good]);
  const error = await failure(hurry(clock, once()));
  expect(error.code).toBe('PROVIDER_REFUSED');
  expect(error.message).toContain('the reason');
  expect(error.message).toContain(String(code));
  expect([http.requests.length, sink.retries.length]).toEqual([1, 0]);
});

test('a model that the provider does not have is NOT_FOUND', async () => {
  const reply = status(404, { error: { message: 'The model `m` does not exist', code: 'model_not_found' } });
  const { clock, once } = call([reply]);
  const error = await failure(hurry(clock, once()));
  expect(error.code).toBe('NOT_FOUND');
  expect(error.message).toContain('The model `m` does not exist');
});

test('what is left after the last retry says what kept failing', async () => {
  for (const [reply, code] of [
    [status(429), 'PROVIDER_RATE_LIMITED'],
    [status(500), 'PROVIDER_FAILED'],
    [unreachable(), 'PROVIDER_FAILED'],
    [events('junk'), 'PROVIDER_MALFORMED'],
    [hanging(), 'PROVIDER_TIMEOUT'],
  ] as const) {
    const { clock, http, sink, once } = call([reply], { circuit: { failures: 100 } });
    expect((await failure(hurry(clock, once()))).code).toBe(code);
    expect([http.requests.length, sink.retries.length]).toEqual([5, 4]);
  }
});

test('the waits grow to their cap with jitter', async () => {
  const { clock, sink, once } = call([status(500)]);
  await failure(hurry(clock, once()));
  const waits = sink.retries.map(({ delayMs }) => delayMs);
  expect(waits.every((ms, i) => ms >= 0 && ms <= 100 * 2 ** i)).toBe(true);
  expect(new Set(waits).size).toBe(4);
});

test('Retry-After beats the backoff where it is larger, up to a minute', async () => {
  const inTenSeconds = new Date(Date.UTC(2026, 0, 1, 0, 0, 10)).toUTCString();
  for (const [header, expected] of [
    ['7', 7_000],
    ['600', 60_000],
    [inTenSeconds, 10_000],
  ] as const) {
    const { clock, sink, once } = call([status(503, '', { 'retry-after': header }), good]);
    await hurry(clock, once());
    expect(sink.retries).toEqual([{ error: expect.objectContaining({ retryAfterMs: expected }), delayMs: expected }]);
  }
  const { clock, sink, once } = call([status(503, '', { 'retry-after': '0' }), good], { retries: { max: 4, baseMs: 500, capMs: 500 } });
  await hurry(clock, once());
  expect(sink.retries[0]?.delayMs).toBeGreaterThan(0);
});

test('after content nothing is retried', async () => {
  const { clock, http, sink, once } = call([events(text('hel')), good]);
  const error = await failure(hurry(clock, once()));
  expect(error.code).toBe('PROVIDER_FAILED');
  expect(error.message).toContain('broke off');
  expect([sink.deltas, http.requests.length]).toEqual([['hel'], 1]);
});

test('thinking is content too; an empty delta and a half tool call are not', async () => {
  const thought = { choices: [{ delta: { reasoning_content: 'hm' } }] };
  const thinking = call([events(thought), good]);
  await failure(hurry(thinking.clock, thinking.once()));
  expect(thinking.http.requests.length).toBe(1);

  const half = { choices: [{ delta: { content: '', tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '{' } }] } }] };
  const tool = call([events(half), good]);
  const end = await hurry(tool.clock, tool.once());
  expect(end.toolCalls).toEqual([]);
  expect(tool.sink.deltas).toEqual(['hello']);
});

test('the total time-out covers the retries: no wait that would outlast it', async () => {
  const { clock, sink, once } = call([status(503, '', { 'retry-after': '30' })], { timeouts: { totalMs: 50_000 } });
  expect((await failure(hurry(clock, once()))).code).toBe('PROVIDER_FAILED');
  expect(sink.retries.length).toBe(1);
});

test('a cancelled wait ends at once with the signal’s reason', async () => {
  const { clock, sink, once } = call([status(503, '', { 'retry-after': '30' })]);
  const controller = new AbortController();
  const done = once(controller.signal).catch((error: unknown) => error);
  while (sink.retries.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const reason = new Error('enough');
  controller.abort(reason);
  expect(await done).toBe(reason);
  expect(clock.pending()).toBe(0);
});

test('the circuit opens over calls, refuses without a request, and lets one through after its time', async () => {
  const { clock, http, once } = call([status(500), status(500), status(500), good], {
    retries: { max: 0 },
    circuit: { failures: 3, openMs: 5_000 },
  });
  for (let i = 0; i < 3; i++) expect((await failure(hurry(clock, once()))).code).toBe('PROVIDER_FAILED');
  const error = await failure(hurry(clock, once()));
  expect([error.code, error.retryAfterMs, http.requests.length]).toEqual(['CIRCUIT_OPEN', 5_000, 3]);
  clock.advance(5_000);
  expect((await hurry(clock, once())).finish).toBe('stop');
});

test('refusals and cancellations do not open the circuit', async () => {
  const { clock, http, once } = call([status(400)], { circuit: { failures: 2 } });
  for (let i = 0; i < 5; i++) expect((await failure(hurry(clock, once()))).code).toBe('PROVIDER_REFUSED');
  expect(http.requests.length).toBe(5);

  const cancelled = call([hanging()], { circuit: { failures: 2 } });
  for (let i = 0; i < 5; i++) {
    const controller = new AbortController();
    const done = cancelled.once(controller.signal).catch((error: unknown) => error);
    while (cancelled.http.requests.length <= i) await new Promise((resolve) => setImmediate(resolve));
    controller.abort('stop');
    expect(await done).toBe('stop');
  }
});

test('what the sink throws comes back as it is and is no fault of the provider', async () => {
  const { clock, http, broker } = call([good], { circuit: { failures: 1 } });
  const thrown = new Error('the log is fenced');
  const sink = createCollectingSink({
    text() {
      throw thrown;
    },
  });
  for (let i = 0; i < 2; i++) {
    const done = hurry(clock, broker.stream(ask('m'), sink, never()));
    expect(await done.catch((error: unknown) => error)).toBe(thrown);
  }
  expect(http.requests.length).toBe(2);
  expect(sink.retries).toEqual([]);
});
