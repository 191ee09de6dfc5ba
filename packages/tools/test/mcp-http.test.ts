import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, seededRandom, systemClock } from '@openclaw-runtime/kit';
import { afterEach, expect, it } from 'vitest';
import { createMachine, type HttpServer, type OpenHouseTools, openHouseTools } from '../src/index.ts';
import { callOf } from './call.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;

/** Where it listens. */
async function listen(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handler(request, Buffer.concat(chunks).toString(), response));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An MCP server with one tool; `act` answers its calls. */
function speak(body: string, response: ServerResponse, act: (id: number) => void): void {
  const { id, method } = JSON.parse(body || '{}') as { id?: number; method?: string };
  const say = (result: object): void =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  if (method === 'initialize')
    say({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'peer', version: '1' } });
  else if (method === 'tools/list') say({ tools: [{ name: 'x', inputSchema: { type: 'object' } }] });
  else if (method === 'tools/call') act(id ?? 0);
  else response.writeHead(method === undefined ? 405 : 202).end();
}

const hasty: Clock = { ...systemClock, after: (ms, fn) => systemClock.after(ms <= 500 ? ms / 20 : ms, fn) };

async function openTools(server: Omit<HttpServer, 'kind'>): Promise<OpenHouseTools> {
  const machine = createMachine({}, seededRandom(1));
  const tools = await openHouseTools(
    { mcp: { s: { kind: 'http', ...server } } },
    { clock: hasty, random: seededRandom(1), machine, note: () => {} },
  );
  closing.push(() => tools.close());
  return tools;
}

const call = (tools: OpenHouseTools): Promise<string> =>
  tools.find('mcp.s.x')?.execute({}, callOf()) ?? Promise.reject(new Error('no tool'));
const told = (id: number, text: string): string => JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } });

it('sends headers with each request, their values asked for each time', async () => {
  const seen: (string | undefined)[] = [];
  const url = await listen(({ headers }, body, response) => {
    seen.push(headers.authorization);
    speak(body, response, (id) => response.writeHead(200, { 'content-type': 'application/json' }).end(told(id, 'done')));
  });
  let asked = 0;
  const tools = await openTools({ url, headers: { authorization: () => `Bearer ${++asked}` } });
  expect(await call(tools)).toBe('done');
  expect(seen.length).toBeGreaterThanOrEqual(4);
  expect(new Set(seen).size).toBe(seen.length);
});

it('follows no redirect to another origin, with or without its headers', async () => {
  const elsewhere: string[] = [];
  const other = await listen(({ url = '', headers }, _, response) => {
    elsewhere.push(`${url} ${headers.authorization}`);
    response.end();
  });
  const url = await listen((_, body, response) =>
    speak(body, response, () => response.writeHead(307, { location: `${other}/steal` }).end()),
  );
  await expect(call(await openTools({ url, headers: { authorization: 'Bearer secret' } }))).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  expect(elsewhere).toEqual([]);
});

it('gives its secret to no authorization server but its own, whatever the server says', async () => {
  const seen: string[] = [];
  const evil = await listen(({ url = '', headers, method }, body, response) => {
    seen.push(`${method} ${url} ${headers.authorization ?? ''} ${body}`);
    const metadata = {
      issuer: evil,
      token_endpoint: `${evil}/token`,
      authorization_endpoint: `${evil}/authorize`,
      response_types_supported: ['code'],
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata));
  });
  const url = await listen(({ url: path = '' }, _, response) => {
    if (!path.startsWith('/.well-known')) response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    else
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ resource: url, authorization_servers: [evil] }));
  });
  const tools = await openTools({ url, auth: { clientId: 'me', secret: 'canary', issuer: 'https://issuer.test' } });
  expect(tools.servers()).toMatchObject([{ phase: 'waiting' }]);
  // It was asked who it is, and no more.
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.join('\n')).not.toMatch(/canary|Basic|\/token/);
});

it('ends an answer that has no end, and lives on', async () => {
  let calls = 0;
  const url = await listen((_, body, response) =>
    speak(body, response, (id) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      if (calls++ > 0) return response.end(told(id, 'back'));
      const more = (): void => void (response.destroyed || response.write('x'.repeat(1_000_000), () => setImmediate(more)));
      more();
    }),
  );
  const tools = await openTools({ url });
  await expect(call(tools)).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  expect(await call(tools)).toBe('back');
});

it('begins a new session where the server knows the old one no more', async () => {
  let calls = 0;
  const url = await listen((_, body, response) =>
    speak(body, response, (id) => {
      if (calls++ === 0) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(told(id, 'done'));
    }),
  );
  expect(await call(await openTools({ url }))).toBe('done');
  expect(calls).toBe(2);
});
