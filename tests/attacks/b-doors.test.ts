/** How one gets to the HTTP APIs, and what they let out. */
import { createMemoryStore, type Store } from '@openclaw-runtime/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, type Asking, type AttackedHouse, openHouse } from './house.ts';
import { rawRequest, sendBytes, statusOf } from './tcp.ts';

let house: AttackedHouse;
/** Of two tenants. */
let ann = '';
let bob = '';

beforeAll(async () => {
  house = await openHouse({ token: () => 'the-only-token' });
  ann = (await house.issue({ tenant: 'ann' })).text;
  bob = (await house.issue({ tenant: 'bob' })).text;
});

afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
});

const post = (path: string, json: unknown, how: Asking = {}): Promise<Answer> =>
  house.ask(path, { method: 'POST', key: ann, json, ...how });
const background = (input: string) => ({ model: 'agent:default', input, background: true });

test('B5 · no path, header or method gets past the question who asks', async () => {
  const { port } = house.gateway;
  const targets = [
    '//v1/models',
    '///v1/models',
    '/v1//models',
    '/V1/models',
    '/v1%2fmodels',
    '/%76%31/models',
    '/v1/models/',
    '/v1/models;x=1',
    '/v1;/models',
    '/v1/models%00',
    '/v1/models%20',
    '/./v1/models',
    '/x/../v1/models',
    '/healthz/../v1/models',
    '/healthz/%2e%2e/v1/models',
    '/healthz%2f..%2fv1/models',
    '/healthz/..;/v1/models',
    '\\v1\\models',
    `http://127.0.0.1:${port}/v1/models`,
    'http://evil.example/v1/models',
    '/v1/models?x=/healthz',
    '/v1/models#/healthz',
    '/v1/models?key=1',
  ];
  const tricks: readonly (readonly string[])[] = [
    [],
    ['x-forwarded-for: 127.0.0.1', 'x-real-ip: 127.0.0.1', 'forwarded: for=127.0.0.1'],
    ['x-original-url: /healthz', 'x-rewrite-url: /healthz', 'x-forwarded-prefix: /healthz'],
    ['x-forwarded-host: 127.0.0.1', 'x-forwarded-user: admin', 'x-remote-user: admin', 'x-user: admin'],
    ['x-http-method-override: OPTIONS', 'x-method-override: GET'],
  ];
  for (const target of targets) {
    for (const lines of tricks) {
      const answer = await rawRequest(port, target, lines);
      expect([400, 401, 403], `${target} ${lines.join()}`).toContain(statusOf(answer));
      expect(answer).not.toContain('agent:default');
    }
  }
  for (const lines of [
    ['authorization: Bearer', 'authorization: Basic YWRtaW46YWRtaW4='],
    ['authorization: Bearer null', 'cookie: token=the-only-token'],
    ['authorization: Bearer the-only-token, Bearer the-only-token'],
    ['authorization: Token the-only-token', 'x-api-key: the-only-token'],
  ])
    expect(statusOf(await rawRequest(port, '/v1/models', lines)), lines.join()).toBe(401);
  for (const method of ['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'get'])
    expect([400, 401, 403, 405, 0], method).toContain(statusOf(await rawRequest(port, '/v1/models', [], method)));
  for (const name of ['token', 'access_token', 'api_key', 'auth'])
    expect(statusOf(await rawRequest(port, `/v1/models?${name}=the-only-token`))).toBe(400);
  // Also where the body would say more than who asks.
  for (const path of ['/v1/chat/completions', '/v1/responses', '/v1/chat', '/mcp', '/v1/runs'])
    expect((await house.ask(path, { method: 'POST', json: { token: 'the-only-token', model: 'agent:default' } })).status).toBe(401);
  expect((await house.ask('/v1/models', { key: ann })).status).toBe(200);
  expect(await house.isWell()).toBe(true);
});

test('B6 · words of query languages are texts like others', async () => {
  const words = [
    "' OR '1'='1",
    "'; DROP TABLE runs; --",
    '" OR ""="',
    '{"$gt":""}',
    '%27%20OR%201=1--',
    '*',
    "x' UNION SELECT value FROM state --",
  ];
  for (const word of words) {
    // Who guesses often is not heard for a while.
    expect([401, 429], word).toContain((await house.ask('/v1/models', { key: word })).status);
    const metadata = { [word.slice(0, 64)]: word };
    const made = await post(
      '/v1/responses',
      { ...background(word), user: word, metadata, openclaw: { session: word } },
      { headers: { 'idempotency-key': word } },
    );
    expect(made.status, word).toBe(200);
    const { id } = JSON.parse(made.text) as { readonly id: string };
    const again = await post(
      '/v1/responses',
      { ...background(word), user: word, metadata, openclaw: { session: word } },
      { headers: { 'idempotency-key': word } },
    );
    expect(JSON.parse(again.text)).toMatchObject({ id, metadata });
    expect((await house.ask(`/v1/responses/${id}`, { key: bob })).status).toBe(404);
    for (const query of [`prefix=${encodeURIComponent(word)}`, `status=${encodeURIComponent(word)}`, `limit=${encodeURIComponent(word)}`])
      expect((await house.ask(`/v1/runs?${query}`, { key: ann })).status, query).toBe(400);
    for (const path of [
      `/v1/responses/${encodeURIComponent(word)}`,
      `/v1/runs/${encodeURIComponent(word)}`,
      `/v1/models/${encodeURIComponent(word)}`,
    ])
      expect((await house.ask(path, { key: ann })).status, path).toBe(404);
    expect((await post('/v1/chat/completions', { model: word, messages: [{ role: 'user', content: { $ne: null } }] })).status).toBe(400);
    expect((await house.ask(`/v1/chat/${encodeURIComponent(word)}/stream`, { key: bob })).status).toBe(204);
  }
  const { runs } = JSON.parse((await house.ask('/v1/runs?limit=100', { key: ann })).text) as { readonly runs: readonly unknown[] };
  expect(runs).toHaveLength(words.length);
  expect(await house.isWell()).toBe(true);
});

test('B9 · no page of another origin is answered, and none is told that it may read', async () => {
  for (const origin of [
    'https://evil.example',
    'null',
    'http://127.0.0.1.evil.example',
    `http://127.0.0.1:${house.gateway.port + 1}`,
    'http://localhost',
  ]) {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const asksFor = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
      const lines = Object.entries({ origin, authorization: `Bearer ${ann}`, ...asksFor }).map((pair) => pair.join(': '));
      const answer = await rawRequest(house.gateway.port, '/v1/models', lines, method);
      expect(statusOf(answer), `${method} ${origin}`).toBe(403);
      expect(answer.toLowerCase()).not.toContain('access-control-allow');
    }
  }
  const own = await house.ask('/v1/models', { key: ann, headers: { origin: house.http } });
  expect([own.status, own.headers.get('access-control-allow-origin'), own.headers.get('access-control-allow-credentials')]).toEqual([
    200,
    null,
    null,
  ]);
  expect(await house.isWell()).toBe(true);
});

test('B10 · nothing that is sent becomes a header, or another request', async () => {
  const { port } = house.gateway;
  const auth = `authorization: Bearer ${ann}`;
  const evil = '%0d%0aset-cookie:%20evil=1%0d%0a%0d%0a<html>';
  for (const target of [`/v1/models/${evil}`, `/v1/responses/${evil}`, `/v1/runs/x${evil}`, `/v1/chat/${evil}/stream`, `/${evil}`]) {
    const [head = ''] = (await rawRequest(port, target, [auth])).split('\r\n\r\n');
    expect(head, target).not.toContain('evil');
  }
  const body = JSON.stringify({ ...background('x'), metadata: { a: 'x\r\nset-cookie: evil=1' } });
  const [head = ''] = (await rawRequest(port, '/v1/responses', [auth, 'idempotency-key: k1'], 'POST', body)).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1.1 200/);
  expect(head).not.toContain('evil');

  const smuggled = 'GET /v1/runs HTTP/1.1\r\nhost: x\r\n\r\n';
  const hosts = `host: 127.0.0.1:${port}`;
  for (const bytes of [
    `POST /v1/runs HTTP/1.1\r\n${hosts}\r\n${auth}\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    `POST /v1/runs HTTP/1.1\r\n${hosts}\r\n${auth}\r\ncontent-length: 4\r\ncontent-length: 44\r\n\r\n${smuggled}`,
    `POST /v1/runs HTTP/1.1\r\n${hosts}\r\n${auth}\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    `POST /v1/runs HTTP/1.1\r\n${hosts}\r\n${auth}\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n`,
    `GET /v1/models HTTP/1.1\r\n${hosts}\r\nhost: evil.example\r\n${auth}\r\n\r\n`,
    `GET /v1/models HTTP/1.1\r\n${hosts}\r\n${auth}\r\nidempotency-key: a\nset-cookie: evil=1\r\n\r\n`,
    `GET /v1/models HTTP/1.1\r\n${hosts}\r\n${auth}\r\nx-a: b\r\n folded: c\r\n\r\n`,
    `GET /v1/models HTTP/1.1\r\n${hosts}\r\n${auth}\r\nx-\0: b\r\n\r\n`,
    `GET /v1/models HTTP/1.1\r\n${auth}\r\n\r\n`,
    `GET /v1/models\r\n HTTP/1.1\r\n${hosts}\r\n\r\n`,
  ]) {
    const answer = await sendBytes(port, bytes, 300);
    expect([0, 400], bytes).toContain(statusOf(answer));
    expect(answer.match(/^HTTP\/1\.1/gm) ?? []).not.toHaveLength(2);
    expect(answer).not.toContain('evil');
  }
  expect(await house.isWell()).toBe(true);
});

