import type { Message } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import type { Level, Leveled, ModelRequest, ProviderConfig } from '../src/index.ts';
import { controlOf, LEVELS, levelsOf } from '../src/levels/control.ts';
import { dialectsAt } from '../src/levels/dialect.ts';
import { planLevel } from '../src/levels/plan.ts';
import { withRoom } from '../src/levels/room.ts';
import { ask, brokerFor, brokerOf, never } from './fixtures/brokers.ts';
import { createManualClock, hurry } from './fixtures/clocks.ts';
import { createScriptedHttp, events, finish, status } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const CHAT = 'http://p.test/v1/chat/completions';
const MESSAGES = 'https://api.anthropic.com/v1/messages';
const tools = [{ name: 'f' }];
const called: readonly Message[] = [
  { role: 'user', content: 'hi' },
  { role: 'assistant', content: '', toolCalls: [{ id: 'c', name: 'f', arguments: '{}' }] },
  { role: 'tool', toolCallId: 'c', content: 'done' },
];

function plan(place: Parameters<typeof controlOf>[0], level: Level, more: Partial<ModelRequest> = {}) {
  const control = controlOf(place);
  if (control.kind === 'prompt') throw new Error('it is told in words');
  return planLevel(control, { ...ask(place.model), ...more }, level, place.model);
}

/** What became of a level, through the broker. */
async function told(config: ProviderConfig, request: ModelRequest, replies = [events(finish('stop'))]) {
  const http = createScriptedHttp(replies);
  const leveled: Leveled[] = [];
  const clock = createManualClock();
  const sink = createCollectingSink({ leveled: (each) => leveled.push(each) });
  await hurry(clock, brokerOf(config, clock, http).stream(request, sink, never()));
  return { leveled, bodies: http.requests.map(({ body }) => JSON.parse(body ?? '{}') as Record<string, unknown>) };
}

describe('which row applies', () => {
  test.each([
    ['chat', 'https://api.openai.com/v1/chat/completions', ['openai']],
    ['chat', 'https://me.openai.azure.com/v1/chat/completions', ['openai']],
    ['chat', 'https://api.x.ai/v1/chat/completions', ['xai']],
    ['chat', 'https://api.deepseek.com/v1/chat/completions', ['deepseek']],
    ['messages', 'https://api.deepseek.com/anthropic/v1/messages', ['deepseek']],
    ['chat', 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1/chat/completions', ['qwen']],
    ['chat', 'https://openrouter.ai/api/v1/chat/completions', ['openrouter']],
    ['chat', 'http://127.0.0.1:11434/v1/chat/completions', ['ollama']],
    ['chat', 'http://gpu.test:8000/v1/chat/completions', ['openai']],
    ['messages', 'https://proxy.test/v1/messages', ['adaptive', 'budget']],
  ] as const)('by %s at %s: %j', (api, url, dialects) => {
    expect(dialectsAt(api, url)).toEqual(dialects);
  });

  test.each([
    ['chat', CHAT, 'gpt-5.6-terra?gap=1', [1, 2, 3, 4]],
    ['chat', CHAT, 'o3', [1, 3, 4]],
    ['chat', CHAT, 'gpt-5-pro', [1]],
    ['chat', CHAT, 'gpt-4o', [1]],
    ['chat', CHAT, 'o1-mini', []],
    ['chat', CHAT, 'Qwen/Qwen3-32B', []],
    ['chat', 'https://api.x.ai/v1/chat/completions', 'grok-4.20-reasoning', []],
    ['messages', MESSAGES, 'claude-fable-5', [1, 3, 4]],
    ['messages', MESSAGES, 'claude-opus-6', []],
    ['ollama', undefined, 'qwen3:8b', [1, 2]],
    ['ollama', undefined, 'llama3.2', []],
    ['ai-sdk', undefined, 'whatever', [1, 2, 3, 4]],
  ] as const)('by %s at %s, %s has the levels %4$j', (api, url, model, levels) => {
    expect(levelsOf(controlOf({ api, url, model }))).toEqual(levels);
  });

  test('the configuration of a model counts before that of its provider, and that before the table', async () => {
    const at = { kind: 'openai', baseUrl: 'http://p.test' } as const;
    expect((await told(at, { ...ask('gpt-5'), level: 3 })).bodies[0]).toMatchObject({ reasoning_effort: 'medium' });
    expect((await told({ ...at, reasoning: 'vllm' }, { ...ask('gpt-5'), level: 3 })).bodies[0]).toMatchObject({
      thinking_token_budget: 4_096,
    });
    expect((await told({ ...at, reasoning: 'none' }, { ...ask('gpt-5'), level: 3 })).bodies[0]).not.toHaveProperty('reasoning_effort');
    expect(brokerOf({ ...at, reasoning: 'prompt' }).info('m').capabilities.reasoning).toEqual(LEVELS);
  });

  test('a dialect that the API does not have is refused when the configuration is read', () => {
    expect(() => brokerOf({ kind: 'anthropic', reasoning: 'vllm' })).toThrow(
      expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringMatching(/providers\.main\.reasoning .*adaptive, budget/) }),
    );
    expect(() => brokerFor({ baseUrl: 'http://p.test', reasoning: 'gemini' })).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
  });
});

