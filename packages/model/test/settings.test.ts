/** How a model is to answer, in the words of each API. */
import type { Settings } from '@openclaw-runtime/protocol';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { asked } from '../src/ai-sdk/prompt.ts';
import { messagesApi } from '../src/anthropic/messages.ts';
import type { ModelRequest, ModelSink } from '../src/contract/broker.ts';
import type { Control } from '../src/levels/control.ts';
import type { Fields } from '../src/levels/fields.ts';
import { planLevel } from '../src/levels/plan.ts';
import { withLevel } from '../src/levels/with-level.ts';
import { chatApi } from '../src/openai/chat.ts';
import { responsesApi } from '../src/responses/responses.ts';
import { leftOut, sdkSettings } from '../src/settings/sdk.ts';
import { brokerOf, never } from './fixtures/brokers.ts';
import { createScriptedHttp, events } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const schema = { type: 'object', properties: { a: { type: 'string' } } };
const format = { name: 'shape', schema, strict: true };
const tools = [{ name: 'look', parameters: schema, strict: true }];
const OPENAI = 'https://api.openai.com/v1/chat/completions';
const OTHER = 'http://127.0.0.1:8000/v1/chat/completions';

const EVERYTHING: Settings = {
  temperature: 0.5,
  topP: 0.9,
  maxTokens: 100,
  stop: ['END'],
  seed: 7,
  presencePenalty: 1,
  frequencyPenalty: -1,
  format,
  toolChoice: { name: 'look' },
  parallelTools: false,
  verbosity: 'low',
};

const asking = (settings: Settings, more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'm',
  messages: [{ role: 'user', content: 'x' }],
  settings,
  ...more,
});
const bodyOf = ({ question }: { question(key: string | undefined): { readonly body?: string } }): Record<string, unknown> =>
  JSON.parse(question('k').body ?? '') as Record<string, unknown>;
const chat = (settings: Settings, more: Partial<ModelRequest> = {}, url = OTHER, fields: Fields = {}): Record<string, unknown> =>
  bodyOf(chatApi(url, 'm', 'none', asking(settings, more), fields));
const responses = (settings: Settings, more: Partial<ModelRequest> = {}): Record<string, unknown> =>
  bodyOf(
    responsesApi({ url: 'http://x/v1/responses', model: 'm', background: false, fields: {} }, asking(settings, more), () => undefined),
  );
const messages = (settings: Settings, more: Partial<ModelRequest> = {}, fields: Fields = {}): Record<string, unknown> =>
  bodyOf(messagesApi('http://x/v1/messages', 'm', 50, asking(settings, more), fields));

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof OpenClawError && error.code === 'BAD_REQUEST') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('chat completions', () => {
  test('are told everything', () => {
    expect(chat(EVERYTHING, { tools })).toMatchObject({
      temperature: 0.5,
      top_p: 0.9,
      max_tokens: 100,
      stop: ['END'],
      seed: 7,
      presence_penalty: 1,
      frequency_penalty: -1,
      response_format: { type: 'json_schema', json_schema: format },
      tools: [{ type: 'function', function: { name: 'look', strict: true } }],
      tool_choice: { type: 'function', function: { name: 'look' } },
      parallel_tool_calls: false,
      verbosity: 'low',
    });
    expect(chat({ format: 'json' })).toMatchObject({ response_format: { type: 'json_object' } });
  });

  test('of OpenAI itself know the most tokens by their newer name', () => {
    expect(chat({ maxTokens: 9 }, {}, OPENAI)).toMatchObject({ max_completion_tokens: 9 });
    expect(chat({ maxTokens: 9 }, {}, OPENAI)).not.toHaveProperty('max_tokens');
    expect(chat({ maxTokens: 9 }, {}, 'http://api.openai.com.evil.example/v1')).toHaveProperty('max_tokens', 9);
  });

  test('are told nothing that nobody set, and of tools only where there are some', () => {
    expect(Object.keys(chat({}))).toEqual(['model', 'messages', 'stream', 'stream_options']);
    expect(chat({ toolChoice: 'auto', parallelTools: true })).not.toHaveProperty('tool_choice');
  });

  test('take a speaker’s name', () => {
    expect(chat({}, { messages: [{ role: 'user', content: 'x', name: 'ann' }] })).toMatchObject({ messages: [{ name: 'ann' }] });
  });
});

