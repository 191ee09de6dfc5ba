/** The doors over logs that are written by hand. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { seededRandom } from '@openclaw-runtime/kit';
import { type Cursor, encodeCursor, encodeRecord, NO_USAGE, type Payloads, type WireRecord } from '@openclaw-runtime/protocol';
import { createMemoryStore, type Lease, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { startGateway } from '../../src/index.ts';
import { openRig, type Rig } from '../rig.ts';

const started = encodeRecord('step.started', 1, 1, { model: 'm' });
const stepEnded = encodeRecord('step.ended', 1, 1, { finish: 'stop', usage: NO_USAGE });
const text = (said: string, attempt = 1): string => encodeRecord('text', 1, attempt, said);
const finished = (outcome: object): string =>
  encodeRecord('run.finished', 0, 0, { usage: NO_USAGE, ...outcome } as Payloads['run.finished']);
const completed = finished({ status: 'completed', reason: 'stop' });

const CHAT = '/v1/chat/completions';
const ask = { model: 'm', messages: [{ role: 'user', content: 'Hi.' }] };

interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** What came so far. */
  readonly body: () => string;
  /** Resolves when that matches. */
  until(pattern: RegExp): Promise<void>;
  readonly ended: Promise<void>;
  leave(): void;
}

/** Resolves when the answer has begun. */
function send(
  rig: Rig,
  method: string,
  path: string,
  json?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> & { leave(): void } {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const sent = httpRequest(`${rig.http}${path}`, { method, headers, agent: false }, (response) => {
    let body = '';
    let wake = Promise.withResolvers<void>();
    const stir = (): void => {
      wake.resolve();
      wake = Promise.withResolvers<void>();
    };
    const ended = new Promise<void>((over) => response.on('close', () => over()));
    response.setEncoding('utf8').on('data', (part: string) => {
      body += part;
      stir();
    });
    response.on('error', () => undefined);
    const leave = (): void => void sent.destroy();
    const until = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(body)) await wake.promise;
    };
    resolve({ status: response.statusCode ?? 0, headers: response.headers, body: () => body, until, ended, leave });
  });
  sent.on('error', reject);
  promise.catch(() => undefined);
  sent.end(json === undefined ? undefined : JSON.stringify(json));
  return Object.assign(promise, { leave: () => void sent.destroy() });
}

async function json<T = Record<string, unknown>>(reply: Promise<Reply>): Promise<T> {
  const { ended, body } = await reply;
  await ended;
  return JSON.parse(body()) as T;
}

/** The only run there is, and the right to write its log. */
async function owned(rig: Rig): Promise<Lease> {
  for (;;) {
    const { runs } = await rig.store.runs.list('default', { limit: 10, status: 'running' });
    if (runs[0]) return rig.store.queue.claim(runKey('default', runs[0].run), 'test');
    await new Promise(setImmediate);
  }
}

async function append(lease: Lease, records: readonly string[], done = false): Promise<void> {
  lease.append(records, 'process', done);
  await lease.settled();
}

const creationOf = (lease: Lease): Payloads['run.created'] => (JSON.parse(lease.creation) as WireRecord)[3] as Payloads['run.created'];
const commandsOf = async (rig: Rig, { key }: Lease): Promise<readonly string[]> =>
  (await rig.store.queue.claim(key, 'test')).commands.map(({ id, kind }) => `${kind} ${id}`);
