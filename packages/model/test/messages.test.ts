import type { Message } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { MessageAnswer } from '../src/anthropic/answer.ts';
import { requestBody, withoutEnd } from '../src/anthropic/body.ts';
import { createSpeech } from '../src/call/speech.ts';
import { ask, brokerOf, failure, never } from './fixtures/brokers.ts';
import { createManualClock, hurry } from './fixtures/clocks.ts';
import { createScriptedHttp, events, type Reply, status } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';
import { targetFor } from './fixtures/targets.ts';

function read(had: string, ...items: readonly (object | string)[]) {
  const sink = createCollectingSink();
  const answer = new MessageAnswer(createSpeech(targetFor('main'), 'an Anthropic-compatible API', ['sk-secret']), sink, had);
  for (const item of items) answer.take(typeof item === 'string' ? item : JSON.stringify(item));
  return { sink, answer };
}

const text = (text: string) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
const piece = (index: number, partial_json: string) => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'input_json_delta', partial_json },
});
const tool = (index: number, id: string, name: string, input: object = {}) => ({
  type: 'content_block_start',
  index,
  content_block: { type: 'tool_use', id, name, input },
});
const start = (usage: object) => ({ type: 'message_start', message: { usage } });
const delta = (stop_reason: string | null, usage: object = {}) => ({ type: 'message_delta', delta: { stop_reason }, usage });
const stop = { type: 'message_stop' };
const malformed = expect.objectContaining({ name: 'OpenClawError', code: 'PROVIDER_MALFORMED' });
const body = (messages: readonly Message[], more: object = {}, prefix = '') =>
  JSON.parse(requestBody({ ...ask('x'), messages, ...more }, 'name-there', 100, prefix, {}));

test('messages take the shape of the API: system apart, turns merged, results of calls together', () => {
  const messages: Message[] = [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: 'hi' },
    { role: 'system', content: 'be kind' },
    { role: 'user', content: 'are you there' },
    { role: 'assistant', content: '', toolCalls: [] },
    {
      role: 'assistant',
      content: 'let me see',
      toolCalls: [
        { id: 'c1', name: 'f', arguments: '{"a":1}' },
        { id: 'c2', name: 'g', arguments: '' },
        { id: 'c3', name: 'h', arguments: '[oops' },
      ],
    },
    { role: 'tool', toolCallId: 'c1', content: 'done' },
    { role: 'tool', toolCallId: 'c2', content: '' },
    { role: 'user', content: 'and now' },
  ];
  expect(body(messages)).toEqual({
    model: 'name-there',
    max_tokens: 100,
    stream: true,
    system: 'be brief\n\nbe kind',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'hi' },
          { type: 'text', text: 'are you there' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'let me see' },
          { type: 'tool_use', id: 'c1', name: 'f', input: { a: 1 } },
          { type: 'tool_use', id: 'c2', name: 'g', input: {} },
          { type: 'tool_use', id: 'c3', name: 'h', input: { arguments: '[oops' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1', content: 'done' },
          { type: 'tool_result', tool_use_id: 'c2' },
          { type: 'text', text: 'and now' },
        ],
      },
    ],
  });
});

test('tools are told with a schema of type object, whatever was given', () => {
  const tools = [{ name: 'f', description: 'does f', parameters: { type: 'object', required: ['a'] } }, { name: 'g' }];
  expect(body([], { tools }).tools).toEqual([
    { name: 'f', description: 'does f', input_schema: { type: 'object', required: ['a'] } },
    { name: 'g', input_schema: { type: 'object' } },
  ]);
  expect(body([], { tools: [] })).not.toHaveProperty('tools');
  expect(body([])).not.toHaveProperty('system');
});

test('given text goes last, in the turn of the assistant', () => {
  expect(body([{ role: 'user', content: 'hi' }], {}, 'So far').messages.at(-1)).toEqual({
    role: 'assistant',
    content: [{ type: 'text', text: 'So far' }],
  });
  const ownTurn = body([{ role: 'assistant', content: 'I say:' }], {}, 'So far').messages;
  expect(ownTurn).toHaveLength(1);
});

test.each(['a', 'a\n', 'a \t\r\n', 'a\u00a0', 'a\u2003\u0085', ' \n '])('white space at the end of %j is not sent', (given) => {
  expect(withoutEnd(given)).toBe(given.startsWith('a') ? 'a' : '');
});

