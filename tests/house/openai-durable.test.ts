/** What becomes of answers through OpenAI's doors when the server dies, the client goes, or the provider breaks off. */
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { startProvider, type TestProvider } from '../provider/server.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';

const folder = makeFolder();
let provider: TestProvider;
let scripted: ScriptedProvider;
let claw: Claw;
let client: OpenAI;
const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
const { promise: asksAgain, resolve: askedAgain } = Promise.withResolvers<void>();

beforeAll(async () => {
  provider = await startProvider();
  scripted = await startScriptedProvider(async ({ messages }) => {
    const last = messages.at(-1);
    if (last?.role !== 'tool') return { calls: [{ name: 'calc', arguments: { expression: '6*7' } }] };
    askedAgain();
    await answered;
    return { text: `They say: ${last.content}` };
  });
  await start(0);
  client = new OpenAI({ baseURL: `${claw.http}/v1`, apiKey: 'none', maxRetries: 0 });
});

afterAll(async () => {
  await claw?.stop('SIGKILL');
  await provider?.close();
  answer();
  await scripted?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

beforeEach(() => provider.reset());

async function start(port: number): Promise<void> {
  claw = await startClaw({
    data: folder.in('data'),
    port,
    config: {
      providers: {
        chat: { kind: 'openai', baseUrl: provider.url },
        scripted: { kind: 'openai', baseUrl: scripted.url },
        kept: { kind: 'openai', api: 'responses', baseUrl: provider.url },
      },
      models: {
        text: { provider: 'chat' },
        // Each is judged by its own faults.
        ...Object.fromEntries(['error', 'hold', 'rewind', 'items'].map((name) => [name, { provider: 'chat', name: 'text' }])),
        scripted: { provider: 'scripted' },
        kept: { provider: 'kept', name: 'text?vary=1' },
      },
      agents: { worker: { model: 'scripted', uses: ['calc'] } },
    },
  });
}

async function kill(): Promise<void> {
  await claw.stop('SIGKILL');
  await start(claw.port);
}

const GO = [{ role: 'user', content: 'Go.' }] as const;

test('after kill -9 a background response has the same id, nothing is lost or told twice, and its provider was asked once', async () => {
  const events: OpenAI.Responses.ResponseStreamEvent[] = [];
  const stream = await client.responses.create({ model: 'kept?gap=15', input: 'Outlive it.', background: true, stream: true });
  const broken = readInto(events, stream).then(
    () => 'ended',
    () => 'broken',
  );
  // What a client was told is on the disk, and so is whose answer it is.
  await until(() => told(events).length > 60);
  await kill();
  expect(await broken).toBe('broken');
  const [created] = events;
  if (created?.type !== 'response.created') throw new Error('there was no response');
  const { id } = created.response;
  for (;;) {
    const seen = events.at(-1)?.sequence_number ?? 0;
    for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: seen })) events.push(event);
    if (events.at(-1)?.type === 'response.completed') break;
  }
  const [first, ...others] = provider.ledger();
  const numbers = events.map(({ sequence_number }) => sequence_number);
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  expect(told(events)).toBe(first?.full);
  const response = await client.responses.retrieve(id);
  expect(response).toMatchObject({ id, status: 'completed', output: [{ type: 'message', content: [{ text: first?.full }] }] });
  expect(others.map(({ response: kept, again }) => ({ kept, again }))).toEqual([{ kept: first?.response, again: true }]);
});

test('after kill -9 a background response of an agent does not ask again for its finished steps', async () => {
  const { id } = await client.responses.create({ model: 'agent:worker', input: 'What is 6*7?', background: true });
  await asksAgain;
  await kill();
  expect(['queued', 'in_progress']).toContain((await client.responses.retrieve(id)).status);
  answer();
  await untilAsync(async () => (await client.responses.retrieve(id)).status === 'completed');
  expect((await client.responses.retrieve(id)).output_text).toBe('They say: 42');
  expect(scripted.requests.filter(({ messages }) => messages.at(-1)?.role === 'user')).toHaveLength(1);
  expect(scripted.requests.filter(({ messages }) => messages.at(-1)?.role === 'tool')).toHaveLength(2);
});

