import { expect, test } from 'vitest';
import { knownTraits } from '../src/capabilities/known.ts';
import { brokerOf } from './fixtures/brokers.ts';

const ANTHROPIC = 'https://api.anthropic.com/v1/messages';

test.each([
  ['claude-2.1', 'assistant'],
  ['claude-instant-1.2', 'assistant'],
  ['claude-3-opus-20240229', 'assistant'],
  ['claude-3-5-sonnet-latest', 'assistant'],
  ['claude-3-7-sonnet-20250219', 'assistant'],
  ['claude-opus-4-20250514', 'assistant'],
  ['claude-opus-4-0', 'assistant'],
  ['claude-opus-4-1-20250805', 'assistant'],
  ['claude-sonnet-4@20250514', 'assistant'],
  ['claude-sonnet-4-5', 'assistant'],
  ['claude-haiku-4-5-20251001', 'assistant'],
  ['anthropic/claude-sonnet-4-5', 'assistant'],
  ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'assistant'],
  ['claude-sonnet-4-5?gap=1', 'assistant'],
  ['claude-opus-4-6', 'none'],
  ['claude-sonnet-4-6-20260101', 'none'],
  ['claude-sonnet-5', 'none'],
  ['claude-sonnet-4-50', 'none'],
  ['claude-of-tomorrow', 'none'],
  ['somebody-else', 'none'],
])('%s takes given text as %s', (model, prefix) => {
  expect(knownTraits('messages', ANTHROPIC, model).prefix).toBe(prefix);
  expect(knownTraits('chat', 'https://proxy.test/v1/chat/completions', model).prefix).toBe('none');
});

test.each([
  ['claude-3-haiku-20240307', [1], 200_000, 4_096],
  ['claude-3-5-haiku-20241022', [1], 200_000, 8_192],
  ['claude-3-7-sonnet-latest', [1, 2, 3, 4], 200_000, 64_000],
  ['claude-opus-4-20250514', [1, 2, 3, 4], 200_000, 32_000],
  ['claude-sonnet-4-5', [1, 2, 3, 4], 200_000, 64_000],
  ['claude-opus-4-6', [1, 2, 3, 4], 200_000, 128_000],
  ['claude-opus-5-5', [1, 3, 4], 200_000, 64_000],
  ['claude-of-tomorrow', [], 200_000, 64_000],
])('%s: levels %j, %i tokens of which %i of the answer', (model, reasoning, contextTokens, outputTokens) => {
  expect(knownTraits('messages', ANTHROPIC, model)).toMatchObject({ contextTokens, outputTokens, tools: true, attach: false });
  expect(brokerOf({ kind: 'anthropic' }).info(model).capabilities.reasoning).toEqual(reasoning);
});

test('hosts and models of OpenAI’s kind', () => {
  expect(knownTraits('chat', 'https://api.deepseek.com/v1/chat/completions', 'deepseek-chat').prefix).toBe('deepseek');
  const openai = brokerOf({ kind: 'openai', baseUrl: 'https://api.openai.com' });
  expect(openai.info('gpt-4o-mini').capabilities).toMatchObject({ reasoning: [1], prefix: false });
  expect(openai.info('o3-mini').capabilities.reasoning).toEqual([1, 3, 4]);
  expect(knownTraits('chat', 'http://127.0.0.1:8000/v1/chat/completions', 'whatever')).toEqual({
    prefix: 'none',
    attach: false,
    tools: true,
  });
});

test('only what runs in the background at a provider of responses can be read again', () => {
  const at = { kind: 'openai', baseUrl: 'http://p.test' } as const;
  expect(brokerOf({ ...at, api: 'responses' }).info('m').capabilities).toMatchObject({ attach: true, prefix: false });
  expect(brokerOf({ ...at, api: 'responses', background: false }).info('m').capabilities.attach).toBe(false);
  expect(brokerOf(at).info('m').capabilities.attach).toBe(false);
  expect(brokerOf({ kind: 'anthropic' }).info('m').capabilities.attach).toBe(false);
});

test('the configuration overrides the table', () => {
  expect(brokerOf({ kind: 'anthropic', prefix: 'assistant' }).info('m').capabilities.prefix).toBe(true);
  expect(brokerOf({ kind: 'anthropic', prefix: 'none' }).info('claude-sonnet-4-5').capabilities.prefix).toBe(false);
  expect(brokerOf({ kind: 'anthropic' }).info('claude-sonnet-4-5').capabilities.prefix).toBe(true);
});

test('responses go on from no given text', () => {
  expect(() => brokerOf({ kind: 'openai', baseUrl: 'http://p.test', api: 'responses', prefix: 'assistant' })).toThrow(
    expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringContaining('providers.main.prefix') }),
  );
});
