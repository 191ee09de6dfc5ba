/** What OpenAI's clients may ask, and what they are told when they may not. */
import { LIMITS, OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { parseChat } from '../../src/openai/input/chat-request.ts';
import { parseResponse } from '../../src/openai/input/response-request.ts';
import { chatSchema, responseSchema } from '../../src/openai/openapi/requests.ts';

const user = { role: 'user', content: 'Hi.' };
const chat = (more: object = {}): ReturnType<typeof parseChat> => parseChat({ model: 'm', messages: [user], ...more }, 15_000);
const response = (more: object = {}): ReturnType<typeof parseResponse> => parseResponse({ model: 'm', input: 'Hi.', ...more });

function refusal(act: () => unknown): { readonly code: string; readonly param: unknown } {
  try {
    act();
  } catch (error) {
    if (error instanceof OpenClawError) return { code: error.code, param: (error.cause as { readonly param: unknown }).param };
    throw error;
  }
  throw new Error('nothing was refused');
}

const nested = (depth: number): object => (depth === 0 ? {} : { in: nested(depth - 1) });
const long = 'x'.repeat(2_000_000);

describe('a chat completion', () => {
  test('asks a model, or an agent', () => {
    expect(chat()).toMatchObject({ run: { model: 'm' }, model: 'm', n: 1, stream: false, usage: false, supersede: 'error' });
    expect(chat({ model: 'agent:coder' }).run).toMatchObject({
      agent: 'coder',
      door: { api: 'chat', model: 'agent:coder', leaseMs: 15_000 },
    });
    expect(chat({ model: 'agent:coder' }).run).not.toHaveProperty('model');
    expect(chat({ stream: true, stream_options: { include_usage: true }, n: 8 })).toMatchObject({ stream: true, usage: true, n: 8 });
  });

  test('takes messages of every role, with parts that are texts', () => {
    const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } };
    const { run } = chat({
      messages: [
        {
          role: 'developer',
          content: [
            { type: 'text', text: 'Be ' },
            { type: 'text', text: 'kind.' },
          ],
        },
        { ...user, name: 'ann' },
        { role: 'assistant', content: null, tool_calls: [call], refusal: null, reasoning_content: 'Hm.', name: 'bob' },
        { role: 'tool', tool_call_id: 'c1', content: 'rain', name: 'look' },
        { role: 'assistant', content: 'Rain.', name: 'bob' },
      ],
    });
    expect(run.input).toEqual([
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hi.', name: 'ann' },
      { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'look', arguments: '{}' }] },
      { role: 'tool', toolCallId: 'c1', content: 'rain' },
      { role: 'assistant', content: 'bob: Rain.' },
    ]);
  });

  test('says of a picture that it is not served, and fetches nothing', () => {
    const pictured = { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://127.0.0.1/' } }] }] };
    expect(() => chat(pictured)).toThrow('messages.0.content.0.type: "image_url" is not served here: give text, and no pictures');
    expect(() => chat({ messages: [{ role: 'user', content: [{}] }] })).toThrow('messages.0.content.0.type: say what it is: text.');
  });

  test('keeps its settings, and what it says of no worth is not there', () => {
    expect(chat({ temperature: null, logprobs: false, logit_bias: {}, modalities: ['text'], user: 'u' }).run).not.toHaveProperty(
      'settings',
    );
    expect(chat({ max_tokens: 5, stop: 'a' }).run.settings).toEqual({ maxTokens: 5, stop: ['a'] });
    expect(chat({ response_format: { type: 'text' } }).run).not.toHaveProperty('settings');
    expect(chat({ response_format: { type: 'json_object' } }).run.settings).toEqual({ format: 'json' });
  });

  test.each([
    ['none', 1],
    ['minimal', 1],
    ['low', 2],
    ['medium', 3],
    ['high', 4],
    ['xhigh', 4],
  ])('effort %s is level %i', (reasoning_effort, level) => {
    expect(chat({ reasoning_effort }).run.level).toBe(level);
    expect(response({ reasoning: { effort: reasoning_effort } }).run.level).toBe(level);
  });

  test('may say more in fields of our own', () => {
    const { run, supersede } = chat({ openclaw: { supersede: 'hold', session: 's', level: 3, tokenInterval: 0 } });
    expect([run.session, run.level, run.tokenInterval, supersede]).toEqual(['s', 3, 0, 'hold']);
  });

  test.each<readonly [string, object]>([
    ['model', { model: '' }],
    ['model', { model: 5 }],
    ['model', { model: 'agent:' }],
    ['model', { model: `agent:${long}` }],
    ['model', { model: 'x'.repeat(257) }],
    ['messages', { messages: [] }],
    ['messages', { messages: Array.from({ length: LIMITS.maxMessages + 1 }, () => user) }],
    ['messages.0', { messages: ['Hi.'] }],
    ['messages.0.role', { messages: [{ role: 'function', content: '' }] }],
    ['messages.0.color', { messages: [{ ...user, color: 'red' }] }],
    ['messages.0.content', { messages: [{ role: 'user', content: 5 }] }],
    [
      'messages.0.content.0.type',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://169.254.169.254/' } }] }] },
    ],
    ['messages.0.tool_call_id', { messages: [{ role: 'tool', content: '' }] }],
    ['messages.0.tool_calls.0', { messages: [{ role: 'assistant', tool_calls: [{ id: 'x' }] }] }],
    ['messages.0.function_call', { messages: [{ role: 'assistant', function_call: { name: 'x' } }] }],
    ['n', { n: 1_000_000 }],
    ['n', { n: 0 }],
    ['n', { n: 1.5 }],
    ['max_tokens', { max_tokens: 1e12 }],
    ['max_completion_tokens', { max_completion_tokens: -1 }],
    ['temperature', { temperature: 3 }],
    ['temperature', { temperature: 'hot' }],
    ['stop', { stop: Array.from({ length: LIMITS.maxStops + 1 }, () => 'x') }],
    ['stop', { stop: ['x'.repeat(LIMITS.maxStopChars + 1)] }],
    ['stop', { stop: '' }],
    ['stop', { stop: [5] }],
    ['tools', { tools: Array.from({ length: LIMITS.maxTools + 1 }, () => ({})) }],
    ['tools.0.type', { tools: [{ type: 'web_search' }] }],
    ['tools.0.function.name', { tools: [{ type: 'function', function: {} }] }],
    ['tool_choice', { tool_choice: 'maybe' }],
    ['tool_choice.type', { tool_choice: { type: 'allowed_tools' } }],
    ['response_format.type', { response_format: { type: 'grammar' } }],
    ['response_format.json_schema', { response_format: { type: 'json_schema' } }],
    ['reasoning_effort', { reasoning_effort: 'extreme' }],
    ['stream', { stream: 'yes' }],
    ['stream_options.more', { stream_options: { more: true } }],
    ['metadata', { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [i, ''])) }],
    ['metadata', { metadata: { x: 5 } }],
    ['logprobs', { logprobs: true }],
    ['logit_bias', { logit_bias: { 50256: -100 } }],
    ['modalities', { modalities: ['text', 'audio'] }],
    ['functions', { functions: [{}] }],
    ['best_of', { best_of: 20 }],
    ['service_tier', { service_tier: 'priority' }],
    ['openclaw.supersede', { openclaw: { supersede: 'ignore' } }],
    ['openclaw.input', { openclaw: { input: 'Else.' } }],
    ['openclaw.operation', { openclaw: { operation: 'run' } }],
    ['openclaw.door', { openclaw: { door: { leaseMs: 1 } } }],
    ['openclaw.parent', { openclaw: { parent: {} } }],
    ['openclaw.session', { openclaw: { session: long } }],
    ['openclaw.level', { openclaw: { level: 9 } }],
    ['openclaw.level', { openclaw: { level: 1 }, reasoning_effort: 'high' }],
    ['openclaw.session', { openclaw: { session: 's' }, n: 2 }],
    ['openclaw.budget.usd', { openclaw: { budget: { usd: -1 } } }],
    ['messages.0.name', { messages: [{ role: 'assistant', content: 'x', name: 5 }] }],
    ['__proto__', JSON.parse('{"__proto__": {"polluted": true}}') as object],
    ['constructor', { constructor: { prototype: {} } }],
  ])('is refused for its %s', (param, more) => {
    expect(refusal(() => chat(more))).toEqual({ code: 'BAD_REQUEST', param });
    expect({}).not.toHaveProperty('polluted');
  });

  test('that is no object at all is refused', () => {
    for (const body of [undefined, null, 5, 'x', []]) expect(refusal(() => parseChat(body, 0)).code).toBe('BAD_REQUEST');
  });
});

