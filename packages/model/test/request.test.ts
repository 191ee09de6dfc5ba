import type { Message } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { knownTraits } from '../src/capabilities/known.ts';
import { completionsUrl, type PrefixStyle } from '../src/index.ts';
import { requestBody } from '../src/openai/body.ts';
import { prefixUrl } from '../src/openai/prefix.ts';
import { ask, brokerFor, failure, never } from './fixtures/brokers.ts';
import { createManualClock } from './fixtures/clocks.ts';
import { createScriptedHttp, events, finish } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const body = (request: object, style: PrefixStyle = 'none') =>
  JSON.parse(requestBody({ ...ask('x'), ...request }, 'name-there', style, {}));

test('messages and tools take the provider’s shape', () => {
  const messages: Message[] = [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: 'hi' },
    { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'f', arguments: '{"a":1}' }] },
    { role: 'tool', toolCallId: 'c1', content: 'done' },
    { role: 'assistant', content: 'well', toolCalls: [] },
  ];
  const tools = [{ name: 'f', description: 'does f', parameters: { type: 'object' } }, { name: 'g' }];
  expect(body({ messages, tools })).toEqual({
    model: 'name-there',
    messages: [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }] },
      { role: 'tool', tool_call_id: 'c1', content: 'done' },
      { role: 'assistant', content: 'well' },
    ],
    tools: [
      { type: 'function', function: { name: 'f', description: 'does f', parameters: { type: 'object' } } },
      { type: 'function', function: { name: 'g' } },
    ],
    stream: true,
    stream_options: { include_usage: true },
  });
  expect(body({ tools: [] })).not.toHaveProperty('tools');
});

test('each way to ask for a continuation', () => {
  const prefix = 'So far';
  const last = (style: PrefixStyle) => body({ prefix }, style).messages.at(-1);
  expect(last('assistant')).toEqual({ role: 'assistant', content: prefix });
  expect(last('deepseek')).toEqual({ role: 'assistant', content: prefix, prefix: true });
  expect(last('continue_final_message')).toEqual({ role: 'assistant', content: prefix });
  expect(body({ prefix }, 'continue_final_message')).toMatchObject({ continue_final_message: true, add_generation_prompt: false });
  expect(body({ prefix }, 'assistant')).not.toHaveProperty('continue_final_message');
  expect(body({}, 'continue_final_message')).not.toHaveProperty('continue_final_message');
});

test('DeepSeek is known, and takes prefixes at its beta path', () => {
  const url = completionsUrl('main', 'https://api.deepseek.com');
  expect(knownTraits('chat', url, 'deepseek-chat').prefix).toBe('deepseek');
  expect(prefixUrl(url, 'deepseek')).toBe('https://api.deepseek.com/beta/chat/completions');
  expect(prefixUrl('http://own.test/v1/chat/completions', 'deepseek')).toBe('http://own.test/v1/chat/completions');
  expect(knownTraits('chat', 'https://api.openai.com/v1/chat/completions', 'gpt-5').prefix).toBe('none');
});

test.each([
  ['http://127.0.0.1:4010', 'http://127.0.0.1:4010/v1/chat/completions'],
  ['http://127.0.0.1:4010/', 'http://127.0.0.1:4010/v1/chat/completions'],
  ['https://api.openai.com/v1', 'https://api.openai.com/v1/chat/completions'],
  ['https://api.openai.com/v1/', 'https://api.openai.com/v1/chat/completions'],
  ['https://api.openai.com/v1/chat/completions', 'https://api.openai.com/v1/chat/completions'],
  ['https://proxy.test/openai', 'https://proxy.test/openai/v1/chat/completions'],
  ['https://host.test/v1beta/openai/', 'https://host.test/v1beta/openai/chat/completions'],
  ['https://host.test/api/paas/v4', 'https://host.test/api/paas/v4/chat/completions'],
  ['https://host.test/v1?version=7', 'https://host.test/v1/chat/completions?version=7'],
])('%s is asked at %s', (base, url) => {
  expect(completionsUrl('main', base)).toBe(url);
});

test.each(['', 'localhost:4010', 'ftp://x.test', 'api.openai.com/v1'])('the base address "%s" is refused', (base) => {
  expect(() => completionsUrl('main', base)).toThrow(
    expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringContaining('"main"') }),
  );
});

test('the key and the headers of the configuration are sent, the key as it is at the time of the call', async () => {
  const http = createScriptedHttp([events(finish('stop'))]);
  let key = 'one';
  const broker = brokerFor({ baseUrl: 'http://p.test', apiKey: () => key, headers: { 'x-team': 'blue' } }, createManualClock(), http);
  await broker.stream(ask('m'), createCollectingSink(), never());
  key = 'two';
  await broker.stream(ask('m'), createCollectingSink(), never());
  expect(http.requests.map(({ headers }) => headers['authorization'])).toEqual(['Bearer one', 'Bearer two']);
  expect(http.requests[0]?.headers).toMatchObject({ 'x-team': 'blue', 'content-type': 'application/json', accept: 'text/event-stream' });
});

test('a prefix for a provider that has none is refused before anything is sent', async () => {
  const http = createScriptedHttp([events(finish('stop'))]);
  const broker = brokerFor({ baseUrl: 'http://p.test' }, createManualClock(), http);
  const error = await failure(broker.stream({ ...ask('m'), prefix: 'So' }, createCollectingSink(), never()));
  expect([error.code, http.requests.length]).toEqual(['BAD_REQUEST', 0]);
});
