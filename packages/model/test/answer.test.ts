import { expect, test } from 'vitest';
import { createSpeech } from '../src/call/speech.ts';
import { Answer } from '../src/openai/answer.ts';
import { createCollectingSink } from './fixtures/sinks.ts';
import { targetFor } from './fixtures/targets.ts';

function read(...items: readonly (object | string)[]) {
  const sink = createCollectingSink();
  const answer = new Answer(createSpeech(targetFor('main'), 'an OpenAI-compatible API', ['sk-secret']), sink);
  for (const item of items) answer.take(typeof item === 'string' ? item : JSON.stringify(item));
  return { sink, answer };
}

const delta = (value: object) => ({ choices: [{ delta: value }] });
const finish = (reason: string) => ({ choices: [{ delta: {}, finish_reason: reason }] });
const calls = (...tool_calls: object[]) => delta({ tool_calls });
const malformed = expect.objectContaining({ name: 'OpenClawError', code: 'PROVIDER_MALFORMED' });

test('text and thinking go on as they come, empty ones do not', () => {
  const { sink, answer } = read(
    delta({ role: 'assistant', content: '', reasoning_content: '' }),
    delta({ content: null, reasoning_content: 'why' }),
    delta({ reasoning: 'because' }),
    delta({ reasoning_content: 'so', content: 'yes' }),
    finish('stop'),
  );
  expect([sink.thoughts, sink.deltas]).toEqual([['why', 'because', 'so'], ['yes']]);
  expect(answer.content).toBe(4);
});

test.each([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'content_filter'],
  ['eos', 'stop'],
  ['constructor', 'stop'],
  ['__proto__', 'stop'],
])('the finish reason %s is %s', (said, meant) => {
  expect(read(finish(said)).answer.end().finish).toBe(meant);
});

test('a provider that gives up is a failure', () => {
  expect(() => read(finish('insufficient_system_resource'))).toThrow(expect.objectContaining({ code: 'PROVIDER_FAILED' }));
});

test('tool calls are put together by their index, however the pieces are mixed', () => {
  const { answer } = read(
    calls({ index: 0, id: 'a', function: { name: 'one', arguments: '' } }),
    calls({ index: 1, id: 'b', function: { name: 'two', arguments: '{"x"' } }, { index: 0, function: { arguments: '{' } }),
    calls({ index: 0, id: 'a', function: { name: 'one', arguments: '}' } }),
    calls({ index: 1, function: { arguments: ':1}' } }),
    finish('stop'),
  );
  expect(answer.end()).toEqual({
    finish: 'tool_calls',
    usage: { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 },
    toolCalls: [
      { id: 'a', name: 'one', arguments: '{}' },
      { id: 'b', name: 'two', arguments: '{"x":1}' },
    ],
  });
});

test('tool calls without index or id are told apart all the same', () => {
  const { answer } = read(
    calls({ id: 'a', function: { name: 'one', arguments: '{' } }),
    calls({ function: { arguments: '}' } }),
    calls({ id: 'b', function: { name: 'two', arguments: '{}' } }),
    finish('tool_calls'),
  );
  expect(answer.end().toolCalls.map(({ id, arguments: args }) => [id, args])).toEqual([
    ['a', '{}'],
    ['b', '{}'],
  ]);
  expect(read(calls({ index: 0, function: { name: 'one', arguments: '{}' } }), finish('stop')).answer.end().toolCalls).toEqual([
    { id: 'call_0', name: 'one', arguments: '{}' },
  ]);
});

test('a new id begins a new call, also under an index that is taken; the same id goes on', () => {
  const { answer } = read(
    calls({ index: 0, id: 'a', function: { name: 'one', arguments: '{"x":1' } }),
    calls({ index: 0, id: 'b', function: { name: 'two', arguments: '{"y"' } }),
    calls({ index: 0, id: '', function: { arguments: ':2}' } }),
    calls({ index: 0, id: 'a', function: { arguments: '}' } }),
    finish('tool_calls'),
  );
  expect(answer.end().toolCalls).toEqual([
    { id: 'a', name: 'one', arguments: '{"x":1}' },
    { id: 'b', name: 'two', arguments: '{"y":2}' },
  ]);
});

test('one id under two indexes is two calls', () => {
  const { answer } = read(
    calls({ index: 1, id: 'same', function: { name: 'two', arguments: '{}' } }),
    calls({ index: 0, id: 'same', function: { name: 'one', arguments: '{}' } }),
    finish('tool_calls'),
  );
  expect(answer.end().toolCalls.map(({ name }) => name)).toEqual(['one', 'two']);
});

test('without an index, an id that comes with each piece is one call', () => {
  const { answer } = read(
    calls({ id: 'a', function: { name: 'one', arguments: '{"x"' } }),
    calls({ id: 'b', function: { name: 'two', arguments: '{' } }),
    calls({ id: 'a', function: { name: 'one', arguments: ':1}' } }),
    calls({ id: 'b', function: { name: 'two', arguments: '}' } }),
    finish('tool_calls'),
  );
  expect(answer.end().toolCalls).toEqual([
    { id: 'a', name: 'one', arguments: '{"x":1}' },
    { id: 'b', name: 'two', arguments: '{}' },
  ]);
});