describe('a response', () => {
  test('takes a text, or items; what was thought before is left out', () => {
    expect(response().input).toEqual([user]);
    const { input } = response({
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Hi.' }] },
        { type: 'reasoning', id: 'rs_1', summary: [] },
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'Let me look.', annotations: [] }],
        },
        { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'look', arguments: '{}', status: 'completed' },
        { type: 'function_call', call_id: 'c2', name: 'look', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c1', output: 'rain' },
        { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'sun' }] },
      ],
    });
    const call = { name: 'look', arguments: '{}' };
    expect(input).toEqual([
      user,
      {
        role: 'assistant',
        content: 'Let me look.',
        toolCalls: [
          { id: 'c1', ...call },
          { id: 'c2', ...call },
        ],
      },
      { role: 'tool', toolCallId: 'c1', content: 'rain' },
      { role: 'tool', toolCallId: 'c2', content: 'sun' },
    ]);
  });

  test('keeps its settings and its tools', () => {
    const schema = nested(3);
    const { run } = response({
      max_output_tokens: 9,
      text: { format: { type: 'json_schema', name: 'n', schema, strict: true }, verbosity: 'low' },
      tools: [{ type: 'function', name: 'look', parameters: schema, strict: false, description: null }],
      tool_choice: { type: 'function', name: 'look' },
    });
    expect(run.settings).toEqual({
      maxTokens: 9,
      format: { name: 'n', schema, strict: true },
      verbosity: 'low',
      toolChoice: { name: 'look' },
    });
    expect(run.tools).toEqual([{ name: 'look', parameters: schema, strict: false }]);
  });

  test.each<readonly [string, object]>([
    ['input', { input: '' }],
    ['input', { input: [] }],
    ['input', { input: [{ type: 'reasoning', summary: [] }] }],
    ['input', { input: 5 }],
    ['input.0.type', { input: [{ type: 'item_reference', id: 'x' }] }],
    ['input.0.content.0.type', { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'x' }] }] }],
    ['input.0.call_id', { input: [{ type: 'function_call_output', output: '' }] }],
    ['store', { background: true, store: false }],
    ['previous_response_id', { previous_response_id: 'x'.repeat(65) }],
    ['conversation', { conversation: 'c' }],
    ['prompt', { prompt: { id: 'p' } }],
    ['include', { include: ['message.output_text.logprobs'] }],
    ['truncation', { truncation: 'auto' }],
    ['reasoning.effort', { reasoning: { effort: 'most' } }],
    ['reasoning.depth', { reasoning: { depth: 3 } }],
    ['text.color', { text: { color: 'red' } }],
    ['tools.0.type', { tools: [{ type: 'file_search' }] }],
    ['stop', { stop: ['x'] }],
    ['openclaw.supersede', { openclaw: { supersede: 'hold' } }],
    ['openclaw.session', { openclaw: { session: 's' }, previous_response_id: 'resp_x' }],
    ['openclaw.level', { openclaw: { level: 1 }, reasoning: { effort: 'high' } }],
    ['messages', { messages: [user] }],
  ])('is refused for its %s', (param, more) => {
    expect(refusal(() => response(more))).toEqual({ code: 'BAD_REQUEST', param });
  });
});