test('B11 · a key stands for one request of one tenant', async () => {
  const headers = { 'idempotency-key': 'the-same' };
  const made = await post('/v1/responses', background('one'), { headers });
  const { id } = JSON.parse(made.text) as { readonly id: string };
  expect(JSON.parse((await post('/v1/responses', background('one'), { headers })).text)).toMatchObject({ id });
  for (const [path, body] of [
    ['/v1/responses', background('two')],
    ['/v1/responses', { ...background('one'), temperature: 1 }],
    ['/v1/runs', { input: 'one' }],
    ['/v1/chat/completions', { model: 'agent:default', messages: [{ role: 'user', content: 'one' }] }],
    ['/v1/chat', { id: 'c', messages: [{ role: 'user', parts: [{ type: 'text', text: 'one' }] }] }],
  ] as const) {
    const other = await post(path, body, { headers });
    expect([other.status, other.code], path).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
  }
  const stranger = await post('/v1/responses', background('two'), { headers, key: bob });
  expect(stranger.status).toBe(200);
  expect((JSON.parse(stranger.text) as { readonly id: string }).id).not.toBe(id);
  const same = await post('/v1/responses', background('one'), { headers: { 'idempotency-key': 'other' }, key: bob });
  expect((JSON.parse(same.text) as { readonly id: string }).id).not.toBe(id);
  expect((await house.ask(`/v1/responses/${id}`, { key: bob })).status).toBe(404);
  expect(await house.isWell()).toBe(true);
});

