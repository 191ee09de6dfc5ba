import type { Message } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { createSpeech } from '../src/call/speech.ts';
import type { HttpRequest } from '../src/index.ts';
import { ResponseAnswer } from '../src/responses/answer.ts';
import { requestBody } from '../src/responses/body.ts';
import { ask, brokerOf, failure, never } from './fixtures/brokers.ts';
import { createManualClock, hurry } from './fixtures/clocks.ts';
import { createScriptedHttp, events, hanging, type Reply, status } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';
import { targetFor } from './fixtures/targets.ts';

function read(attached: string | undefined, ...items: readonly (object | string)[]) {
  const sink = createCollectingSink();
  const begun: string[] = [];
  const speech = createSpeech(targetFor('main'), 'an API with responses', ['sk-secret']);
  const answer = new ResponseAnswer(speech, sink, { attached, begun: (id) => begun.push(id) });
  for (const item of items) answer.take(typeof item === 'string' ? item : JSON.stringify(item));
  return { sink, answer, begun };
}

const created = { type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } };
const text = (delta: string) => ({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta });
const completed = (more: object = {}) => ({ type: 'response.completed', response: { id: 'resp_1', status: 'completed', ...more } });
const failed = (error: object | null) => ({ type: 'response.failed', response: { id: 'resp_1', status: 'failed', error } });
const call = (index: number, call_id: string, name: string, args = '') => ({
  type: 'response.output_item.added',
  output_index: index,
  item: { type: 'function_call', id: `fc_${index}`, call_id, name, arguments: args },
});
const piece = (index: number, delta: string) => ({ type: 'response.function_call_arguments.delta', output_index: index, delta });
const malformed = expect.objectContaining({ name: 'OpenClawError', code: 'PROVIDER_MALFORMED' });

test('messages and tools take the shape of the API', () => {
  const messages: Message[] = [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'f', arguments: '{"a":1}' }] },
    { role: 'tool', toolCallId: 'c1', content: 'done' },
    { role: 'assistant', content: 'well' },
  ];
  const tools = [{ name: 'f', description: 'does f', parameters: { type: 'object', required: ['a'] } }, { name: 'g' }];
  expect(JSON.parse(requestBody({ ...ask('x'), messages, tools }, 'name-there', true, {}))).toEqual({
    model: 'name-there',
    input: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'hi' },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
      { type: 'function_call_output', call_id: 'c1', output: 'done' },
      { role: 'assistant', content: 'well' },
    ],
    tools: [
      {
        type: 'function',
        name: 'f',
        description: 'does f',
        parameters: { type: 'object', properties: {}, required: ['a'] },
        strict: false,
      },
      { type: 'function', name: 'g', parameters: { type: 'object', properties: {} }, strict: false },
    ],
    stream: true,
    store: true,
    background: true,
  });
  const unkept = JSON.parse(requestBody({ ...ask('x'), tools: [] }, 'name-there', false, {}));
  expect(unkept).toMatchObject({ stream: true, store: false });
  expect(Object.keys(unkept)).not.toContain('background');
  expect(Object.keys(unkept)).not.toContain('tools');
});

test('text, thinking in paragraphs, and a name that is told once', () => {
  const { sink, answer, begun } = read(
    undefined,
    created,
    { type: 'response.in_progress', response: { id: 'resp_1' } },
    { type: 'response.output_item.added', output_index: 0, item: { type: 'reasoning', summary: [] } },
    { type: 'response.reasoning_summary_part.added', summary_index: 0 },
    { type: 'response.reasoning_summary_text.delta', summary_index: 0, delta: 'why' },
    { type: 'response.reasoning_summary_part.added', summary_index: 1 },
    { type: 'response.reasoning_summary_text.delta', summary_index: 1, delta: 'because' },
    { type: 'response.reasoning_text.delta', delta: '…' },
    text('so'),
    text(''),
    { type: 'response.output_text.done', text: 'so' },
    { type: 'response.something.new', of: 'tomorrow' },
    completed(),
    text('late'),
  );
  expect([begun, sink.thoughts, sink.deltas]).toEqual([['resp_1'], ['why', '\n\n', 'because', '…'], ['so']]);
  expect([answer.done, answer.end().finish]).toEqual([true, 'stop']);
});