test('an id that comes late is the id of its call', () => {
  const { answer } = read(
    calls({ index: 0, function: { name: 'one', arguments: '{' } }),
    calls({ index: 0, id: 'late', function: { arguments: '}' } }),
    finish('tool_calls'),
  );
  expect(answer.end().toolCalls).toEqual([{ id: 'late', name: 'one', arguments: '{}' }]);
});

test('arguments that come as JSON values become JSON text', () => {
  const { answer } = read(calls({ index: 0, id: 'a', function: { name: 'f', arguments: { x: [1, 'two'] } } }), finish('tool_calls'));
  expect(answer.end().toolCalls).toEqual([{ id: 'a', name: 'f', arguments: '{"x":[1,"two"]}' }]);
});

test('more calls than anybody can mean are refused', () => {
  const { answer } = read();
  const flood = (): void => {
    for (let i = 0; i < 2_000; i++) answer.take(JSON.stringify(calls({ index: 0, id: `id${i}` })));
  };
  expect(flood).toThrow(malformed);
});

test('an index that would need a million calls is refused', () => {
  expect(() => read(calls({ index: 1e6, id: 'a' }))).toThrow(expect.objectContaining({ code: 'PROVIDER_MALFORMED' }));
});

test('usage is taken where it comes, also in a last chunk without choices', () => {
  const usage = {
    prompt_tokens: 5,
    completion_tokens: 7,
    completion_tokens_details: { reasoning_tokens: 3 },
    prompt_tokens_details: { cached_tokens: 2 },
  };
  const expected = { inputTokens: 5, outputTokens: 7, reasoningTokens: 3, cachedTokens: 2 };
  expect(read({ ...finish('stop'), usage }).answer.end().usage).toEqual(expected);
  expect(read(finish('stop'), { choices: [], usage }, '[DONE]').answer.end().usage).toEqual(expected);
  const bare = read(finish('stop'), { choices: [], usage: { prompt_tokens: 1, completion_tokens_details: null } });
  expect(bare.answer.end().usage).toEqual({ inputTokens: 1, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 });
});

test('a chunk that only has usage needs no choices', () => {
  const usage = { prompt_tokens: 3, completion_tokens: 2 };
  for (const chunk of [{ usage }, { choices: null, usage }]) {
    expect(read(finish('stop'), chunk, '[DONE]').answer.end().usage).toMatchObject({ inputTokens: 3, outputTokens: 2 });
  }
});

test('usage is whole numbers, whatever the provider writes', () => {
  const usage = {
    prompt_tokens: '12',
    completion_tokens: 'many',
    completion_tokens_details: { reasoning_tokens: -1 },
    prompt_tokens_details: { cached_tokens: {} },
  };
  const counted = { inputTokens: 12, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 };
  expect(read({ ...finish('stop'), usage }).answer.end().usage).toEqual(counted);
  expect(read({ ...finish('stop'), usage: 'much' }).answer.end().usage.inputTokens).toBe(0);
});

test('the end mark may have blanks around it', () => {
  expect(read(finish('stop'), '[DONE] ').answer.done).toBe(true);
  expect(read(finish('stop'), ' [DONE]\r').answer.done).toBe(true);
});

test('the word null is no finish reason', () => {
  const unfinished = { choices: [{ delta: { content: 'a' }, finish_reason: 'null' }] };
  expect(() => read(unfinished).answer.end()).toThrow(expect.objectContaining({ code: 'PROVIDER_FAILED' }));
});

test('without a finish reason only the end mark makes an end', () => {
  expect(() => read(delta({ content: 'a' })).answer.end()).toThrow(expect.objectContaining({ code: 'PROVIDER_FAILED' }));
  expect(read(delta({ content: 'a' }), '[DONE]').answer.end().finish).toBe('stop');
});

test('what comes after the end mark does not count', () => {
  expect(read(finish('stop'), '[DONE]', delta({ content: 'late' }), 'junk').sink.deltas).toEqual([]);
});

test.each([
  '{"choices": [',
  'null',
  '7',
  '"text"',
  '{}',
  '{"choices":7}',
  '{"choices":null}',
  '{"choices":[null]}',
  '{"choices":[7]}',
  '{"choices":[{"delta":"text"}]}',
  '{"choices":[{"delta":{"content":7}}]}',
  '{"choices":[{"delta":{},"finish_reason":7}]}',
  '{"choices":[{"delta":{"tool_calls":{}}}]}',
  '{"choices":[{"delta":{"tool_calls":[null]}}]}',
  '{"choices":[{"delta":{"tool_calls":[{"index":"first"}]}}]}',
  '{"choices":[{"delta":{"tool_calls":[{"function":"f"}]}}]}',
  '{"choices":[{"delta":{"tool_calls":[{"function":{"name":7}}]}}]}',
])('%s is malformed', (line) => {
  expect(() => read(line)).toThrow(malformed);
});

test('an error in the stream is passed on, short and without the key', () => {
  const message = `overloaded, key sk-secret ${'x'.repeat(600)}`;
  for (const error of [{ message }, message]) {
    let said = '';
    try {
      read({ error });
    } catch (thrown) {
      said = (thrown as Error).message;
    }
    expect(said).toContain('overloaded, key [secret] xxx');
    expect(said).not.toContain('sk-secret');
    expect(said.length).toBeLessThan(600);
  }
});

test('other choices than the first are left out', () => {
  const { sink } = read({
    choices: [
      { index: 1, delta: { content: 'b' } },
      { index: 0, delta: { content: 'a' } },
    ],
  });
  expect(sink.deltas).toEqual(['a']);
});