const contents = (body: string): string =>
  [...body.matchAll(/^data: (\{.*)$/gm)]
    .map(([, data = '']) => (JSON.parse(data) as { choices?: { delta: { content?: string } }[] }).choices?.[0]?.delta.content ?? '')
    .join('');
const cursor = (seq: Cursor['seq']): string => encodeCursor(1, seq);

describe('a streamed chat completion', () => {
  test('begins with its first word, names each event by its record, and goes on behind any of them', async () => {
    await using rig = await openRig();
    const key = { 'idempotency-key': 'k' };
    const coming = send(rig, 'POST', CHAT, { ...ask, stream: true }, key);
    const lease = await owned(rig);
    await append(lease, [started, text('He'), text('llo')]);
    const reply = await coming;
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toBe('text/event-stream');
    await reply.until(/llo/);
    expect([...reply.body().matchAll(/^id: (.*)$/gm)].map(([, id]) => id)).toEqual([1, 3, 4].map(cursor));
    reply.leave();
    const again = await send(rig, 'POST', CHAT, { ...ask, stream: true }, { ...key, 'last-event-id': cursor(3) });
    await append(lease, [text(' you'), stepEnded, completed], true);
    await again.ended;
    expect(contents(again.body())).toBe('llo you');
    expect(again.body()).toMatch(/"finish_reason":"stop"[^\n]*\n\ndata: \[DONE\]\n\n$/);
  });

  test.each([
    [
      { status: 'failed', error: { code: 'PROVIDER_RATE_LIMITED', message: 'Slow down.', retryAfterMs: 2_500 } },
      503,
      'PROVIDER_RATE_LIMITED',
      'true',
    ],
    [{ status: 'failed', error: { code: 'PROVIDER_REFUSED', message: 'No.' } }, 502, 'PROVIDER_REFUSED', 'false'],
    [{ status: 'timed_out', error: { code: 'PROVIDER_TIMEOUT', message: 'Late.' } }, 504, 'PROVIDER_TIMEOUT', 'true'],
    [{ status: 'failed', error: { code: 'INTERNAL', message: 'Report it with the id x.' } }, 500, 'INTERNAL', 'true'],
    [{ status: 'cancelled', by: 'c' }, 499, 'CANCELLED', 'false'],
  ])('that ends as %j before its first word is an HTTP error, streamed or not', async (outcome, status, code, retry) => {
    for (const stream of [true, false]) {
      await using rig = await openRig();
      const coming = send(rig, 'POST', CHAT, { ...ask, stream });
      await append(await owned(rig), [started, finished(outcome)], true);
      const reply = await coming;
      expect([reply.status, reply.headers['x-should-retry']]).toEqual([status, retry]);
      expect(await json(Promise.resolve(reply))).toMatchObject({
        error: { code, message: expect.any(String), type: expect.any(String), param: null },
      });
      expect(rig.defects).toEqual([]);
    }
  });

  test('is not worth to be asked for again where its key stands for one that failed', async () => {
    await using rig = await openRig();
    const key = { 'idempotency-key': 'k' };
    const coming = send(rig, 'POST', CHAT, ask, key);
    const error = { code: 'PROVIDER_TIMEOUT', message: 'Late.' };
    await append(await owned(rig), [started, finished({ status: 'failed', error })], true);
    for (const reply of [await coming, await send(rig, 'POST', CHAT, ask, key)]) {
      expect([reply.status, reply.headers['x-should-retry']]).toEqual([504, 'false']);
      await reply.ended;
    }
  });

  test('that fails later ends with an error and no end mark', async () => {
    await using rig = await openRig();
    const coming = send(rig, 'POST', CHAT, { ...ask, stream: true });
    const lease = await owned(rig);
    await append(lease, [started, text('Hel')]);
    const reply = await coming;
    await append(lease, [finished({ status: 'failed', error: { code: 'NO_PROGRESS', message: 'Given up.' } })], true);
    await reply.ended;
    expect(reply.body()).toMatch(
      /\n\ndata: \{"error":\{"message":"Given up\.","type":"server_error","param":null,"code":"NO_PROGRESS"\}\}\n\n$/,
    );
  });

  test('that says nothing for long begins all the same, and shows that it lives', async () => {
    await using rig = await openRig();
    const coming = send(rig, 'POST', CHAT, { ...ask, stream: true });
    const lease = await owned(rig);
    await rig.turn();
    await rig.clock.advance(2_000);
    const reply = await coming;
    await reply.until(/"role":"assistant"/);
    for (let i = 0; i < 20; i++) await rig.clock.advance(1_000);
    await reply.until(/^: heartbeat$/m);
    await append(lease, [started, text('x'), stepEnded, completed], true);
    await reply.ended;
    expect(contents(reply.body())).toBe('x');
  });

  test('of which words were superseded before anybody came is told without them', async () => {
    await using rig = await openRig();
    const key = { 'idempotency-key': 'k' };
    const first = send(rig, 'POST', CHAT, { ...ask, stream: true }, key);
    const lease = await owned(rig);
    first.leave();
    const anew = encodeRecord('step.started', 1, 2, { model: 'm', supersedes: 1, keep: 2, keepThinking: 0 });
    await append(
      lease,
      [started, text('Hexxx'), anew, text('llo', 2), encodeRecord('step.ended', 1, 2, { finish: 'stop', usage: NO_USAGE }), completed],
      true,
    );
    const reply = await send(rig, 'POST', CHAT, { ...ask, stream: true }, key);
    await reply.ended;
    expect(contents(reply.body())).toBe('Hello');
    // Whoever was told of them before is told that they do not stand.
    const told = await send(rig, 'POST', CHAT, { ...ask, stream: true }, { ...key, 'last-event-id': cursor(3) });
    expect(told.status).toBe(502);
    await told.ended;
    expect(told.body()).toContain('does not stand');
  });

  test('whose budget has no room is refused, also behind its first words; in the background it waits', async () => {
    const error = { code: 'BUDGET_EXHAUSTED', message: 'Nothing is left.' } as const;
    const paused = encodeRecord('budget.paused', 0, 0, {
      scope: 'run',
      name: 'r',
      unit: 'usd',
      limit: 1,
      spent: 1,
      needed: 1,
      at: 0,
      outcome: { status: 'budget_exhausted', error, usage: NO_USAGE },
    });
    for (const stream of [true, false]) {
      await using rig = await openRig();
      const coming = send(rig, 'POST', CHAT, { ...ask, stream });
      const lease = await owned(rig);
      await append(lease, [started, paused]);
      expect((await coming).status).toBe(402);
      expect(await json(coming)).toMatchObject({ error });
      await untilTrue(async () => (await commandsOf(rig, lease)).length > 0);
    }
    await using rig = await openRig();
    const { id } = await json<{ id: string }>(send(rig, 'POST', '/v1/responses', { model: 'm', input: 'Hi.', background: true }));
    await append(await owned(rig), [started, paused]);
    expect(await json(send(rig, 'GET', `/v1/responses/${id}`))).toMatchObject({ status: 'in_progress', openclaw: { paused: error } });
  });

  test('says what it cost, where all prices are known', async () => {
    const usage = { inputTokens: 1_000, outputTokens: 500, reasoningTokens: 100, cachedTokens: 400 };
    const end = encodeRecord('step.ended', 1, 1, { finish: 'stop', usage });
    const done = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage });
    const price = { input: 2, output: 10, cachedInput: 0.5 };
    await using rig = await openRig({ priceOf: (model) => (model === 'm' ? price : undefined) });
    const coming = send(rig, 'POST', CHAT, { ...ask, stream: true, stream_options: { include_usage: true } });
    await append(await owned(rig), [started, text('x'), end, done], true);
    const reply = await coming;
    await reply.ended;
    expect(reply.body()).toContain('"prompt_tokens":1000,"completion_tokens":500,"total_tokens":1500');
    expect(reply.body()).toContain(`"cost":${(600 * 2 + 400 * 0.5 + 500 * 10) / 1e6}}`);
  });

  test('hides no line breaks in its events', async () => {
    await using rig = await openRig();
    const coming = send(rig, 'POST', CHAT, { ...ask, stream: true });
    await append(await owned(rig), [started, text('a\n\ndata: [DONE]\r\n\u2028id: x'), stepEnded, completed], true);
    const reply = await coming;
    await reply.ended;
    expect(contents(reply.body())).toBe('a\n\ndata: [DONE]\r\n\u2028id: x');
    expect(reply.body().match(/^data: \[DONE\]$/gm)).toHaveLength(1);
  });

  test.each(['x', 'e1_1', cursor(99), encodeCursor(7, 1), `${cursor(1)}~${cursor(1)}`])('refuses to go on behind %j', async (id) => {
    await using rig = await openRig();
    const reply = await send(rig, 'POST', CHAT, { ...ask, stream: true }, { 'last-event-id': id, 'idempotency-key': 'k' });
    expect([reply.status, (await json<{ error: { code: string } }>(Promise.resolve(reply))).error.code]).toEqual([400, 'BAD_REQUEST']);
  });

  test.each([
    [CHAT, ask],
    ['/v1/responses', { model: 'm', input: 'Hi.', background: true }],
  ])('goes on with nothing that no key names: %s makes no run', async (path, body) => {
    await using rig = await openRig();
    const reply = await send(rig, 'POST', path, { ...body, stream: true }, { 'last-event-id': path === CHAT ? cursor(1) : '0' });
    expect(reply.status).toBe(400);
    expect(await json(Promise.resolve(reply))).toMatchObject({ error: { code: 'BAD_REQUEST', param: 'Last-Event-ID' } });
    expect((await rig.store.runs.list('default', { limit: 1 })).runs).toEqual([]);
  });

  test('has as many choices as its key stands for', async () => {
    await using rig = await openRig();
    const key = { 'idempotency-key': 'k' };
    const coming = send(rig, 'POST', CHAT, { ...ask, stream: true }, key);
    await owned(rig);
    const other = await send(rig, 'POST', CHAT, { ...ask, stream: true, n: 2 }, key);
    expect([other.status, await json(Promise.resolve(other))]).toMatchObject([409, { error: { code: 'IDEMPOTENCY_CONFLICT' } }]);
    expect((await rig.store.runs.list('default', { limit: 5 })).runs).toHaveLength(1);
    coming.leave();
  });
});