/** A value for each schema of the document that it does not refuse. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  messages: [user],
  input: 'Hi.',
  tools: [{ type: 'function', name: 'look', function: { name: 'look' } }],
  tool_choice: 'auto',
  stop: 'x',
  response_format: { type: 'json_object' },
  store: true,
  include: [],
  truncation: 'disabled',
};

describe('the OpenAPI document', () => {
  test.each([
    ['chat completion', chatSchema, (body: object) => parseChat(body, 0), { model: 'm', messages: [user] }],
    ['response', responseSchema, (body: object) => parseResponse(body), { model: 'm', input: 'Hi.' }],
  ] as const)('has what a %s may be asked, with the limits that hold', (_, schema, parse, least) => {
    const properties = schema['properties'] as Readonly<Record<string, Record<string, unknown>>>;
    for (const [name, { type, enum: words, minimum, maximum, maxLength, maxItems }] of Object.entries(properties)) {
      const tools =
        name === 'tools' && 'messages' in least ? [{ type: 'function', function: { name: 'look' } }] : [{ type: 'function', name: 'look' }];
      const plain = { string: 'm', boolean: false, object: {}, array: [], number: minimum ?? 0, integer: minimum ?? 0 }[String(type)];
      const value = name === 'tools' ? tools : (EXAMPLES[name] ?? (Array.isArray(words) ? words[0] : plain));
      expect(() => parse({ ...least, [name]: value }), name).not.toThrow();
      if (maximum !== undefined) expect(refusal(() => parse({ ...least, [name]: Number(maximum) + 1 })).param).toBe(name);
      if (words !== undefined) expect(refusal(() => parse({ ...least, [name]: 'other' })).param).toBe(name);
      if (maxLength !== undefined) expect(refusal(() => parse({ ...least, [name]: 'x'.repeat(Number(maxLength) + 1) })).param).toBe(name);
      if (maxItems !== undefined)
        expect(refusal(() => parse({ ...least, [name]: Array.from({ length: Number(maxItems) + 1 }, () => ({})) })).param).toBe(name);
    }
    expect(refusal(() => parse({ ...least, other: 1 })).param).toBe('other');
  });
});