describe('the Responses API', () => {
  test('is told what it has words for', () => {
    const { stop: _, seed: __, presencePenalty: ___, frequencyPenalty: ____, ...rest } = EVERYTHING;
    expect(responses(rest, { tools })).toMatchObject({
      temperature: 0.5,
      top_p: 0.9,
      max_output_tokens: 100,
      text: { format: { type: 'json_schema', ...format }, verbosity: 'low' },
      tools: [{ name: 'look', strict: true }],
      tool_choice: { type: 'function', name: 'look' },
      parallel_tool_calls: false,
    });
    expect(responses({ format: 'json' })).toMatchObject({ text: { format: { type: 'json_object' } } });
    expect(responses({ temperature: 1 })).not.toHaveProperty('text');
  });

  test.each(['stop', 'seed', 'presencePenalty', 'frequencyPenalty'] as const)('refuses %s', (name) => {
    expect(refusal(() => responses({ [name]: EVERYTHING[name] }))).toContain(`The Responses API has no ${name}`);
  });
});

describe('the messages API', () => {
  test('is told what it has words for', () => {
    const told = messages({ temperature: 0.5, topP: 0.9, stop: ['END'], format, toolChoice: 'required', parallelTools: false }, { tools });
    expect(told).toMatchObject({
      max_tokens: 50,
      temperature: 0.5,
      top_p: 0.9,
      stop_sequences: ['END'],
      output_config: { format: { type: 'json_schema', schema } },
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      tools: [{ name: 'look', strict: true }],
    });
    expect(messages({ toolChoice: { name: 'look' } }, { tools })).toMatchObject({ tool_choice: { type: 'tool', name: 'look' } });
    expect(messages({ toolChoice: 'none', parallelTools: true }, { tools })).toMatchObject({ tool_choice: { type: 'none' } });
    expect(messages({ parallelTools: true }, { tools })).toMatchObject({ tool_choice: { type: 'auto', disable_parallel_tool_use: false } });
  });

  test('keeps what the level says beside the format', () => {
    const level = { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } };
    expect(messages({ format }, {}, level)).toMatchObject({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'high', format: { type: 'json_schema', schema } },
    });
  });

  test.each(['seed', 'presencePenalty', 'frequencyPenalty', 'verbosity'] as const)('refuses %s', (name) => {
    expect(refusal(() => messages({ [name]: EVERYTHING[name] }))).toContain(`The messages API has no ${name}`);
  });

  test('refuses JSON without a schema', () => {
    expect(refusal(() => messages({ format: 'json' }))).toContain('without a schema');
  });
});

describe('the AI SDK', () => {
  test('is told what it has words for', () => {
    const { parallelTools: _, verbosity: __, ...rest } = EVERYTHING;
    expect(sdkSettings(rest, true)).toEqual({
      temperature: 0.5,
      topP: 0.9,
      maxOutputTokens: 100,
      stopSequences: ['END'],
      seed: 7,
      presencePenalty: 1,
      frequencyPenalty: -1,
      responseFormat: { type: 'json', name: 'shape', schema },
      toolChoice: { type: 'tool', toolName: 'look' },
    });
    expect(sdkSettings({ format: 'json', toolChoice: 'required', parallelTools: true }, false)).toEqual({
      responseFormat: { type: 'json' },
    });
  });

  test('refuses what it has none for, and what the package says that it left out', () => {
    expect(refusal(() => sdkSettings({ parallelTools: false }, true))).toContain('parallelTools');
    expect(refusal(() => sdkSettings({ verbosity: 'low' }, true))).toContain('verbosity');
    expect(leftOut({ seed: 7 }, [{ type: 'unsupported', feature: 'seed' }])?.code).toBe('BAD_REQUEST');
    expect(leftOut({ seed: 7 }, [{ type: 'unsupported', feature: 'topK' }])).toBeUndefined();
    expect(leftOut(undefined, [{ type: 'unsupported', feature: 'seed' }])).toBeUndefined();
  });
});

describe('a speaker’s name, of which an API has no word,', () => {
  const said = {
    messages: [{ role: 'system', content: 'Be kind.', name: 'rules' } as const, { role: 'user', content: 'Hi.', name: 'ann' } as const],
  };

  test('goes before what was said', () => {
    expect(responses({}, said)['input']).toEqual([
      { role: 'system', content: 'rules: Be kind.' },
      { role: 'user', content: 'ann: Hi.' },
    ]);
    expect(messages({}, said)).toMatchObject({
      system: 'rules: Be kind.',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'ann: Hi.' }] }],
    });
    expect(asked(asking({}, said)).prompt).toEqual([
      { role: 'system', content: 'rules: Be kind.' },
      { role: 'user', content: [{ type: 'text', text: 'ann: Hi.' }] },
    ]);
  });

  test('is nothing without words', () => {
    const silent = { messages: [{ role: 'user', content: '', name: 'ann' } as const, { role: 'user', content: 'x' } as const] };
    expect(messages({}, silent)['messages']).toEqual([{ role: 'user', content: [{ type: 'text', text: 'x' }] }]);
  });
});

