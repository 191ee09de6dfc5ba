/** Addresses that are to be fetched from here, and what streams carry. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@openclaw-runtime/kit';
import { createParser } from 'eventsource-parser';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHttpTool } from '../../packages/tools/src/http/fetch-tool.ts';
import { createWeb } from '../../packages/tools/src/machine/web.ts';
import { type Claw, startClaw } from '../house/claw.ts';
import { makeFolder } from '../house/folder.ts';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';

const folder = makeFolder();
let provider: ScriptedProvider;
let canary: Server;
let port = 0;
/** Requests that came where nobody should have been sent. */
let hits = 0;
let claw: Claw;

/** Ends a line, an event and a stream for whoever reads carelessly. */
const EVIL =
  'one\n\ndata: [DONE]\n\ntwo\r\n\r\nevent: response.completed\rdata: {"type":"error"}\u2028\u2029\u0085id: e9_9\n:retry: 1\0 three \n';

beforeAll(async () => {
  canary = createServer((request, response) => {
    hits++;
    const to = new URL(request.url ?? '/', 'http://x').searchParams.get('to');
    if (to === null) response.end('inside');
    else response.writeHead(302, { location: to }).end();
  });
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
  ({ port } = canary.address() as AddressInfo);
  provider = await startScriptedProvider(({ messages }) => {
    const last = messages.at(-1);
    if (last?.role === 'tool') return { text: String(last.content) };
    if (last?.content?.startsWith('fetch ')) return { calls: [{ name: 'http_fetch', arguments: { url: last.content.slice(6) } }] };
    return { text: EVIL };
  });
  claw = await startClaw({
    data: folder.in('data'),
    config: {
      providers: { scripted: { kind: 'openai', baseUrl: provider.url } },
      models: { scripted: { provider: 'scripted' } },
      tools: { http: { ports: [80, 443, port] } },
      agents: { evil: { model: 'scripted' }, fetcher: { model: 'scripted', uses: ['http.fetch'] } },
    },
  });
});

afterAll(async () => {
  await claw?.stop('SIGKILL');
  await provider?.[Symbol.asyncDispose]();
  canary?.closeAllConnections();
  await new Promise((resolve) => canary?.close(resolve));
  folder[Symbol.dispose]();
});

function inside(): readonly string[] {
  const hosts = [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '169.254.169.254',
    '0.0.0.0',
    '2130706433',
    '0177.0.0.1',
    '0x7f.1',
    '127.1',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '[fd00::1]',
    '10.0.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '①②⑦.0.0.1',
  ];
  return hosts.map((host) => `http://${host}:${port}/`);
}

test('B7 · pictures and files by address are refused, all with the same words, and nothing is fetched', async () => {
  const words = new Set<string>();
  for (const url of [...inside(), 'https://example.com/x.png', 'file:///etc/passwd', 'data:image/png;base64,AA==']) {
    for (const [path, body] of [
      ['/v1/chat/completions', { model: 'agent:evil', messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] }],
      ['/v1/chat/completions', { model: 'agent:evil', messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: url } }] }] }],
      ['/v1/responses', { model: 'agent:evil', input: [{ role: 'user', content: [{ type: 'input_image', image_url: url }] }] }],
      ['/v1/responses', { model: 'agent:evil', input: [{ role: 'user', content: [{ type: 'input_file', file_url: url }] }] }],
      ['/v1/chat', { id: 'c', messages: [{ role: 'user', parts: [{ type: 'file', url, mediaType: 'image/png' }] }] }],
    ] as const) {
      const answer = await post(path, body);
      const text = await answer.text();
      expect(answer.status, text).toBe(400);
      expect(text).not.toContain(url);
      words.add(text);
    }
  }
  expect(words.size).toBe(5);
  expect(hits).toBe(0);
});