describe('what is told of it', () => {
  test('a model that nobody knows is sent nothing, and that is said', async () => {
    for (const level of LEVELS) {
      const { leveled, bodies } = await told({ kind: 'openai', baseUrl: 'http://p.test' }, { ...ask('mystery'), level });
      expect(leveled).toEqual([{ wanted: level, warning: expect.stringContaining('"mystery"') }]);
      expect(Object.keys(bodies[0] ?? {}).toSorted()).toEqual(['messages', 'model', 'stream', 'stream_options']);
    }
  });

  test('without a level nothing is said or sent', async () => {
    const { leveled, bodies } = await told({ kind: 'openai', baseUrl: 'http://p.test' }, ask('gpt-5'));
    expect([leveled, bodies[0]]).toEqual([[], expect.not.objectContaining({ reasoning_effort: expect.anything() })]);
  });

  test('each try says it again', async () => {
    const { leveled } = await told({ kind: 'openai', baseUrl: 'http://p.test' }, { ...ask('gpt-5'), level: 2 }, [
      status(503),
      events(finish('stop')),
    ]);
    const one = { wanted: 2, sent: '{"reasoning_effort":"low"}' };
    expect(leveled).toEqual([one, one]);
  });

  test('a response that is read again was told before', async () => {
    const end = events({ type: 'response.completed', response: { id: 'r' } });
    const { leveled, bodies } = await told(
      { kind: 'openai', api: 'responses', baseUrl: 'http://p.test' },
      { ...ask('gpt-5'), level: 4, attach: 'r' },
      [end],
    );
    expect([leveled, bodies]).toEqual([[], [{}]]);
  });
});

describe('requests that would be refused with their level', () => {
  const chat = (model: string) => ({ api: 'chat', url: CHAT, model }) as const;

  test('tools in OpenAI’s chat completions', () => {
    const none = {
      fields: { reasoning_effort: 'none' },
      leveled: { wanted: 3, sent: '{"reasoning_effort":"none"}', warning: expect.stringContaining('api: responses') },
    };
    expect(plan(chat('gpt-5.6-terra'), 3, { tools })).toEqual(none);
    expect(plan(chat('gpt-6-sol'), 1, { tools })).toEqual({
      fields: { reasoning_effort: 'none' },
      leveled: { wanted: 1, sent: '{"reasoning_effort":"none"}' },
    });
    expect(plan(chat('gpt-5.4'), 4, { tools })).toEqual({
      fields: {},
      leveled: { wanted: 4, warning: expect.stringContaining('api: responses') },
    });
    expect(plan(chat('gpt-5.4'), 1, { tools })).toEqual({ fields: {}, leveled: { wanted: 1 } });
    for (const model of ['gpt-6-astra', 'gpt-5.5', 'gpt-5.4-pro']) expect(plan(chat(model), 1, { tools }).leveled.warning).toBeDefined();
    expect(plan(chat('gpt-5.1'), 3, { tools }).leveled).toEqual({ wanted: 3, sent: '{"reasoning_effort":"medium"}' });
    expect(plan(chat('gpt-5.6'), 3, { tools: [] }).leveled.warning).toBe(undefined);
    expect(plan({ api: 'responses', url: 'http://p.test/v1/responses', model: 'gpt-5.6' }, 3, { tools }).fields).toEqual({
      reasoning: { effort: 'medium' },
    });
  });

  test('Claude with a budget would want its thoughts back with results of tools, and does not think before given text', () => {
    const off = { thinking: { type: 'disabled' } };
    const old = { api: 'messages', url: MESSAGES, model: 'claude-sonnet-4-5' } as const;
    expect(plan(old, 3, { messages: called, tools })).toMatchObject({ fields: off, leveled: { warning: expect.stringContaining('back') } });
    expect(plan(old, 3, { prefix: 'So' })).toMatchObject({ fields: off, leveled: { warning: expect.stringContaining('given text') } });
    expect(plan(old, 1, { messages: called, tools }).leveled.warning).toBe(undefined);
    const hurried: readonly Message[] = [...called, { role: 'user', content: 'and hurry' }];
    expect(plan(old, 3, { messages: hurried, tools })).toMatchObject({
      fields: off,
      leveled: { warning: expect.stringContaining('back') },
    });
    const later: readonly Message[] = [...called, { role: 'assistant', content: 'Done.' }, { role: 'user', content: 'and?' }];
    expect(plan(old, 3, { messages: later, tools }).leveled.warning).toBe(undefined);
    expect(plan({ ...old, model: 'claude-opus-5' }, 3, { messages: called, tools }).leveled.warning).toBe(undefined);
  });

  test('DeepSeek would want its thoughts back after any call of a tool', () => {
    const place = { api: 'chat', url: 'https://api.deepseek.com/v1/chat/completions', model: 'deepseek-v4-pro' } as const;
    for (const messages of [called, [...called, { role: 'user', content: 'and?' } as const]]) {
      expect(plan(place, 4, { messages, tools })).toMatchObject({
        fields: { thinking: { type: 'disabled' } },
        leveled: { warning: expect.any(String) },
      });
    }
    expect(plan(place, 4, { tools }).leveled.warning).toBe(undefined);
  });
});

