import { expect, test } from 'vitest';
import { Answer } from '../src/openai/answer.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

function read(...items: readonly (object | string)[]) {
  const sink = createCollectingSink();
  const answer = new Answer('main', 'sk-secret', sink);
  for (const item of items) answer.take(typeof item === 'string' ? item : JSON.stringify(item));
  return { sink, answer };
}

const delta = (value: object) => ({ choices: [{ delta: value }] });
const finish = (reason: string) => ({ choices: [{ delta: {}, finish_reason: reason }] });
const calls = (...tool_calls: object[]) => delta({ tool_calls });

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

test('without a finish reason only the end mark makes an end', () => {
  expect(() => read(delta({ content: 'a' })).answer.end()).toThrow(expect.objectContaining({ code: 'PROVIDER_FAILED' }));
  expect(read(delta({ content: 'a' }), '[DONE]').answer.end().finish).toBe('stop');
});

test('what comes after the end mark does not count', () => {
  expect(read(finish('stop'), '[DONE]', delta({ content: 'late' }), 'junk').sink.deltas).toEqual([]);
});

test.each(['{"choices": [', 'null', '7', '"text"', '{}', '{"choices":7}', '{"choices":[{"delta":{"content":7}}]}'])(
  '%s is malformed',
  (line) => {
    expect(() => read(line)).toThrow(expect.objectContaining({ code: 'PROVIDER_MALFORMED' }));
  },
);

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
