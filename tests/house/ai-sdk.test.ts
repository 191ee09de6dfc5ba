/** Agents and models of a server as models of the AI SDK, with that SDK as it is published. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { APICallError, generateText, isStepCount, jsonSchema, Output, streamText, tool } from 'ai';
import { createOpenClaw } from 'openclaw-runtime/ai-sdk';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { startProvider, type TestProvider } from '../provider/server.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';

const TOKEN = 'a-token-of-this-test';
const folder = makeFolder();
let provider: TestProvider;
let scripted: ScriptedProvider;
let claw: Claw;
let openclaw: ReturnType<typeof createOpenClaw>;

beforeAll(async () => {
  provider = await startProvider();
  scripted = await startScriptedProvider(({ messages }) => {
    const last = messages.at(-1);
    if (last?.role === 'tool') return { text: `They say: ${last.content}`, usage: { prompt_tokens: 9, completion_tokens: 4 } };
    const [, name, args = '{}'] = /^call ([\w-]+) (.*)$/.exec(last?.content ?? '') ?? [];
    if (name !== undefined) return { calls: [{ name, arguments: JSON.parse(args) as object }] };
    return last?.content === 'json'
      ? { text: '{"city":"Bern"}' }
      : { text: 'Hello there.', usage: { prompt_tokens: 7, completion_tokens: 2 } };
  });
  await start(0);
  openclaw = createOpenClaw({ url: claw.url, token: TOKEN, reconnectDelay: 50, maxReconnectAttempts: 50 });
});

afterAll(async () => {
  await claw?.stop('SIGKILL');
  await provider?.close();
  await scripted?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

beforeEach(() => provider.reset());

async function start(port: number): Promise<void> {
  claw = await startClaw({
    data: folder.in('data'),
    port,
    config: {
      server: { token: TOKEN },
      providers: {
        streams: { kind: 'openai', baseUrl: provider.url },
        hasty: { kind: 'openai', baseUrl: provider.url, retries: { max: 0 } },
        scripted: { kind: 'openai', baseUrl: scripted.url },
      },
      models: {
        ...Object.fromEntries(['text', 'error', 'hold'].map((name) => [name, { provider: 'streams', name: 'text' }])),
        reasoning: { provider: 'streams' },
        scripted: { provider: 'scripted' },
        failing: { provider: 'hasty', name: 'text?status=500' },
      },
      agents: { greeter: { instructions: 'Greet.', model: 'scripted' }, counter: { model: 'scripted', uses: ['calc'] } },
    },
  });
}

const weather = tool({
  description: 'Looks out of the window.',
  inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }),
  execute: async ({ city }) => `Rain in ${city}.`,
});

test('an answer is the same whole and streamed; it names its run and what it used', async () => {
  const whole = await generateText({ model: openclaw('text'), prompt: 'Go.' });
  const streamed = streamText({ model: openclaw('text'), prompt: 'Go.' });
  expect(await streamed.text).toBe(whole.text);
  expect(whole.text).toBe(provider.ledger().at(-1)?.full);
  const { id, modelId } = await streamed.response;
  expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(modelId).toBe('text');
  expect(await streamed.usage).toEqual(whole.usage);
  expect(whole.usage.outputTokens).toBeGreaterThan(0);
  expect((await streamed.providerMetadata)?.['openclaw']).toMatchObject({ run: id });
  const stored = await fetch(`${claw.http}/v1/runs/${id}`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(await stored.json()).toMatchObject({ status: 'completed', text: whole.text });
});

test('thoughts are reasoning', async () => {
  const answer = await generateText({ model: openclaw('reasoning'), prompt: 'Think.', reasoning: 'high' });
  expect(answer.reasoningText?.length).toBeGreaterThan(10);
  expect(answer.content[0]?.type).toBe('reasoning');
  const parts: string[] = [];
  const stream = streamText({ model: openclaw('reasoning'), prompt: 'Think.' });
  for await (const part of stream.fullStream) parts.push(part.type);
  expect(parts.filter((type, i) => type !== parts[i - 1])).toEqual([
    'start',
    'start-step',
    'reasoning-start',
    'reasoning-delta',
    'reasoning-end',
    'text-start',
    'text-delta',
    'text-end',
    'finish-step',
    'finish',
  ]);
});

test('the caller’s tools are called here, in a loop, whole and streamed; an agent’s own tools there, and are told', async () => {
  const loop = { model: openclaw('scripted'), prompt: 'call weather {"city":"Bern"}', tools: { weather }, stopWhen: isStepCount(3) };
  const whole = await generateText(loop);
  expect(whole.text).toBe('They say: Rain in Bern.');
  expect(whole.steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop']);
  const streamed = streamText(loop);
  expect(await streamed.text).toBe('They say: Rain in Bern.');
  const own = await generateText({ model: openclaw('agent:counter'), prompt: 'call calc {"expression":"6*7"}' });
  expect(own.text).toBe('They say: 42');
  expect(own.steps).toHaveLength(1);
  expect(own.content.map(({ type }) => type)).toEqual(['tool-call', 'tool-result', 'text']);
  expect(own.toolResults[0]).toMatchObject({ providerExecuted: true, dynamic: true, toolName: 'calc', output: '42' });
  const next = await generateText({
    model: openclaw('agent:counter'),
    messages: [{ role: 'user', content: 'call calc {"expression":"6*7"}' }, ...own.responseMessages, { role: 'user', content: 'Hi.' }],
  });
  expect(next.text).toBe('Hello there.');
  expect(scripted.requests.at(-1)?.messages.map(({ content }) => content)).toEqual([
    'call calc {"expression":"6*7"}',
    'They say: 42',
    'Hi.',
  ]);
});

test('settings, a schema, an agent, a level and a session reach the server; what has no effect is a warning', async () => {
  const { output, warnings } = await generateText({
    model: openclaw('scripted'),
    prompt: 'json',
    temperature: 0.25,
    topP: 0.5,
    topK: 3,
    maxOutputTokens: 77,
    stopSequences: ['one'],
    seed: 7,
    presencePenalty: 0.5,
    frequencyPenalty: -0.5,
    headers: { 'x-mine': 'yes' },
    output: Output.object({ schema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } }) }),
    providerOptions: { openclaw: { agent: 'greeter' } },
  });
  expect(output).toEqual({ city: 'Bern' });
  expect(warnings).toMatchObject([
    { type: 'unsupported', feature: 'topK' },
    { type: 'unsupported', feature: 'headers' },
  ]);
  expect(scripted.requests.at(-1)).toMatchObject({
    messages: [{ role: 'system', content: 'Greet.' }, { role: 'user' }],
    temperature: 0.25,
    top_p: 0.5,
    stop: ['one'],
    seed: 7,
    presence_penalty: 0.5,
    frequency_penalty: -0.5,
    response_format: { type: 'json_schema', json_schema: { name: 'answer' } },
  });
  const openclawOptions = { openclaw: { session: 'ann', level: 2 } };
  await generateText({ model: openclaw('agent:greeter'), prompt: 'Hi.', providerOptions: openclawOptions });
  const messages = [
    { role: 'user', content: 'Hi.' },
    { role: 'assistant', content: 'Hello there.' },
    { role: 'user', content: 'Again.' },
  ] as const;
  await generateText({ model: openclaw('agent:greeter'), messages: [...messages], providerOptions: openclawOptions });
  expect(scripted.requests.at(-1)?.messages.map(({ content }) => content)).toEqual(['Greet.', 'Hi.', 'Hello there.', 'Again.']);
});

test('what is refused is an APICallError with our code, and no run', async () => {
  const refused = async (options: Partial<Parameters<typeof generateText>[0]>, model = 'text') =>
    generateText({ model: openclaw(model), prompt: 'Go.', maxRetries: 0, ...options } as Parameters<typeof generateText>[0]).then(
      () => undefined,
      (error: unknown) => error,
    );
  const unknown = await refused({}, 'agent:nobody');
  expect(APICallError.isInstance(unknown) && unknown).toMatchObject({ statusCode: 404, isRetryable: false, data: { code: 'NOT_FOUND' } });
  expect(await refused({ providerOptions: { openclaw: { budgt: 1 } } })).toMatchObject({ name: 'AI_InvalidArgumentError' });
  expect(await refused({ providerOptions: { openclaw: { level: 9 } } })).toMatchObject({ statusCode: 400 });
  const file = { type: 'file', data: 'http://127.0.0.1:9/x.png', mediaType: 'image/png' } as const;
  expect(await refused({ prompt: [{ role: 'user', content: [file] }] })).toBeInstanceOf(Error);
  expect(provider.stats().requests).toBe(0);
  const stranger = createOpenClaw({ url: claw.url, token: 'wrong' });
  await expect(generateText({ model: stranger('text'), prompt: 'Go.', maxRetries: 0 })).rejects.toMatchObject({ statusCode: 401 });
});

test('a run that failed is not begun anew, and what is refused takes nobody’s connection', async () => {
  const runs = async (): Promise<number> =>
    (
      (await (await fetch(`${claw.http}/v1/runs?limit=100`, { headers: { authorization: `Bearer ${TOKEN}` } })).json()) as {
        runs: unknown[];
      }
    ).runs.length;
  let dials = 0;
  class Counted extends WebSocket {
    constructor(...options: ConstructorParameters<typeof WebSocket>) {
      super(...options);
      dials++;
    }
  }
  const counted = createOpenClaw({ url: claw.url, token: TOKEN, WebSocket: Counted as never, idleMs: 5_000 });
  const before = await runs();
  const failed = generateText({ model: counted('failing'), prompt: 'Go.' });
  await expect(failed).rejects.toMatchObject({ isRetryable: false, data: { code: 'PROVIDER_FAILED' } });
  expect(await runs()).toBe(before + 1);
  await expect(generateText({ model: counted('agent:nobody'), prompt: 'Go.' })).rejects.toMatchObject({ data: { code: 'NOT_FOUND' } });
  await generateText({ model: counted('agent:greeter'), prompt: 'Hi.' });
  expect(dials).toBe(1);
});

test('an abort cancels the run, up to the provider’s socket', async () => {
  const stop = new AbortController();
  let said = '';
  const stream = streamText({ model: openclaw('text?gap=100'), prompt: 'Go.', abortSignal: stop.signal });
  for await (const delta of stream.textStream) {
    said += delta;
    if (said.length > 40) stop.abort();
  }
  await until(() => provider.stats().clientAborted === 1);
  const status = async (): Promise<string | undefined> => {
    const response = await fetch(`${claw.http}/v1/runs?limit=1`, { headers: { authorization: `Bearer ${TOKEN}` } });
    return ((await response.json()) as { readonly runs: readonly { readonly status: string }[] }).runs[0]?.status;
  };
  // The provider hears of it before it is on the disk.
  await expect.poll(status, { timeout: 10_000 }).toBe('cancelled');
});

test('a stream that nobody reads any more cancels its run as well, also before its first word', async () => {
  const { stream } = await openclaw('text?ttft=3000').doStream({ prompt: [{ role: 'user', content: [{ type: 'text', text: 'Go.' }] }] });
  await until(() => provider.stats().requests === 1);
  await stream.cancel();
  await until(() => provider.stats().clientAborted === 1);
  const stop = new AbortController();
  const aborted = await openclaw('text?ttft=3000').doStream({
    prompt: [{ role: 'user', content: [{ type: 'text', text: 'Go.' }] }],
    abortSignal: stop.signal,
  });
  await until(() => provider.stats().requests === 2);
  stop.abort();
  await expect(aborted.stream.getReader().read()).rejects.toMatchObject({ name: 'AbortError' });
  await until(() => provider.stats().clientAborted === 2);
});

test('a program that has its answer ends', async () => {
  const program = `
    import { generateText } from 'ai';
    import { createOpenClaw } from 'openclaw-runtime/ai-sdk';
    const openclaw = createOpenClaw({ url: '${claw.url}', token: '${TOKEN}', idleMs: 100 });
    process.stdout.write((await generateText({ model: openclaw('agent:greeter'), prompt: 'Hi.' })).text);`;
  const args = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  expect((await promisify(execFile)(process.execPath, args, { cwd, timeout: 50_000 })).stdout).toBe('Hello there.');
});

test('words that do not stand end the stream, or are never told', async () => {
  const ask = (supersede: 'error' | 'hold') =>
    streamText({
      model: openclaw(`${supersede}?vary=1&gap=4&cut=30&times=1&of=sdk-${supersede}`),
      prompt: 'Go.',
      maxRetries: 0,
      onError: () => undefined,
      providerOptions: { openclaw: { supersede, tokenInterval: 0 } },
    });
  const broken = ask('error');
  const errors: unknown[] = [];
  for await (const part of broken.fullStream) if (part.type === 'error') errors.push(part.error);
  expect(errors).toMatchObject([{ statusCode: 502, data: { code: 'PROVIDER_FAILED' } }]);
  const held = ask('hold');
  expect(await held.text).toBe(provider.ledger().at(-1)?.full);
});

test('kill -9 in the middle of a stream: it goes on, exactly once; with a key another process gets the same answer', async () => {
  const options = { model: openclaw('text?gap=15'), prompt: 'Outlive it.', providerOptions: { openclaw: { idempotencyKey: 'outlive' } } };
  const stream = streamText(options);
  let said = '';
  let killed: Promise<void> | undefined;
  for await (const delta of stream.textStream) {
    said += delta;
    if (said.length > 60) killed ??= claw.stop('SIGKILL').then(async () => start(claw.port));
  }
  await killed;
  expect(said).toBe((await generateText({ model: openclaw('text'), prompt: 'Go.' })).text);
  const { id } = await stream.response;
  const requests = provider.stats().requests;
  const other = createOpenClaw({ url: claw.url, token: TOKEN });
  const again = await generateText({ ...options, model: other('text?gap=15') });
  expect([again.text, again.response.id, provider.stats().requests]).toEqual([said, id, requests]);
});

async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error('it never came');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