describe('a client that goes', () => {
  test('ends the run at once, streamed or not', async () => {
    for (const stream of [true, false]) {
      await using rig = await openRig();
      const coming = send(rig, 'POST', CHAT, { ...ask, stream });
      const lease = await owned(rig);
      coming.leave();
      await untilTrue(async () => (await commandsOf(rig, lease)).length > 0);
      expect(await commandsOf(rig, lease)).toEqual(['cancel disconnected']);
    }
  });

  test('with a key has 30 s to come back', async () => {
    await using rig = await openRig();
    const key = { 'idempotency-key': 'k' };
    const first = send(rig, 'POST', CHAT, { ...ask, stream: true }, key);
    const lease = await owned(rig);
    await append(lease, [started, text('x')]);
    const { leave } = await first;
    leave();
    await rig.turn();
    await rig.clock.advance(29_000);
    const second = await send(rig, 'POST', CHAT, { ...ask, stream: true }, key);
    await rig.clock.advance(60_000);
    expect(await commandsOf(rig, lease)).toEqual([]);
    second.leave();
    await rig.turn();
    await rig.clock.advance(29_999);
    expect(await commandsOf(rig, lease)).toEqual([]);
    await rig.clock.advance(2);
    await untilTrue(async () => (await commandsOf(rig, lease)).length > 0);
  });

  test('or takes nothing for too long is taken for gone, however many choices it has', { timeout: 60_000 }, async () => {
    await using rig = await openRig({ limits: { stalledMs: 5_000 } });
    const body = JSON.stringify({ ...ask, stream: true, n: 2 });
    const never = httpRequest(`${rig.http}${CHAT}`, { method: 'POST', agent: false }, () => undefined);
    never.on('error', () => undefined);
    never.end(body);
    await owned(rig);
    const keys = (await rig.store.runs.list('default', { limit: 2 })).runs.map(({ run }) => runKey('default', run));
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      const lease = await rig.store.queue.claim(key, 'test');
      await append(lease, [started, ...Array.from({ length: 200 }, () => text('x'.repeat(60_000)))]);
    }
    const cancelled = async (key: RunKey): Promise<boolean> => (await rig.store.queue.claim(key, 'test')).commands.length > 0;
    for (const key of keys) {
      await untilTrue(async () => {
        await rig.clock.advance(1_000);
        return cancelled(key);
      });
    }
    never.destroy();
  });

  test('is not the last because of somebody who only looked on', async () => {
    await using rig = await openRig();
    const body = { model: 'm', input: 'Hi.', stream: true };
    const first = send(rig, 'POST', '/v1/responses', body, { 'idempotency-key': 'k' });
    const lease = await owned(rig);
    await append(lease, [started, text('x')]);
    (await first).leave();
    await rig.turn();
    const watcher = await send(rig, 'GET', `/v1/responses/resp_${lease.key.slice('default/'.length)}?stream=true`);
    await watcher.until(/"delta":"x"/);
    await rig.clock.advance(60_000);
    watcher.leave();
    await rig.turn();
    await rig.clock.advance(29_000);
    expect(await commandsOf(rig, lease)).toEqual([]);
    await rig.clock.advance(2_000);
    await untilTrue(async () => (await commandsOf(rig, lease)).length > 0);
  });

  test('leaves a background response alone', async () => {
    await using rig = await openRig();
    const coming = send(rig, 'POST', '/v1/responses', { model: 'm', input: 'Hi.', background: true, stream: true });
    const lease = await owned(rig);
    const reply = await coming;
    await reply.until(/response\.queued/);
    reply.leave();
    await rig.turn();
    await rig.clock.advance(120_000);
    expect(await commandsOf(rig, lease)).toEqual([]);
    expect(creationOf(lease).door).not.toHaveProperty('leaseMs');
  });

  test.each([
    ['', 15_000, 'running'],
    ['k', 30_000, 'running'],
    ['', 15_000, 'budget_exhausted'],
  ] as const)(
    'cannot come back when the server died: with the key %j its run ends after %i ms, also one that is %s',
    async (key, ms, status) => {
      await using first = await openRig();
      const plain = send(first, 'POST', CHAT, { ...ask, stream: true }, { 'idempotency-key': key });
      const lease = await owned(first);
      lease.show(status);
      plain.catch(() => undefined);
      await first.gateway.close();
      await untilTrue(async () => (await commandsOf(first, lease)).length === 0);
      const gateway = await startGateway({
        store: first.store,
        clock: first.clock,
        random: seededRandom(2),
        host: '127.0.0.1',
        port: 0,
        serverName: 'again',
        onDefect: () => undefined,
      });
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      await first.clock.advance(ms - 100);
      expect(await commandsOf(first, lease)).toEqual([]);
      await first.clock.advance(200);
      await untilTrue(async () => (await commandsOf(first, lease)).length > 0);
      expect(await commandsOf(first, lease)).toEqual(['cancel disconnected']);
      const closed = gateway.close();
      await first.clock.advance(1_000);
      await closed;
    },
  );
});

