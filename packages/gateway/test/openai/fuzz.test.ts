/** Bodies of any shape: each is taken, or refused with the name of the parameter that is at fault. */
import { OpenClawError } from '@openclaw-runtime/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkedRun } from '../../src/openai/input/asked.ts';
import { parseChat } from '../../src/openai/input/chat-request.ts';
import { parseResponse } from '../../src/openai/input/response-request.ts';

const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
const CHAT = {
  model: 'agent:x',
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'x' }], name: 'ann' },
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'c', content: 'x' },
  ],
  tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' }, strict: true } }],
  tool_choice: { type: 'function', function: { name: 'f' } },
  response_format: { type: 'json_schema', json_schema: { name: 's', schema: {} } },
  stream_options: { include_usage: true },
  metadata: { a: 'b' },
  openclaw: { supersede: 'hold', session: 's', budget: { usd: 1 } },
  stop: ['x'],
  temperature: 1,
};
const RESPONSE = {
  model: 'm',
  input: [
    { role: 'user', content: [{ type: 'input_text', text: 'x' }] },
    { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c', output: 'x' },
  ],
  tools: [{ type: 'function', name: 'f' }],
  text: { format: { type: 'json_schema', name: 's', schema: {} }, verbosity: 'low' },
  reasoning: { effort: 'low', summary: 'auto' },
  include: ['reasoning.encrypted_content'],
  openclaw: { budget: 1 },
};

const DOORS = [
  ['chat completions', CHAT, (body: unknown) => parseChat(body, 0).run],
  [
    'responses',
    RESPONSE,
    (body: unknown) => {
      const { run, input, model } = parseResponse(body);
      return checkedRun({ ...run, input }, { api: 'responses', model });
    },
  ],
] as const;

/** All places in a value, and the value with something else in one of them. */
function placesOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  const below =
    typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, each]) => placesOf(each, [...path, key])) : [];
  return [path, ...below];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  return Object.assign(copy, { [key]: replaced((value as Record<string, unknown>)[key], rest, by) });
}

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  fc.constantFrom('__proto__', -1, 1e300, [[]], JSON.parse('{"__proto__": {"polluted": 1}}') as unknown),
);

test.each(DOORS)('%s', { timeout: 60_000 }, (_, body, parse) => {
  expect(parse(body)).toHaveProperty('input');
  const places = placesOf(body);
  fc.assert(
    fc.property(fc.constantFrom(...places), anything, (path, by) => {
      try {
        expect(parse(replaced(body, path, by))).toHaveProperty('input');
      } catch (error) {
        if (!(error instanceof OpenClawError)) throw error;
        expect([error.code, typeof (error.cause as { param?: unknown } | undefined)?.param]).toEqual(['BAD_REQUEST', 'string']);
      }
      expect({}).not.toHaveProperty('polluted');
    }),
    { numRuns: 5_000 },
  );
});
