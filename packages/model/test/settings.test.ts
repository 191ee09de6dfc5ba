/** How a model is to answer, in the words of each API. */
import type { Settings } from '@openclaw-runtime/protocol';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { messagesApi } from '../src/anthropic/messages.ts';
import type { ModelRequest, ModelSink } from '../src/contract/broker.ts';
import type { Fields } from '../src/levels/fields.ts';
import { withLevel } from '../src/levels/with-level.ts';
import { chatApi } from '../src/openai/chat.ts';
import { responsesApi } from '../src/responses/responses.ts';
import { leftOut, sdkSettings } from '../src/settings/sdk.ts';

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