describe('a response', () => {
  const body = { model: 'm', input: 'Hi.' };

  test('is a run: it can be retrieved while it goes on, and by the run’s own id', async () => {
    await using rig = await openRig();
    const made = await json<{ id: string; status: string }>(send(rig, 'POST', '/v1/responses', { ...body, background: true }));
    expect(made).toMatchObject({ id: expect.stringMatching(/^resp_/), status: 'queued', background: true, object: 'response' });
    const lease = await owned(rig);
    await append(lease, [started, text('Hel')]);
    const path = `/v1/responses/${made.id}`;
    expect(await json(send(rig, 'GET', path))).toMatchObject({
      status: 'in_progress',
      output: [{ status: 'in_progress', content: [{ text: 'Hel' }] }],
    });
    await append(lease, [text('lo'), stepEnded, completed], true);
    expect(await json(send(rig, 'GET', path))).toMatchObject({
      status: 'completed',
      output: [{ status: 'completed', content: [{ text: 'Hello' }] }],
    });
    expect(await json(send(rig, 'GET', `/v1/runs/${made.id.slice(5)}`))).toMatchObject({ status: 'completed', text: 'Hello' });
  });

  test('is streamed behind any event, also while it goes on', async () => {
    await using rig = await openRig();
    const { id } = await json<{ id: string }>(send(rig, 'POST', '/v1/responses', { ...body, background: true }));
    const lease = await owned(rig);
    await append(lease, [started, text('Hel'), text('lo')]);
    const whole = await send(rig, 'GET', `/v1/responses/${id}?stream=true`);
    await whole.until(/"delta":"lo"/);
    const numbers = [...whole.body().matchAll(/^id: (.*)$/gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual([0, 1, 16, 32, 33, 34, 48]);
    const unknown = await send(rig, 'GET', `/v1/responses/${id}?stream=true&starting_after=64`);
    expect([unknown.status, await json(Promise.resolve(unknown))]).toMatchObject([400, { error: { param: 'starting_after' } }]);
    const rest = await send(rig, 'GET', `/v1/responses/${id}?stream=true&starting_after=34`);
    await append(lease, [stepEnded, completed], true);
    await rest.ended;
    await whole.ended;
    expect(rest.body()).toBe(whole.body().slice(whole.body().indexOf('event: response.output_text.delta\nid: 48')));
    const ahead = await send(rig, 'GET', `/v1/responses/${id}?stream=true&starting_after=x`);
    expect(await json(Promise.resolve(ahead))).toMatchObject({ error: { code: 'BAD_REQUEST', param: 'starting_after' } });
  });

  test('has numbers that only grow, and is streamed behind any of them, however much one record comes to', async () => {
    await using rig = await openRig();
    const { id } = await json<{ id: string }>(send(rig, 'POST', '/v1/responses', { ...body, background: true }));
    const lease = await owned(rig);
    const said = Array.from({ length: 20 }, (_, i) => encodeRecord(i % 2 === 0 ? 'thinking' : 'text', 1, 1, 'x'));
    const again = encodeRecord('step.started', 1, 2, { model: 'm', supersedes: 1 });
    await append(lease, [started, ...said, again, text('Hello', 2), stepEnded, completed], true);
    const whole = await send(rig, 'GET', `/v1/responses/${id}?stream=true`);
    await whole.ended;
    const numbers = [...whole.body().matchAll(/^id: (.*)$/gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    for (const number of numbers.slice(0, -1)) {
      const rest = await send(rig, 'GET', `/v1/responses/${id}?stream=true&starting_after=${number}`);
      await rest.ended;
      expect([...rest.body().matchAll(/^id: (.*)$/gm)].map(([, each]) => Number(each))).toEqual(numbers.slice(numbers.indexOf(number) + 1));
    }
  });

  test('goes on from a past that fits into a request, and from no longer one', async () => {
    await using rig = await openRig();
    const half = 'x'.repeat(600_000);
    const first = await json<{ id: string }>(send(rig, 'POST', '/v1/responses', { ...body, input: half, background: true }));
    await append(await owned(rig), [started, text('Hello'), stepEnded, completed], true);
    const more = { ...body, background: true, previous_response_id: first.id };
    const long = await send(rig, 'POST', '/v1/responses', { ...more, input: half });
    expect([long.status, await json(Promise.resolve(long))]).toMatchObject([413, { error: { code: 'TOO_LARGE' } }]);
    expect((await send(rig, 'POST', '/v1/responses', more)).status).toBe(200);
  });

  test('of a session is gone on with in that session: it does not know all that was said there', async () => {
    await using rig = await openRig();
    const first = await json<{ id: string }>(send(rig, 'POST', '/v1/responses', { ...body, background: true, openclaw: { session: 's' } }));
    await append(await owned(rig), [started, text('Hello'), stepEnded, completed], true);
    const next = await json(send(rig, 'POST', '/v1/responses', { ...body, background: true, previous_response_id: first.id }));
    expect(next).toMatchObject({ error: { code: 'BAD_REQUEST', param: 'previous_response_id' } });
  });

  test('can be deleted by several at once', async () => {
    const store = createMemoryStore();
    const put: Store['state']['put'] = async (tenant, key, value, rev) => {
      // Another one was quicker.
      if (key.startsWith('response-deleted/')) await store.state.put(tenant, key, value, rev);
      return store.state.put(tenant, key, value, rev);
    };
    await using rig = await openRig({ store: { ...store, state: { ...store.state, put } } });
    const { id } = await json<{ id: string }>(send(rig, 'POST', '/v1/responses', { ...body, background: true }));
    expect(await json(send(rig, 'DELETE', `/v1/responses/${id}`))).toMatchObject({ id, deleted: true });
    expect((await send(rig, 'GET', `/v1/responses/${id}`)).status).toBe(404);
  });

  test('lists what it was asked, behind an item of it', async () => {
    await using rig = await openRig();
    const input = ['a', 'b', 'c'].map((content) => ({ role: 'user', content }));
    const { id } = await json<{ id: string }>(send(rig, 'POST', '/v1/responses', { ...body, input, background: true }));
    const list = async (query: string) => json<{ data: { id: string }[] }>(send(rig, 'GET', `/v1/responses/${id}/input_items?${query}`));
    const { data } = await list('order=asc');
    expect(data).toHaveLength(3);
    expect((await list(`order=asc&limit=1&after=${data[0]?.id}`)).data).toEqual([data[1]]);
    expect(await list('after=unknown')).toMatchObject({ error: { param: 'after' } });
    expect(await list('order=best')).toMatchObject({ error: { param: 'order' } });
  });

  test('that is unknown, of another tenant, deleted or not stored is not there', async () => {
    await using rig = await openRig();
    const stranger = rig.store.runId('other', 'k');
    await rig.store.runs.create(
      runKey('other', stranger),
      encodeRecord('run.created', 0, 0, { agent: 'default', input: 'x', at: 0, fingerprint: 'f' }),
      'f',
    );
    const gone = await json<{ id: string }>(send(rig, 'POST', '/v1/responses', { ...body, background: true }));
    expect(await json(send(rig, 'DELETE', `/v1/responses/${gone.id}`))).toEqual({ id: gone.id, object: 'response', deleted: true });
    for (const id of [`resp_${stranger}`, stranger, 'resp_x', `resp_${'A'.repeat(22)}`, gone.id, '..%2f..', 'x'.repeat(500)]) {
      for (const [method, deed] of [
        ['GET', ''],
        ['GET', '?stream=true'],
        ['DELETE', ''],
        ['POST', '/cancel'],
        ['GET', '/input_items'],
      ] as const) {
        const reply = await send(rig, method, `/v1/responses/${id}${deed}`);
        expect([id, method, deed, reply.status]).toEqual([id, method, deed, 404]);
        await reply.ended;
      }
      const next = await json(send(rig, 'POST', '/v1/responses', { ...body, previous_response_id: id.slice(0, 64) }));
      expect(next).toMatchObject({ error: { code: 'NOT_FOUND' } });
    }
    expect(rig.defects).toEqual([]);
  });
});

describe('every path', () => {
  test('asks for the token, in OpenAI’s words', async () => {
    await using rig = await openRig({ token: () => 'secret' });
    for (const [method, path] of [
      ['POST', CHAT],
      ['POST', '/v1/responses'],
      ['GET', `/v1/responses/resp_${'A'.repeat(22)}`],
      ['DELETE', `/v1/responses/resp_${'A'.repeat(22)}`],
      ['GET', '/v1/models'],
      ['GET', '/v1/models/x'],
    ] as const) {
      for (const authorization of [undefined, 'Bearer wrong', 'Bearer ', 'Basic secret']) {
        const reply = await send(rig, method, path, undefined, authorization === undefined ? {} : { authorization });
        expect(reply.status).toBe(401);
        expect(await json(Promise.resolve(reply))).toMatchObject({ error: { code: 'UNAUTHENTICATED', type: 'authentication_error' } });
      }
    }
    const models = await json<{ data: { id: string }[] }>(send(rig, 'GET', '/v1/models', undefined, { authorization: 'Bearer secret' }));
    expect(models.data.map(({ id }) => id)).toEqual(['agent:default']);
  });

  test('is in the OpenAPI document, and everything in there is served', async () => {
    await using rig = await openRig();
    const document = await json<{ paths: Record<string, Record<string, { responses: Record<string, unknown> }>> }>(
      send(rig, 'GET', '/openapi.json'),
    );
    const own = Object.entries(document.paths).filter(([path]) => /^\/v1\/(?:chat\/completions|responses|models)/.test(path));
    expect(own).toHaveLength(7);
    const { id } = await json<{ id: string }>(send(rig, 'POST', '/v1/responses', { model: 'm', input: 'Hi.', background: true }));
    await append(await owned(rig), [started, text('x'), stepEnded, completed], true);
    const ids: Record<string, string> = { responses: id, models: 'agent:default' };
    for (const [path, operations] of own) {
      const at = path.replace('{id}', ids[path.split('/')[2] ?? ''] ?? '');
      for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
        if (method === 'delete' && operations[method]) continue;
        const reply = await send(rig, method.toUpperCase(), at, method === 'post' ? {} : undefined);
        await reply.ended;
        const body = JSON.parse(reply.body()) as Record<string, unknown>;
        const schema = operations[method]?.responses[reply.status] as
          | { content: Record<string, { schema: { required?: string[] } }> }
          | undefined;
        if (!operations[method]) expect([path, method, reply.status]).toEqual([path, method, 405]);
        else
          expect(Object.keys(body), `${method} ${path}`).toEqual(
            expect.arrayContaining(schema?.content['application/json']?.schema.required ?? ['error']),
          );
      }
    }
    expect(rig.defects).toEqual([]);
  });

  test('takes its own methods only, no foreign page, and no body that is too large or too deep', async () => {
    await using rig = await openRig();
    const code = async (reply: Promise<Reply>): Promise<unknown> => {
      const { status } = await reply;
      return [status, (await json<{ error: { code: string } }>(reply)).error.code];
    };
    expect(await code(send(rig, 'GET', CHAT))).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(await code(send(rig, 'PUT', `/v1/responses/resp_${'A'.repeat(22)}`))).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(await code(send(rig, 'POST', CHAT, ask, { origin: 'https://evil.example' }))).toEqual([403, 'FORBIDDEN']);
    expect(await code(send(rig, 'POST', CHAT, { ...ask, user: 'x'.repeat(1024 * 1024) }))).toEqual([413, 'TOO_LARGE']);
    let deep: unknown = 'x';
    for (let i = 0; i < 40; i++) deep = [deep];
    expect(await code(send(rig, 'POST', CHAT, { ...ask, deep }))).toEqual([413, 'TOO_LARGE']);
    expect(await code(send(rig, 'POST', CHAT, ask, { 'idempotency-key': 'k'.repeat(129) }))).toEqual([400, 'BAD_REQUEST']);
    expect(await code(send(rig, 'GET', '/v1/models/%E0%A4%A'))).toEqual([400, 'BAD_REQUEST']);
    expect(await code(send(rig, 'GET', '/v1/responses'))).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(await code(send(rig, 'GET', '/v1/responses/a/b/c'))).toEqual([404, 'NOT_FOUND']);
    expect(rig.defects).toEqual([]);
  });

  test('takes no new work when the server drains, and cancels nobody for it', async () => {
    await using rig = await openRig();
    const coming = send(rig, 'POST', CHAT, { ...ask, stream: true }, { 'idempotency-key': 'k' });
    const lease = await owned(rig);
    rig.gateway.drain(0);
    expect(await json(send(rig, 'POST', CHAT, ask))).toMatchObject({ error: { code: 'SHUTTING_DOWN' } });
    coming.leave();
    await rig.turn();
    await rig.clock.advance(60_000);
    expect(await commandsOf(rig, lease)).toEqual([]);
  });
});

async function untilTrue(happened: () => Promise<boolean>): Promise<void> {
  while (!(await happened())) await new Promise(setImmediate);
}
