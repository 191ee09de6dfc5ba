/** Traces as a collector of OpenTelemetry gets them, over a real server, a provider and a kill. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';
import { startTracedProvider, type TracedProvider } from './traces/provider.ts';
import { type ReceivedSpan, type Receiver, startReceiver } from './traces/receiver.ts';

const CALLER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const QUESTION = 'the secret of the house';

const folder = makeFolder();
const client = new OpenClawClient({ reconnectDelay: 50 });
let receiver: Receiver;
let provider: TracedProvider;
let claw: Claw;
let config: object;

beforeAll(async () => {
  receiver = await startReceiver();
  writeFileSync(folder.in('key'), 'key of the collector');
  provider = await startTracedProvider();
  const model = { provider: 'own' };
  config = {
    providers: { own: { kind: 'openai', baseUrl: provider.url } },
    models: { plain: model, tools: model, slow: model, broken: { ...model, fallback: ['plain'] } },
    defaultModel: 'plain',
    agents: {
      solver: { model: 'tools', uses: ['calc'] },
      hand: {},
      crew: { module: fileURLToPath(new URL('agents/crew.ts', import.meta.url)) },
    },
    tracing: { endpoint: receiver.url, headers: { 'x-key': `secret://file${folder.in('key')}` } },
  };
  claw = await startClaw({ data: folder.in('data'), config });
  await client.connect(claw.url);
});

afterAll(async () => {
  client.close();
  await claw?.stop('SIGKILL');
  await receiver?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function post(path: string, json: object, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const { body } = await fetchJson(`${claw.http}${path}`, {
    method: 'POST',
    json,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return (body as { readonly run: string }).run;
}

const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan => {
  const found = spans.filter((span) => span.name === name);
  expect(found, name).toHaveLength(1);
  return found[0] as ReceivedSpan;
};

test('a run is a span, with one for each model call and each call of a tool, in the caller’s trace', async () => {
  const run = await post(
    '/v1/runs',
    { input: QUESTION, agent: 'solver', session: 'talk' },
    { traceparent: CALLER, tracestate: 'vendor=1' },
  );
  const spans = await receiver.of(run, 4);
  const [, traceId, caller] = CALLER.split('-');
  expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
  expect(new Set(spans.map((span) => span.traceState))).toEqual(new Set(['vendor=1']));
  const whole = named(spans, 'invoke_agent solver');
  expect(whole.parentSpanId).toBe(caller);
  expect(whole.attributes).toMatchObject({
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': 'solver',
    'gen_ai.conversation.id': 'talk',
    'gen_ai.usage.input_tokens': 24,
    'gen_ai.usage.output_tokens': 6,
    'gen_ai.response.finish_reasons': ['stop'],
    'openclaw.status': 'completed',
  });
  const calls = spans.filter(({ name }) => name === 'chat tools');
  expect(calls.map(({ attributes }) => attributes['gen_ai.response.finish_reasons'])).toEqual([['tool_calls'], ['stop']]);
  for (const call of calls) {
    expect(call).toMatchObject({ kind: 3, parentSpanId: whole.spanId, status: { code: 0 } });
    expect(call.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'own',
      'gen_ai.request.model': 'tools',
      'gen_ai.response.model': 'tools',
      'gen_ai.usage.input_tokens': 12,
      'gen_ai.usage.output_tokens': 3,
      'gen_ai.conversation.id': 'talk',
    });
    expect(call.startMs).toBeGreaterThanOrEqual(whole.startMs);
    expect(call.endMs).toBeLessThanOrEqual(whole.endMs);
  }
  expect(calls[1]?.attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThanOrEqual(0);
  const tool = named(spans, 'execute_tool calc');
  expect(tool).toMatchObject({ parentSpanId: whole.spanId, status: { code: 0 } });
  expect(tool.attributes).toMatchObject({
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'calc',
    'gen_ai.tool.call.id': 'call_1',
  });
  expect(spans[0]?.resource).toMatchObject({ 'service.name': 'openclaw-runtime' });
  expect(receiver.requests[0]?.headers['x-key']).toBe('key of the collector');
  // The provider is told of the very span that its call is.
  const told = provider.asked.filter(({ model }) => model === 'tools').map(({ headers }) => headers);
  expect(told.map(({ traceparent }) => traceparent)).toEqual(calls.map(({ spanId }) => `00-${traceId}-${spanId}-01`));
  expect(told.map(({ tracestate }) => tracestate)).toEqual(['vendor=1', 'vendor=1']);
});

test('the collector is shown the key of the moment', async () => {
  writeFileSync(folder.in('key'), 'another key of the collector');
  await receiver.of(await post('/v1/runs', { input: 'x' }), 2);
  expect(receiver.requests.at(-1)?.headers['x-key']).toBe('another key of the collector');
});

test('nothing that people, models or tools said is in a span, unless that is asked for', () => {
  const sent = receiver.requests.map(({ text }) => text).join();
  for (const said of [QUESTION, 'whispered', '6*7', '42']) expect(sent).not.toContain(`"${said}`);
});

test('the doors of OpenAI and the WebSocket take a trace, too; one that is not sampled is not sent', async () => {
  const before = receiver.spans.length;
  const unsampled = CALLER.replace(/01$/, '00');
  await post('/v1/chat/completions', { model: 'plain', messages: [{ role: 'user', content: 'x' }] }, { traceparent: unsampled });
  expect(provider.asked.at(-1)?.headers.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
  const other = CALLER.replace('0af7', '1af7');
  await post('/v1/chat/completions', { model: 'plain', messages: [{ role: 'user', content: 'x' }] }, { traceparent: other });
  const run = await post('/v1/runs', { input: 'x', trace: { parent: CALLER.replace('0af7', '2af7') } }, { traceparent: other });
  const traces = (await receiver.of(run, 2)).map(({ traceId }) => traceId.slice(0, 4));
  expect(new Set(traces)).toEqual(new Set(['2af7']));
  const since = receiver.spans.slice(before).map(({ traceId }) => traceId.slice(0, 4));
  expect(since.filter((id) => id === '1af7')).toHaveLength(2);
  expect(since).not.toContain('0af7');
  const { status } = await fetchJson(`${claw.http}/v1/runs`, {
    method: 'POST',
    json: { input: 'x' },
    headers: { traceparent: 'nonsense' },
  });
  expect(status).toBe(201);
});

test('an error says its kind, and a model that stood in is named', async () => {
  const broken = client.run({ input: 'x', model: 'broken' });
  await broken.result();
  const spans = await receiver.of(broken.id ?? '', 2);
  const call = named(spans, 'chat broken');
  expect(call.attributes).toMatchObject({ 'gen_ai.request.model': 'broken', 'gen_ai.response.model': 'plain' });
  expect(call.events[0]).toMatchObject({
    name: 'retried',
    attributes: { 'error.type': 'PROVIDER_REFUSED', 'gen_ai.request.model': 'plain' },
  });
  const failing = client.run({ input: 'x', model: 'nobody has it' });
  const { error } = await failing.result();
  const whole = named(await receiver.of(failing.id ?? '', 1), 'invoke_agent default');
  expect(whole).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': error?.code, 'openclaw.status': 'failed' } });
});

test('runs that a run starts are below it', async () => {
  const run = await post('/v1/runs', { input: 'x', agent: 'crew', operation: 'work' }, { traceparent: CALLER.replace('0af7', '3af7') });
  const [own] = await receiver.of(run, 1);
  const below = receiver.spans.filter(({ name, attributes }) => name === 'invoke_agent hand' && attributes['openclaw.parent'] === run);
  expect(below.map(({ parentSpanId, traceId }) => [parentSpanId, traceId])).toEqual([1, 2].map(() => [own?.spanId, own?.traceId]));
  expect(own?.traceId).toMatch(/^3af7/);
});

test('a trace goes on where the process was killed', async () => {
  // What a client was told is on the disk, and so is that the step began.
  const told = new Promise<void>((resolve) => client.on('token', () => resolve()));
  const run = client.run({ input: 'x', model: 'slow' });
  await told;
  const [first] = provider.asked.filter(({ model }) => model === 'slow');
  const { port } = claw;
  await claw.stop('SIGKILL');
  provider.release();
  claw = await startClaw({ data: folder.in('data'), config, port });
  expect((await run.result()).status).toBe('completed');
  const spans = await receiver.of(run.id ?? '', 2);
  const again = provider.asked.filter(({ model }) => model === 'slow').at(-1);
  expect(again?.headers.traceparent).toBe(first?.headers.traceparent);
  const [, traceId, spanId] = String(first?.headers.traceparent).split('-');
  expect(named(spans, 'chat slow')).toMatchObject({ traceId, spanId, attributes: { 'openclaw.taken_up': true } });
  expect(named(spans, 'invoke_agent default')).toMatchObject({ traceId });
});