test('B16 · of what goes wrong inside only an id gets out', async () => {
  const store = createMemoryStore();
  const secret = 'sk-very-secret at /home/claw/data/runs.sqlite';
  const broken = <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, name) =>
        ['list', 'create', 'read', 'snapshot'].includes(String(name))
          ? () => Promise.reject(new TypeError(`cannot read ${secret}`))
          : (Reflect.get(target, name) as unknown),
    });
  await using attacked = await openHouse({ store: { ...store, runs: broken(store.runs) } as Store });
  const { http, defects, master } = attacked;
  const run = 'a'.repeat(22);
  const messages = [{ role: 'user', content: 'Hi.', parts: [{ type: 'text', text: 'Hi.' }] }];
  for (const [method, path, json] of [
    ['GET', '/v1/runs', undefined],
    ['GET', `/v1/runs/${run}`, undefined],
    ['GET', `/v1/runs/${run}/events`, undefined],
    ['GET', `/v1/responses/resp_${run}`, undefined],
    ['POST', '/v1/runs', { input: 'Hi.' }],
    ['POST', '/v1/responses', { model: 'agent:default', input: 'Hi.' }],
    ['POST', '/v1/chat/completions', { model: 'agent:default', messages: [{ role: 'user', content: 'Hi.' }], stream: true }],
    ['POST', '/v1/chat', { id: 'c', messages: [{ role: 'user', parts: messages[0]?.parts }] }],
  ] as const) {
    const answer = await attacked.ask(path, { method, key: master, json });
    expect([answer.status, answer.code], path).toEqual([500, 'INTERNAL']);
    expect(answer.text).toMatch(/Report it with the id [A-Za-z0-9_-]{8}\./);
    for (const word of ['sk-very', 'sqlite', 'TypeError', '    at ', '.ts:']) expect(answer.text).not.toContain(word);
  }
  expect(defects.length).toBeGreaterThanOrEqual(8);
  expect(String(defects[0])).toContain(secret);
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'default', arguments: { message: 'Hi.' } } };
  const told = await attacked.ask('/mcp', {
    method: 'POST',
    key: master,
    json: call,
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
  });
  expect(told.text).toContain('INTERNAL');
  expect(told.text).not.toContain('sk-very');
  expect((await fetch(`${http}/healthz`)).status).toBe(200);
});