describe('room for thoughts', () => {
  const budget = (tokens: number) => ({ thinking: { type: 'enabled', budget_tokens: tokens } });

  test('always more than they may take, never more than the model can', () => {
    for (const maxTokens of [1, 1_000, 5_000, 8_192, 32_000, 64_000]) {
      for (const outputTokens of [undefined, 4_096, 8_192, 32_000, 64_000]) {
        for (const wanted of [1_024, 2_048, 8_192, 32_000]) {
          const room = { maxTokens, outputTokens, isConfigured: true };
          const { fields, warning } = withRoom(budget(wanted), room);
          const thinking = fields['thinking'] as { readonly type: string; readonly budget_tokens?: number };
          const max = (fields['max_tokens'] as number | undefined) ?? maxTokens;
          // What is not as the table has it is said.
          expect(thinking.budget_tokens !== wanted, JSON.stringify(room)).toBe(warning !== undefined);
          if (thinking.budget_tokens !== undefined)
            expect([thinking.budget_tokens < max, thinking.budget_tokens >= 1_024]).toEqual([true, true]);
          expect(max).toBeGreaterThanOrEqual(maxTokens);
          // Nobody can know that a model of which nothing is known takes more than somebody configured for it.
          expect(max).toBeLessThanOrEqual(Math.max(maxTokens, outputTokens ?? 0));
        }
      }
    }
  });

  test('of a model of which nothing is known, what is not configured is room enough', () => {
    const room = { maxTokens: 4_096, outputTokens: undefined, isConfigured: false };
    expect(withRoom(budget(32_000), room)).toEqual({ fields: { ...budget(32_000), max_tokens: 36_096 } });
  });

  test('opus 4 can say 32,000 tokens in all: some are left for the answer', async () => {
    const answer = [events({ type: 'message_stop' })];
    const { bodies, leveled } = await told({ kind: 'anthropic' }, { ...ask('claude-opus-4-1'), level: 4 }, answer);
    expect(bodies[0]).toMatchObject({ max_tokens: 32_000, thinking: { budget_tokens: 27_904 } });
    expect(leveled).toMatchObject([{ wanted: 4, sent: expect.stringContaining('27904'), warning: expect.stringMatching(/32000.*27904/) }]);
    const enough = await told({ kind: 'anthropic' }, { ...ask('claude-opus-4-1'), level: 3 }, answer);
    expect(enough.leveled[0]?.warning).toBe(undefined);
  });

  test('what somebody configured is not raised for thoughts that nobody counts', async () => {
    const { bodies } = await told({ kind: 'anthropic', maxTokens: 9_000 }, { ...ask('claude-opus-5'), level: 4 }, [
      events({ type: 'message_stop' }),
    ]);
    expect(bodies[0]).toMatchObject({ max_tokens: 9_000, output_config: { effort: 'xhigh' } });
  });
});

test('the simulated model thinks four times as long with each level', async () => {
  const words = async (model: string, level?: Level) => {
    const clock = createManualClock();
    const sink = createCollectingSink();
    const end = await hurry(
      clock,
      brokerOf({ kind: 'simulated' }, clock).stream({ ...ask(model), ...(level && { level }) }, sink, never()),
    );
    expect(end.usage.reasoningTokens).toBe(sink.thoughts.length);
    return sink.thoughts.length;
  };
  expect(await words('s?tokens=3&ms=1')).toBe(0);
  expect(await Promise.all(LEVELS.map((level) => words('s?tokens=3&ms=1', level)))).toEqual([0, 10, 40, 160]);
  expect(await Promise.all(LEVELS.map((level) => words('s?tokens=3&ms=1&thinking=2', level)))).toEqual([0, 2, 8, 32]);
  expect(brokerOf({ kind: 'simulated' }).info('s').capabilities.reasoning).toEqual([1, 2, 3, 4]);
});