test('what is read again tells no name', () => {
  expect(read('resp_1', created, completed()).begun).toEqual([]);
});

test.each([
  [completed(), 'stop'],
  [{ type: 'response.incomplete', response: { incomplete_details: { reason: 'max_output_tokens' } } }, 'length'],
  [{ type: 'response.incomplete', response: { incomplete_details: { reason: 'content_filter' } } }, 'content_filter'],
  [{ type: 'response.incomplete', response: {} }, 'length'],
])('%j ends as %s', (event, finish) => {
  expect(read(undefined, event).answer.end().finish).toBe(finish);
});

test('a refusal is said, and is one', () => {
  const { sink, answer } = read(undefined, { type: 'response.refusal.delta', delta: 'I cannot.' }, completed());
  expect([sink.deltas, answer.end().finish]).toEqual([['I cannot.'], 'content_filter']);
});

test('function calls are put together by their item, and the whole item has the last word', () => {
  const { answer } = read(
    undefined,
    call(2, 'b', 'two'),
    piece(2, '{"y"'),
    call(1, 'a', 'one'),
    piece(1, '{"x":'),
    piece(2, ':2}'),
    piece(1, '1'),
    { ...call(1, 'a', 'one', '{"x":1}'), type: 'response.output_item.done' },
    completed(),
  );
  expect(answer.end()).toMatchObject({
    finish: 'tool_calls',
    toolCalls: [
      { id: 'a', name: 'one', arguments: '{"x":1}' },
      { id: 'b', name: 'two', arguments: '{"y":2}' },
    ],
  });
});

test('usage is that of the response', () => {
  const usage = {
    input_tokens: 5,
    input_tokens_details: { cached_tokens: 2 },
    output_tokens: 7,
    output_tokens_details: { reasoning_tokens: 3 },
  };
  const counted = { inputTokens: 5, outputTokens: 7, reasoningTokens: 3, cachedTokens: 2 };
  expect(read(undefined, completed({ usage })).answer.end().usage).toEqual(counted);
  expect(read(undefined, completed({ usage: null })).answer.end().usage).toMatchObject({ inputTokens: 0 });
});

test('an answer that breaks off is none', () => {
  expect(() => read(undefined, created, text('a'), '[DONE]').answer.end()).toThrow(expect.objectContaining({ code: 'PROVIDER_FAILED' }));
});

test.each([
  ['server_error', 'PROVIDER_FAILED'],
  ['rate_limit_exceeded', 'PROVIDER_RATE_LIMITED'],
  ['invalid_prompt', 'PROVIDER_REFUSED'],
  ['image_too_large', 'PROVIDER_REFUSED'],
  ['bio_policy', 'PROVIDER_REFUSED'],
  ['never_heard_of', 'PROVIDER_FAILED'],
])('%s is %s, and NOT_FOUND for who reads the response again', (code, meant) => {
  const error = { code, message: 'no more, sk-secret.' };
  const said = expect.stringContaining(`no more, [secret]. (${code}). `);
  expect(() => read(undefined, created, failed(error))).toThrow(expect.objectContaining({ code: meant, message: said }));
  expect(() => read(undefined, { type: 'error', ...error })).toThrow(expect.objectContaining({ code: meant, message: said }));
  expect(() => read('resp_1', failed(error))).toThrow(expect.objectContaining({ code: 'NOT_FOUND', message: said }));
});