describe('thinking', () => {
  type Native = Extract<Control, { readonly kind: 'native' }>;
  const budget: Native = { kind: 'native', dialect: 'budget', api: 'messages', says: ['off', 2_048, 8_192, 32_000] };
  const plan = (control: Native, model: string, more: Settings, tools?: ModelRequest['tools']) =>
    planLevel(control, asking(more, { level: 3, ...(tools && { tools }) }), 3, model);
  const thinking = (more: Settings, withTools?: ModelRequest['tools']) => {
    const { fields, leveled } = plan(budget, 'm', more, withTools);
    return [(fields['thinking'] as { readonly type: string }).type, leveled.warning];
  };

  test('is off elsewhere, too, where that is so: through the AI SDK, and beside some models’ temperature', () => {
    const sdk: Native = { kind: 'native', dialect: 'ai-sdk', api: 'ai-sdk', says: ['none', 'low', 'medium', 'xhigh'] };
    expect(plan(sdk, 'anthropic.claude-sonnet-5', { temperature: 0.2 }).fields).toEqual({ reasoning: 'none' });
    expect(plan(sdk, 'gemini-3-pro', { temperature: 0.2 }).fields).toEqual({ reasoning: 'medium' });
    const openai: Native = { kind: 'native', dialect: 'openai', api: 'chat', says: ['none', 'low', 'medium', 'xhigh'] };
    expect(plan(openai, 'gpt-5.2', { topP: 0.9 })).toEqual({
      fields: { reasoning_effort: 'none' },
      leveled: { wanted: 3, sent: '{"reasoning_effort":"none"}', warning: expect.stringContaining('temperature') },
    });
    expect(plan(openai, 'gpt-5.2', { maxTokens: 9 }).fields).toEqual({ reasoning_effort: 'medium' });
    expect(plan(openai, 'qwen', { temperature: 0 }).fields).toEqual({ reasoning_effort: 'medium' });
    const always: Native = { ...budget, dialect: 'adaptive', says: ['low', 'low', 'medium', 'xhigh'] };
    expect(plan(always, 'claude-fable-5', { temperature: 0.2 }).leveled).not.toHaveProperty('warning');
  });

  test.each([[{ temperature: 0.2 }], [{ topP: 0.5 }], [{ toolChoice: 'required' }], [{ toolChoice: { name: 'look' } }]] as const)(
    'is off in the messages API beside %j, which it does not go with, and says so',
    (settings) => {
      expect(thinking(settings, tools)).toEqual(['disabled', expect.stringContaining('does not think')]);
    },
  );

  test.each([[{ temperature: 1 }], [{ topP: 0.95 }], [{ toolChoice: 'auto' }], [{ stop: ['x'] }]] as const)('goes with %j', (settings) => {
    expect(thinking(settings, tools)).toEqual(['enabled', undefined]);
  });

  test('goes with a choice of tools where there are none', () => {
    expect(thinking({ toolChoice: 'required' })).toEqual(['enabled', undefined]);
  });

  test('takes none of the tokens that an answer may have at most', async () => {
    const http = createScriptedHttp([events({ type: 'message_stop' })]);
    const broker = brokerOf({ kind: 'anthropic' }, undefined, http);
    const warnings: (string | undefined)[] = [];
    const sink = createCollectingSink({ leveled: ({ warning }) => warnings.push(warning) });
    await broker.stream({ ...asking({ maxTokens: 100 }), model: 'claude-3-7-sonnet', level: 3 }, sink, never());
    expect(JSON.parse(http.requests[0]?.body ?? '')).toMatchObject({ max_tokens: 100, thinking: { type: 'disabled' } });
    expect(warnings).toEqual(['An answer of 100 tokens leaves no room for thinking. Raise maxTokens.']);
    await broker.close();
  });
});

test('a model that is told in words to think does not do so in an answer of a given format', async () => {
  const warnings: (string | undefined)[] = [];
  const sink = { leveled: ({ warning }: { readonly warning?: string }) => warnings.push(warning) } as unknown as ModelSink;
  const asked: ModelRequest[] = [];
  const end = { finish: 'stop', toolCalls: [], usage: { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 } } as const;
  for (const level of [2, 3, 4] as const) {
    await withLevel({ control: () => ({ kind: 'prompt' }), model: 'm' }, asking({ format: 'json' }, { level }), sink, async (request) => {
      asked.push(request);
      return end;
    });
  }
  expect(asked.map(({ messages: said }) => said)).toEqual([1, 2, 3].map(() => [{ role: 'user', content: 'x' }]));
  expect(warnings).toHaveLength(3);
});