test('B7 · what an agent fetches is public, whatever it is written as, wherever it is led on to, and whatever its name becomes', async () => {
  const told = new Set<string>();
  for (const url of inside()) {
    const answer = await post('/v1/chat/completions', { model: 'agent:fetcher', messages: [{ role: 'user', content: `fetch ${url}` }] });
    const { choices } = (await answer.json()) as { readonly choices: readonly { readonly message: { readonly content: string } }[] };
    told.add(choices[0]?.message.content.replace(/[^ ]+ does not/, 'HOST does not') ?? '');
  }
  expect([...told]).toEqual([expect.stringContaining('http.fetch: HOST does not lead to the public internet.')]);
  expect(hits).toBe(0);

  // The first hop is let through here, so that there is something to be led on by.
  const lookups: Record<string, number> = {};
  const web = {
    ...createWeb(),
    resolve: async (host: string): Promise<readonly string[]> => {
      lookups[host] = (lookups[host] ?? 0) + 1;
      return host === 'flip.test' && lookups[host] > 1 ? ['127.0.0.2'] : ['127.0.0.1'];
    },
  };
  const house = { clock: systemClock, maxResultBytes: 65_536, needsApproval: () => false };
  const rules = {
    deny: [],
    ports: [port, 80],
    allowAddresses: ['127.0.0.1'],
    methods: ['GET' as const],
    timeoutMs: 5_000,
    maxBytes: 1_000,
  };
  const tool = createHttpTool(house, web, rules);
  const call = { key: 'k', run: { run: 'r', tenant: 't', agent: 'a' }, signal: AbortSignal.timeout(20_000) };
  const led = [
    'http://169.254.169.254/',
    'http://[::1]/',
    'http://0.0.0.0/',
    `http://flip.test:${port}/`,
    'file:///etc/passwd',
    'http://2852039166/',
  ];
  for (const to of led) {
    lookups['flip.test'] = 0;
    const url = `http://flip.test:${port}/?to=${encodeURIComponent(to)}`;
    await expect(tool.execute({ url }, call), to).rejects.toMatchObject({ code: 'DENIED' });
  }
  expect(hits).toBe(led.length);
});

test('B8 · line ends in what a model says, and in names, end no event', async () => {
  const model = 'agent:evil';
  const messages = [{ role: 'user', content: EVIL }];
  const metadata = { [EVIL.slice(0, 60)]: EVIL };
  const chat = await events(await post('/v1/chat/completions', { model, messages, metadata, stream: true }, { 'idempotency-key': 'one' }));
  expect(chat.at(-1)?.data).toBe('[DONE]');
  expect(chat.filter(({ data }) => data === '[DONE]')).toHaveLength(1);
  expect(joined(chat, ({ choices }) => (choices as readonly { readonly delta: { readonly content?: string } }[])[0]?.delta.content)).toBe(
    EVIL,
  );

  const responses = await events(await post('/v1/responses', { model, input: EVIL, metadata, stream: true }));
  expect(responses.filter(({ event }) => event === 'response.completed')).toHaveLength(1);
  expect(joined(responses, ({ type, delta }) => (type === 'response.output_text.delta' ? (delta as string) : undefined))).toBe(EVIL);

  const ui = await events(
    await post('/v1/chat', { id: EVIL.slice(0, 60), model, messages: [{ role: 'user', parts: [{ type: 'text', text: EVIL }] }] }),
  );
  expect(ui.filter(({ data }) => data === '[DONE]')).toHaveLength(1);
  expect(joined(ui, ({ type, delta }) => (type === 'text-delta' ? (delta as string) : undefined))).toBe(EVIL);

  const run = await events(
    await post('/v1/runs', { agent: 'evil', input: EVIL, session: EVIL.slice(0, 60) }, { accept: 'text/event-stream' }),
  );
  expect(joined(run, ({ kind, data }) => (kind === 'text' ? (data as string) : undefined))).toBe(EVIL);
  expect(run.every(({ id }) => /^e1_\d{16}$/.test(id ?? ''))).toBe(true);

  const params = { name: 'evil', arguments: { message: EVIL }, _meta: { progressToken: EVIL } };
  const mcp = await events(
    await post('/mcp', { jsonrpc: '2.0', id: EVIL, method: 'tools/call', params }, { accept: 'application/json, text/event-stream' }),
  );
  expect(JSON.parse(mcp.at(-1)?.data ?? '{}')).toMatchObject({ id: EVIL, result: { content: [{ text: EVIL }] } });
  expect((await fetch(`${claw.http}/healthz`)).status).toBe(200);
  expect(claw.complaints()).toBe('');
});

async function post(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${claw.http}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

interface Event {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string;
}

/** As a client reads them that goes by the rules of server-sent events. */
async function events(response: Response): Promise<readonly Event[]> {
  const found: Event[] = [];
  const parser = createParser({ onEvent: ({ id, event, data }) => void found.push({ id, event, data }) });
  parser.feed(await response.text());
  return found;
}

function joined(all: readonly Event[], of: (data: Readonly<Record<string, unknown>>) => string | undefined): string {
  return all.map(({ data }) => (data === '[DONE]' ? '' : (of(JSON.parse(data) as Record<string, unknown>) ?? ''))).join('');
}