test('a response that somebody cancelled there is no answer', () => {
  const cancelled = { type: 'response.cancelled', response: { id: 'resp_1', status: 'cancelled' } };
  expect(() => read(undefined, cancelled)).toThrow(expect.objectContaining({ code: 'PROVIDER_FAILED' }));
  expect(() => read('resp_1', cancelled)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
});

test.each([
  '{"type": ',
  'null',
  '[]',
  '{}',
  '{"type":7}',
  '{"type":"response.output_text.delta"}',
  '{"type":"response.reasoning_text.delta","delta":7}',
  '{"type":"response.function_call_arguments.delta","delta":"{"}',
  '{"type":"response.function_call_arguments.delta","output_index":0}',
  '{"type":"response.output_item.added","output_index":0}',
  '{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call"}}',
  '{"type":"response.completed"}',
])('%s is malformed', (line) => {
  expect(() => read(undefined, line)).toThrow(malformed);
});

function house(replies: readonly Reply[], config: object = {}) {
  const clock = createManualClock();
  const http = createScriptedHttp(replies);
  const broker = brokerOf(
    { kind: 'openai', baseUrl: 'http://p.test?v=1', api: 'responses', apiKey: () => 'sk-key', ...config },
    clock,
    http,
  );
  const sink = createCollectingSink();
  const once = (request: object = {}) => hurry(clock, broker.stream({ ...ask('m'), ...request }, sink, never()));
  return { clock, http, broker, sink, once };
}

const good = events(created, text('hello'), completed());

test('it is asked at its address, and the name comes before the first delta', async () => {
  const { http, sink, once } = house([good]);
  expect((await once()).finish).toBe('stop');
  expect(http.requests[0]).toMatchObject({
    method: 'POST',
    url: 'http://p.test/v1/responses?v=1',
    headers: { authorization: 'Bearer sk-key' },
  });
  expect([sink.responses, sink.deltas]).toEqual([['resp_1'], ['hello']]);
});

test('nothing is kept where nothing runs in the background', async () => {
  const { sink, once } = house([good], { background: false });
  await once();
  expect(sink.responses).toEqual([]);
});

test('a kept response is not asked for twice: what breaks off after its name is for the caller to read again', async () => {
  const { http, sink, once } = house([events(created), good]);
  expect((await failure(once())).code).toBe('PROVIDER_FAILED');
  expect([http.requests.length, sink.responses]).toEqual([1, ['resp_1']]);
});

test('a response is read again from its start', async () => {
  const { http, sink, once } = house([status(503), good]);
  expect((await once({ attach: 'resp/1' })).finish).toBe('stop');
  expect([sink.responses, sink.deltas, sink.retries.length]).toEqual([[], ['hello'], 1]);
  expect(http.requests.at(-1)).toMatchObject({ method: 'GET', url: 'http://p.test/v1/responses/resp%2F1?v=1&stream=true' });
  expect(http.requests.at(-1)).not.toHaveProperty('body');
});

test.each([
  [404, 'NOT_FOUND'],
  [400, 'NOT_FOUND'],
  [410, 'NOT_FOUND'],
  [401, 'PROVIDER_REFUSED'],
])('status %i for a response that is read again is %s', async (code, expected) => {
  const { http, once } = house([status(code, { error: { message: 'no such response' } })]);
  expect((await failure(once({ attach: 'resp_1' }))).code).toBe(expected);
  expect(http.requests).toHaveLength(1);
});

/** Aborts a call in the middle of its answer, with this reason, and answers what else was sent. */
async function aborted(reason: unknown, cancelling: Reply): Promise<{ readonly thrown: unknown; readonly others: readonly HttpRequest[] }> {
  const { http, broker, sink, clock } = house([
    hanging(`data: ${JSON.stringify(created)}\n\ndata: ${JSON.stringify(text('a'))}\n\n`),
    cancelling,
  ]);
  const controller = new AbortController();
  const done = broker.stream(ask('m'), sink, controller.signal).catch((error: unknown) => error);
  await sink.reached(1);
  controller.abort(reason);
  const thrown = await done;
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(5_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(clock.pending()).toBe(0);
  return { thrown, others: http.requests.slice(1) };
}

test('who aborts a kept response cancels it at the provider, come what may', async () => {
  const reason = new Error('enough');
  const silent: Reply = ({ signal }) => ({
    status: 200,
    headers: {},
    body: {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      }),
    },
  });
  const unwilling: Reply = () => {
    throw new Error('connect ECONNREFUSED');
  };
  for (const reply of [status(200, {}), status(500), silent, unwilling]) {
    const { thrown, others } = await aborted(reason, reply);
    expect(thrown).toBe(reason);
    expect(others).toMatchObject([
      { method: 'POST', url: 'http://p.test/v1/responses/resp_1/cancel?v=1', headers: { authorization: 'Bearer sk-key' } },
    ]);
  }
});

test('who hands a run over leaves its response be', async () => {
  const reason = { handover: true };
  expect(await aborted(reason, status(200, {}))).toEqual({ thrown: reason, others: [] });
});
