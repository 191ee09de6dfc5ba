/** The doors that OpenAI's clients use, with those clients as they are published. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import OpenAI, { APIUserAbortError } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { startProvider, type TestProvider } from '../provider/server.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';

const folder = makeFolder();
let provider: TestProvider;
let scripted: ScriptedProvider;
let claw: Claw;
let client: OpenAI;
let text = '';

const WEATHER = {
  name: 'weather',
  description: 'Looks out of the window.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const question = 'call weather {"city":"Bern"}';

beforeAll(async () => {
  provider = await startProvider();
  scripted = await startScriptedProvider(({ messages }) => {
    const last = messages.at(-1);
    if (last?.role === 'tool') return { text: `They say: ${last.content}` };
    const [, name, args = '{}'] = /^call ([\w-]+) (.*)$/.exec(last?.content ?? '') ?? [];
    return name === undefined ? { text: 'Hello there.' } : { calls: [{ name, arguments: JSON.parse(args) as object }] };
  });
  claw = await startClaw({
    data: folder.in('data'),
    config: {
      providers: {
        streams: { kind: 'openai', baseUrl: provider.url },
        fake: { kind: 'simulated' },
        scripted: { kind: 'openai', baseUrl: scripted.url },
      },
      models: {
        text: { provider: 'streams', price: { input: 1, output: 2 } },
        reasoning: { provider: 'streams' },
        simulated: { provider: 'fake' },
        scripted: { provider: 'scripted' },
      },
      agents: { greeter: { instructions: 'Greet.', model: 'scripted' }, counter: { model: 'scripted', uses: ['calc'] } },
    },
  });
  client = new OpenAI({ baseURL: `${claw.http}/v1`, apiKey: 'none', maxRetries: 0 });
  text = (await client.chat.completions.create({ model: 'text', messages: [{ role: 'user', content: 'Go.' }] })).choices[0]?.message
    .content as string;
});

afterAll(async () => {
  await claw?.stop('SIGKILL');
  await provider?.close();
  await scripted?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

beforeEach(() => provider.reset());

const user = (content: string) => ({ role: 'user', content }) as const;

describe('the openai package', () => {
  test('lists agents and models', async () => {
    const names = (await client.models.list()).data.map(({ id }) => id);
    expect(names).toEqual(expect.arrayContaining(['agent:greeter', 'agent:default', 'text', 'scripted']));
    expect(await client.models.retrieve('agent:greeter')).toMatchObject({ object: 'model', owned_by: 'openclaw-runtime' });
    await expect(client.models.retrieve('nobody')).rejects.toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });

  test('a chat completion says the same whole and streamed, and what it used', async () => {
    const stream = await client.chat.completions.create({
      model: 'text',
      messages: [user('Go.')],
      stream: true,
      stream_options: { include_usage: true },
    });
    let said = '';
    const chunks = [];
    for await (const chunk of stream) {
      chunks.push(chunk);
      said += chunk.choices[0]?.delta.content ?? '';
    }
    expect(said).toBe(text);
    expect(said).toBe(provider.ledger().at(-1)?.full);
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    const {
      prompt_tokens: asked = 0,
      completion_tokens: answered = 0,
      cost,
    } = (chunks.at(-1)?.usage ?? {}) as Partial<OpenAI.CompletionUsage> & {
      readonly cost?: number;
    };
    expect(answered).toBeGreaterThan(0);
    expect(cost).toBeCloseTo((asked + 2 * answered) / 1e6, 9);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  });

  test('an agent is a model: its instructions come first, and its own tools are carried out unseen', async () => {
    const greeted = await client.chat.completions.create({ model: 'agent:greeter', messages: [user('Hi.')] });
    expect(greeted.choices[0]?.message.content).toBe('Hello there.');
    expect(scripted.requests.at(-1)?.messages[0]).toEqual({ role: 'system', content: 'Greet.' });
    const counted = client.chat.completions.stream({ model: 'agent:counter', messages: [user('call calc {"expression":"6*7"}')] });
    expect(await counted.finalContent()).toContain('42');
    const { choices } = await counted.finalChatCompletion();
    expect(choices[0]?.message.tool_calls).toBeUndefined();
  });

  test('all that a request sets reaches the provider', async () => {
    const schema = { type: 'object', properties: {}, additionalProperties: false };
    await client.chat.completions.create({
      model: 'scripted',
      messages: [
        { role: 'developer', content: 'Be kind.' },
        { ...user('Hi.'), name: 'ann' },
      ],
      temperature: 0.25,
      top_p: 0.5,
      max_completion_tokens: 77,
      stop: ['one', 'two'],
      seed: 7,
      presence_penalty: 0.5,
      frequency_penalty: -0.5,
      response_format: { type: 'json_schema', json_schema: { name: 'nothing', schema, strict: true } },
      tools: [{ type: 'function', function: { ...WEATHER, strict: true } }],
      tool_choice: { type: 'function', function: { name: 'weather' } },
      parallel_tool_calls: false,
      reasoning_effort: 'low',
    });
    expect(scripted.requests.at(-1)).toMatchObject({
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hi.', name: 'ann' },
      ],
      temperature: 0.25,
      top_p: 0.5,
      max_tokens: 77,
      stop: ['one', 'two'],
      seed: 7,
      presence_penalty: 0.5,
      frequency_penalty: -0.5,
      response_format: { type: 'json_schema', json_schema: { name: 'nothing', schema, strict: true } },
      tools: [{ type: 'function', function: { name: 'weather', strict: true } }],
      tool_choice: { type: 'function', function: { name: 'weather' } },
      parallel_tool_calls: false,
    });
  });

  test('a tool has to be called in the first step only, and an answer is as long as it may be', async () => {
    const before = scripted.requests.length;
    await client.chat.completions.create({
      model: 'agent:counter',
      messages: [user('call calc {"expression":"6*7"}')],
      tool_choice: 'required',
    });
    const choices = scripted.requests.slice(before).map((request) => (request as { readonly tool_choice?: unknown }).tool_choice);
    expect(choices).toEqual(['required', undefined]);
    const cut = await client.chat.completions.create({ model: 'simulated?tokens=20&ms=1', messages: [user('Go.')], max_tokens: 5 });
    expect(cut.choices[0]).toMatchObject({ finish_reason: 'length' });
    expect(cut.usage?.completion_tokens).toBe(5);
    const response = await client.responses.create({ model: 'simulated?tokens=20&ms=1', input: 'Go.', max_output_tokens: 5 });
    expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  });

  test('an aborted stream closes the provider’s socket', async () => {
    const stream = await client.chat.completions.create({ model: 'text?gap=200', messages: [user('Stop me.')], stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    await until(() => provider.stats().clientAborted === 1);
    const whole = client.chat.completions.create({ model: 'text?gap=200', messages: [user('Stop me, too.')] }, { timeout: 3_000 });
    await expect(whole).rejects.toThrow(/timed out/);
    await until(() => provider.stats().clientAborted === 2);
    const aborting = new AbortController();
    const response = client.responses.create({ model: 'text?gap=200', input: 'And me.' }, { signal: aborting.signal });
    await until(() => provider.stats().requests === 3);
    aborting.abort();
    await expect(response).rejects.toBeInstanceOf(APIUserAbortError);
    await until(() => provider.stats().clientAborted === 3);
  });

  test('a call of the caller’s tool ends the answer, and its result comes with the next request', async () => {
    const tools = [{ type: 'function' as const, function: WEATHER }];
    const asked = await client.chat.completions.stream({ model: 'scripted', messages: [user(question)], tools }).finalChatCompletion();
    const [choice] = asked.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    const [call] = choice?.message.tool_calls ?? [];
    expect(call).toMatchObject({ type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } });
    const messages = [
      user(question),
      choice?.message as OpenAI.ChatCompletionMessageParam,
      { role: 'tool' as const, tool_call_id: call?.id ?? '', content: 'rain' },
    ];
    const answered = await client.chat.completions.create({ model: 'scripted', messages, tools });
    expect(answered.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'They say: rain' } });
  });

  test('a loop of the client’s carries out its tools, and answers can be held to a shape', async () => {
    const run = client.chat.completions.runTools({
      model: 'scripted',
      messages: [user(question)],
      tools: [
        { type: 'function', function: { ...WEATHER, parse: JSON.parse, function: ({ city }: { city: string }) => `rain in ${city}` } },
      ],
    });
    expect(await run.finalContent()).toBe('They say: rain in Bern');
    const format = { type: 'json_schema' as const, name: 'shape', schema: WEATHER.parameters, strict: true };
    await client.responses.create({ model: 'scripted', input: 'Hi.', text: { format } });
    const { type, ...shape } = format;
    expect(scripted.requests.at(-1)).toMatchObject({ response_format: { type, json_schema: shape } });
  });

  test('several answers are several choices', async () => {
    const whole = await client.chat.completions.create({ model: 'text', messages: [user('Go.')], n: 3 });
    expect(whole.choices.map(({ index, message }) => [index, message.content])).toEqual([0, 1, 2].map((i) => [i, text]));
    const streamed = await client.chat.completions.stream({ model: 'text', messages: [user('Go.')], n: 2 }).finalChatCompletion();
    expect(streamed.choices.map(({ message }) => message.content)).toEqual([text, text]);
  });

  test('what a model thinks is told beside what it says', async () => {
    const whole = await client.chat.completions.create({ model: 'reasoning', messages: [user('Think.')] });
    const message = whole.choices[0]?.message as { content: string; reasoning_content?: string } | undefined;
    expect(message?.reasoning_content?.length).toBeGreaterThan(0);
    const response = await client.responses.create({ model: 'reasoning', input: 'Think.' });
    expect(response.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
    expect(response.output[0]).toMatchObject({ summary: [{ type: 'summary_text', text: message?.reasoning_content }] });
    expect(response.output_text).toBe(message?.content);
  });

  test('errors have OpenAI’s shape and our code', async () => {
    const create = (body: object): Promise<unknown> =>
      client.chat.completions.create(body as OpenAI.ChatCompletionCreateParamsNonStreaming);
    const messages = [user('Go.')];
    await expect(create({ model: 'text', messages, n: 1_000_000 })).rejects.toMatchObject({ status: 400, code: 'BAD_REQUEST', param: 'n' });
    await expect(create({ model: 'text', messages, logprobs: true })).rejects.toMatchObject({ status: 400, param: 'logprobs' });
    const picture = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://127.0.0.1/' } }] }];
    await expect(create({ model: 'text', messages: picture })).rejects.toMatchObject({ status: 400, param: 'messages.0.content.0.type' });
    for (const stream of [false, true]) {
      await expect(create({ model: 'unknown', messages, stream })).rejects.toMatchObject({ status: 404, code: 'NOT_FOUND' });
      await expect(create({ model: 'text?status=400', messages, stream })).rejects.toMatchObject({ status: 502, code: 'PROVIDER_REFUSED' });
      const refused = client.responses.create({ model: 'text?status=400', input: 'Go.', stream });
      await expect(refused).rejects.toMatchObject({ status: 502, code: 'PROVIDER_REFUSED', type: 'server_error' });
    }
    const key = { headers: { 'Idempotency-Key': 'one-request' } };
    const first = await client.chat.completions.create({ model: 'text', messages }, key);
    expect((await client.chat.completions.create({ model: 'text', messages }, key)).id).toBe(first.id);
    await expect(client.chat.completions.create({ model: 'text', messages: [user('Else.')] }, key)).rejects.toMatchObject({
      status: 409,
      code: 'IDEMPOTENCY_CONFLICT',
    });
  });

  test('a response goes on from another, with the output of its calls', async () => {
    const tools = [{ type: 'function' as const, ...WEATHER, strict: false }];
    const asked = await client.responses.create({ model: 'scripted', input: question, instructions: 'Look.', tools });
    const [call] = asked.output;
    expect(call).toMatchObject({ type: 'function_call', name: 'weather', arguments: '{"city":"Bern"}', status: 'completed' });
    const output = { type: 'function_call_output' as const, call_id: call?.type === 'function_call' ? call.call_id : '', output: 'rain' };
    const answered = await client.responses.create({ model: 'scripted', previous_response_id: asked.id, input: [output], tools });
    expect(answered).toMatchObject({ output_text: 'They say: rain', previous_response_id: asked.id, status: 'completed' });
    expect(scripted.requests.at(-1)?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool']);
    await expect(client.responses.create({ model: 'scripted', previous_response_id: asked.id, input: 'And?' })).rejects.toMatchObject({
      status: 400,
      param: 'input',
    });
    const third = await client.responses.create({ model: 'scripted', previous_response_id: answered.id, input: 'Thanks.' });
    expect(scripted.requests.at(-1)?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant', 'user']);
    const { data } = await client.responses.inputItems.list(third.id);
    expect(data).toMatchObject([{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Thanks.' }] }]);
  });

  test('a response can be streamed, retrieved, streamed again from any event, and deleted', async () => {
    const events = [];
    const stream = await client.responses.create({ model: 'text?gap=2', input: 'Go.', stream: true, metadata: { ticket: '7' } });
    for await (const event of stream) events.push(event);
    const numbers = events.map(({ sequence_number }) => sequence_number);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(new Set(numbers).size).toBe(numbers.length);
    const last = events.at(-1);
    if (last?.type !== 'response.completed') throw new Error(`the last event is ${last?.type}`);
    const { response } = last;
    expect(response.output).toMatchObject([{ type: 'message', content: [{ text }] }]);
    const retrieved = await client.responses.retrieve(response.id);
    expect(retrieved).toMatchObject({ id: response.id, output: response.output, usage: response.usage, metadata: { ticket: '7' } });
    for (const at of [0, Math.floor(numbers.length / 2), numbers.length - 2]) {
      const rest = await client.responses.retrieve(response.id, { stream: true, starting_after: numbers[at] as number });
      expect(await all(rest)).toEqual(events.slice(at + 1));
    }
    await client.responses.delete(response.id);
    await expect(client.responses.retrieve(response.id)).rejects.toMatchObject({ status: 404 });
    await expect(client.responses.retrieve(`resp_${'x'.repeat(22)}`)).rejects.toMatchObject({ status: 404 });
    const unkept = await client.responses.create({ model: 'text', input: 'Go.', store: false });
    expect(unkept.output_text).toBe(text);
    await expect(client.responses.retrieve(unkept.id)).rejects.toMatchObject({ status: 404 });
  });

  test('a background response goes on without anybody, and a cancelled one stops at the provider', async () => {
    const { id, status } = await client.responses.create({ model: 'text?gap=5', input: 'Go.', background: true });
    expect(['queued', 'in_progress']).toContain(status);
    const watching = await client.responses.retrieve(id, { stream: true });
    for await (const event of watching) if (event.type === 'response.output_text.delta') break;
    await untilAsync(async () => (await client.responses.retrieve(id)).status === 'completed');
    expect((await client.responses.retrieve(id)).output_text).toBe(text);
    const other = await client.responses.create({ model: 'text?gap=200', input: 'Go.', background: true });
    await until(() => provider.stats().requests === 2);
    expect((await client.responses.cancel(other.id)).status).toBe('cancelled');
    await until(() => provider.stats().clientAborted === 1);
    expect((await client.responses.cancel(other.id)).status).toBe('cancelled');
  });
});

describe('@ai-sdk/openai-compatible', () => {
  const model = (name: string) => createOpenAICompatible({ name: 'openclaw', baseURL: `${claw.http}/v1`, includeUsage: true })(name);

  test('answers whole and streamed, with what was thought', async () => {
    expect((await generateText({ model: model('text'), prompt: 'Go.' })).text).toBe(text);
    const streamed = streamText({ model: model('reasoning'), prompt: 'Think.' });
    expect((await streamed.text).length).toBeGreaterThan(0);
    expect((await streamed.reasoningText)?.length).toBeGreaterThan(0);
    expect((await streamed.usage).outputTokens).toBeGreaterThan(0);
  });

  test('carries out its tools and goes on', async () => {
    const weather = tool({
      inputSchema: jsonSchema<{ city: string }>(WEATHER.parameters as Parameters<typeof jsonSchema>[0]),
      execute: async ({ city }) => `rain in ${city}`,
    });
    const streamed = streamText({ model: model('scripted'), prompt: question, tools: { weather }, stopWhen: stepCountIs(3) });
    expect(await streamed.text).toBe('They say: rain in Bern');
    expect(await streamed.steps).toHaveLength(2);
  });

  test('stops', async () => {
    const aborting = new AbortController();
    const streamed = streamText({ model: model('text?gap=200'), prompt: 'Stop me.', abortSignal: aborting.signal });
    for await (const _ of streamed.textStream) {
      aborting.abort();
      break;
    }
    await until(() => provider.stats().clientAborted === 1);
  });
});

describe('@langchain/openai', () => {
  const chat = (model: string, more: object = {}) =>
    new ChatOpenAI({ model, apiKey: 'none', configuration: { baseURL: `${claw.http}/v1` }, maxRetries: 0, ...more });

  test('answers whole and streamed, by chat completions and by responses', async () => {
    expect((await chat('text').invoke('Go.')).text).toBe(text);
    let said = '';
    for await (const chunk of await chat('text', { streamUsage: true }).stream('Go.')) said += chunk.text;
    expect(said).toBe(text);
    expect((await chat('text', { useResponsesApi: true }).invoke('Go.')).text).toBe(text);
    let told = '';
    for await (const chunk of await chat('text', { useResponsesApi: true }).stream('Go.')) told += chunk.text;
    expect(told).toBe(text);
  });

  test('calls its tools and goes on', async () => {
    const weather = langchainTool(async () => 'rain', {
      name: 'weather',
      description: WEATHER.description,
      schema: z.object({ city: z.string() }),
    });
    for (const useResponsesApi of [false, true]) {
      const bound = chat('scripted', { useResponsesApi }).bindTools([weather]);
      const asked = await bound.invoke([new HumanMessage(question)]);
      expect(asked.tool_calls).toMatchObject([{ name: 'weather', args: { city: 'Bern' } }]);
      const result = new ToolMessage({ content: 'rain', tool_call_id: asked.tool_calls?.[0]?.id ?? '' });
      expect((await bound.invoke([new HumanMessage(question), asked, result])).text).toBe('They say: rain');
    }
  });
});

test('curl -N shows each event as it comes, with its id', async () => {
  const body = JSON.stringify({ model: 'text', messages: [user('Go.')], stream: true });
  const { stdout } = await promisify(execFile)('curl', [
    '-sN',
    '-H',
    'content-type: application/json',
    '-d',
    body,
    `${claw.http}/v1/chat/completions`,
  ]);
  const events = stdout.split('\n\n').filter((event) => event !== '');
  expect(events.at(-1)).toBe('data: [DONE]');
  const said = events.slice(0, -1).map((event) => {
    const [id = '', data = ''] = event.split('\n');
    expect(id).toMatch(/^id: e1_\d{16}$/);
    return (JSON.parse(data.slice('data: '.length)) as OpenAI.ChatCompletionChunk).choices[0]?.delta.content ?? '';
  });
  expect(said.join('')).toBe(text);
});

async function all<T>(stream: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const each of stream) found.push(each);
  return found;
}

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function untilAsync(happened: () => Promise<boolean>): Promise<void> {
  while (!(await happened())) await new Promise((resolve) => setTimeout(resolve, 20));
}