test.each([
  ['\n\n', ['\n\nWell'], 'Well'],
  ['\n\n', ['\n', '\n', 'Well'], 'Well'],
  ['\n\n', ['\n', 'Well'], 'Well'],
  ['\n\n', ['Well', '\n\n'], 'Well\n\n'],
  [' ', ['', ' a b'], 'a b'],
])('after %j that the caller has, %j begins with what is new', (had, deltas, expected) => {
  const { sink } = read(had, ...deltas.map(text));
  expect(sink.deltas.join('')).toBe(expected);
  expect(sink.deltas).not.toContain('');
});

test('text, thinking and signs of life', () => {
  const { sink, answer } = read(
    '',
    { type: 'ping' },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'why' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'c2ln' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'redacted_thinking', data: 'x' } },
    { type: 'content_block_start', index: 2, content_block: { type: 'text', text: 'so' } },
    text(''),
    text(' it is'),
    { type: 'content_block_delta', index: 2, delta: { type: 'citations_delta', citation: {} } },
    { type: 'something_new', of: 'tomorrow' },
    delta('end_turn'),
    stop,
    text('late'),
  );
  expect([sink.thoughts, sink.deltas, answer.content, answer.done]).toEqual([['why'], ['so', ' it is'], 4, true]);
});

test.each([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['pause_turn', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
  ['constructor', 'stop'],
])('the stop reason %s is %s', (said, meant) => {
  expect(read('', delta(said)).answer.end().finish).toBe(meant);
});

test('calls of tools are put together by their block', () => {
  const { answer } = read(
    '',
    tool(1, 'a', 'one'),
    piece(1, ''),
    piece(1, '{"x"'),
    tool(2, 'b', 'two', { y: 2 }),
    piece(1, ':1}'),
    tool(3, 'c', 'three'),
    piece(9, '{"of":"a tool over there"}'),
    delta('tool_use'),
    stop,
  );
  expect(answer.end().toolCalls).toEqual([
    { id: 'a', name: 'one', arguments: '{"x":1}' },
    { id: 'b', name: 'two', arguments: '{"y":2}' },
    { id: 'c', name: 'three', arguments: '{}' },
  ]);
});

test('what was cached is input too, and later counts replace earlier ones', () => {
  const { answer } = read(
    '',
    start({ input_tokens: 10, cache_creation_input_tokens: 3, cache_read_input_tokens: 5, output_tokens: 1 }),
    delta('end_turn', { output_tokens: 40, input_tokens: null, output_tokens_details: { thinking_tokens: 7 } }),
  );
  expect(answer.end().usage).toEqual({ inputTokens: 18, outputTokens: 40, reasoningTokens: 7, cachedTokens: 5 });
});

test('an answer that breaks off is none, its end mark alone is enough', () => {
  expect(() => read('', text('a'), delta(null)).answer.end()).toThrow(expect.objectContaining({ code: 'PROVIDER_FAILED' }));
  expect(read('', text('a'), stop).answer.end().finish).toBe('stop');
});

test.each([
  ['overloaded_error', 'PROVIDER_FAILED'],
  ['api_error', 'PROVIDER_FAILED'],
  ['timeout_error', 'PROVIDER_FAILED'],
  ['rate_limit_error', 'PROVIDER_RATE_LIMITED'],
  ['invalid_request_error', 'PROVIDER_REFUSED'],
  ['authentication_error', 'PROVIDER_REFUSED'],
  ['billing_error', 'PROVIDER_REFUSED'],
  ['never_heard_of', 'PROVIDER_FAILED'],
])('%s in the stream is %s', (type, code) => {
  const error = { type, message: 'no more, sk-secret.' };
  const expected = expect.objectContaining({ code, message: expect.stringContaining(`no more, [secret]. (${type}). `) });
  expect(() => read('', { type: 'error', error })).toThrow(expected);
  expect(() => read('', { error })).toThrow(expected);
});

test.each([
  '{"type": ',
  'null',
  '[]',
  '{}',
  '{"type":7}',
  '{"type":"content_block_delta"}',
  '{"type":"content_block_delta","delta":{"type":"text_delta"}}',
  '{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":7}}',
  '{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta"}}',
  '{"type":"content_block_start","index":0}',
  '{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a"}}',
  '{"type":"content_block_start","content_block":{"type":"tool_use","id":"a","name":"f"}}',
  '{"type":"message_delta","delta":{"stop_reason":7}}',
])('%s is malformed', (line) => {
  expect(() => read('', line)).toThrow(malformed);
});

test('more calls than anybody can mean are refused', () => {
  const { answer } = read('');
  const flood = (): void => {
    for (let i = 0; i < 2_000; i++) answer.take(JSON.stringify(tool(i, `id${i}`, 'f')));
  };
  expect(flood).toThrow(malformed);
});

const good = events(start({ input_tokens: 5 }), text('hello'), delta('end_turn', { output_tokens: 2 }), stop);

function call(replies: readonly Reply[], config: object = {}) {
  const clock = createManualClock();
  const http = createScriptedHttp(replies);
  const broker = brokerOf({ kind: 'anthropic', apiKey: () => 'sk-ant', ...config }, clock, http);
  const sink = createCollectingSink();
  return { broker, http, sink, once: (request: object = {}) => hurry(clock, broker.stream({ ...ask('m'), ...request }, sink, never())) };
}

test('it is asked at its address, with key and version', async () => {
  const { http, sink, once } = call([good], { headers: { 'anthropic-beta': 'x-1', 'X-Team': 'blue' } });
  expect(await once()).toEqual({
    finish: 'stop',
    usage: { inputTokens: 5, outputTokens: 2, reasoningTokens: 0, cachedTokens: 0 },
    toolCalls: [],
  });
  expect(sink.deltas).toEqual(['hello']);
  expect(http.requests[0]).toMatchObject({
    method: 'POST',
    url: 'https://api.anthropic.com/v1/messages',
    headers: { 'x-api-key': 'sk-ant', 'anthropic-version': '2023-06-01', 'anthropic-beta': 'x-1', 'X-Team': 'blue' },
  });
  expect(http.requests[0]?.headers).not.toHaveProperty('authorization');
});

test.each([
  ['claude-3-opus-20240229', {}, 4_096],
  ['claude-3-5-haiku-latest', {}, 8_192],
  ['claude-opus-4-1', {}, 32_000],
  ['claude-sonnet-4-5', {}, 32_000],
  ['claude-of-tomorrow', {}, 32_000],
  ['somebody-else', {}, 8_192],
  ['somebody-else', { maxTokens: 77 }, 77],
])('%s with %j is allowed %i tokens', async (model, config, expected) => {
  const { http, once } = call([good], config);
  await once({ model });
  expect(JSON.parse(http.requests[0]?.body ?? '')).toMatchObject({ model, max_tokens: expected });
});

test('a prefix is sent without the white space at its end, which is not said twice', async () => {
  const { http, sink, once } = call([events(text('\n'), text('\nand on'), delta('end_turn'), stop)], { prefix: 'assistant' });
  await once({ prefix: 'So far\n\n' });
  expect(JSON.parse(http.requests[0]?.body ?? '').messages.at(-1)).toEqual({
    role: 'assistant',
    content: [{ type: 'text', text: 'So far' }],
  });
  expect(sink.deltas).toEqual(['and on']);
});

test('a prefix for a model that refuses it is refused here', async () => {
  const { http, once } = call([good]);
  expect((await failure(once({ model: 'claude-sonnet-4-6', prefix: 'So' }))).code).toBe('BAD_REQUEST');
  expect(http.requests).toEqual([]);
  await once({ model: 'claude-sonnet-4-5-20250929', prefix: 'So' });
  expect(http.requests).toHaveLength(1);
});

test('an overload is tried again, a refusal and an unknown model are not', async () => {
  const overloaded = status(529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
  const healed = call([overloaded, overloaded, good]);
  await healed.once();
  expect(healed.sink.retries.map(({ error }) => error.code)).toEqual(['PROVIDER_FAILED', 'PROVIDER_FAILED']);
  const midway = call([events({ type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } }), good]);
  await midway.once();
  expect(midway.sink.retries.map(({ error }) => error.code)).toEqual(['PROVIDER_RATE_LIMITED']);

  const refused = call([status(400, { type: 'error', error: { type: 'invalid_request_error', message: 'max_tokens: too large' } })]);
  const error = await failure(refused.once());
  expect([error.code, error.message]).toEqual(['PROVIDER_REFUSED', expect.stringContaining('max_tokens: too large')]);
  const unknown = call([status(404, { type: 'error', error: { type: 'not_found_error', message: 'model: m' } })]);
  expect((await failure(unknown.once())).code).toBe('NOT_FOUND');
  const nowhere = call([status(404, { type: 'error', error: { type: 'not_found_error', message: 'Not Found' } })]);
  expect((await failure(nowhere.once())).code).toBe('PROVIDER_REFUSED');
});

test('what a try counted that broke off is told', async () => {
  const { sink, once } = call([events(start({ input_tokens: 9, output_tokens: 1 }), text('hel'))]);
  expect((await failure(once())).code).toBe('PROVIDER_FAILED');
  expect(sink.wasted).toEqual([{ inputTokens: 9, outputTokens: 1, reasoningTokens: 0, cachedTokens: 0 }]);
});