test('with an idempotency key a chat completion goes on where it was, after a lost connection and after kill -9', async () => {
  const body = { model: 'text?gap=15', messages: GO, stream: true };
  const first = await chunks(body, 'resumed', undefined, 8);
  await claw.stop('SIGKILL');
  await start(claw.port);
  const second = await chunks(body, 'resumed', first.at(-1)?.id, 5);
  const third = await chunks(body, 'resumed', second.at(-1)?.id);
  const all = [...first, ...second, ...third];
  expect(all.at(-1)?.data).toBe('[DONE]');
  const ids = all.flatMap(({ id }) => (id === undefined ? [] : [id]));
  expect(ids).toEqual([...new Set(ids)].toSorted());
  expect(all.map(({ content }) => content).join('')).toBe((await whole('text')).content);
  const again = await chunks(body, 'resumed');
  expect(again.map(({ content }) => content).join('')).toBe((await whole('text')).content);
  const wrong = await client.chat.completions
    .create(
      { ...body, messages: [...GO], stream: true },
      { headers: { 'Idempotency-Key': 'resumed', 'Last-Event-ID': 'e9_0000000000000003' } },
    )
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  expect(wrong).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
});

test('words that do not stand: an error, a chunk that says how far to go back, or none of them', async () => {
  const body = (supersede?: string) => ({
    model: `${supersede ?? 'error'}?vary=1&gap=4&cut=30&times=1&of=${supersede}`,
    messages: GO,
    stream: true,
    ...(supersede === undefined ? {} : { openclaw: { supersede, tokenInterval: 0 } }),
  });
  const broken = await chunks(body());
  expect(JSON.parse(broken.at(-1)?.data ?? '')).toMatchObject({ error: { code: 'PROVIDER_FAILED', type: 'server_error' } });
  const held = await chunks(body('hold'));
  expect(held.map(({ content }) => content).join('')).toBe(provider.ledger().at(-1)?.full);
  const rewound = await chunks(body('rewind'));
  let said = '';
  let rewinds = 0;
  for (const { data, content } of rewound) {
    const { openclaw } = data === '[DONE]' ? {} : (JSON.parse(data) as { openclaw?: { rewind: { content: number } } });
    if (openclaw) {
      rewinds++;
      said = said.slice(0, openclaw.rewind.content);
    }
    said += content;
  }
  expect(rewinds).toBe(1);
  expect(said).toBe(provider.ledger().at(-1)?.full);
});

test('a response whose words do not stand has an item that is incomplete and empty, and another with those that do', async () => {
  const stream = client.responses.stream({ model: 'items?vary=1&gap=4&cut=30&times=1', input: 'Go.' });
  const items: unknown[] = [];
  stream.on('event', (event) => {
    if (event.type === 'response.output_item.done') items.push(event.item);
  });
  const response = await stream.finalResponse();
  const { full } = provider.ledger().at(-1) ?? {};
  expect(items).toMatchObject([
    { status: 'incomplete', content: [] },
    { status: 'completed', content: [{ text: full }] },
  ]);
  expect(response.output_text).toBe(full);
  expect(response.output).toMatchObject((await client.responses.retrieve(response.id)).output);
});

interface Told {
  readonly id: string | undefined;
  readonly data: string;
  readonly content: string;
}

/** Events of a chat completion, at most `most` that have content. */
async function chunks(body: object, key?: string, lastId?: string, most = Number.POSITIVE_INFINITY): Promise<readonly Told[]> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (key !== undefined) headers['idempotency-key'] = key;
  if (lastId !== undefined) headers['last-event-id'] = lastId;
  const response = await fetch(`${claw.http}/v1/chat/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  if (response.status !== 200) throw new Error(await response.text());
  const events: Told[] = [];
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of response.body ?? []) {
    const blocks = (rest + decoder.decode(part, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith(':')) continue;
      const id = /^id: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1] ?? '';
      const { choices = [] } = data === '[DONE]' ? {} : (JSON.parse(data) as { choices?: { delta: { content?: string } }[] });
      events.push({ id, data, content: choices[0]?.delta.content ?? '' });
      // Leaving the loop closes the connection.
      if (events.filter(({ content }) => content !== '').length >= most) return events;
    }
  }
  return events;
}

async function readInto<T>(seen: T[], stream: AsyncIterable<T>): Promise<void> {
  for await (const each of stream) seen.push(each);
}

async function whole(model: string): Promise<{ readonly content: string | null }> {
  const { choices } = await client.chat.completions.create({ model, messages: [...GO] });
  return { content: choices[0]?.message.content ?? null };
}

function told(events: readonly OpenAI.Responses.ResponseStreamEvent[]): string {
  return events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');
}

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function untilAsync(happened: () => Promise<boolean>): Promise<void> {
  while (!(await happened())) await new Promise((resolve) => setTimeout(resolve, 20));
}
