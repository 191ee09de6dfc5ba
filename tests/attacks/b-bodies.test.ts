/** What stands in requests of OpenAI's APIs, and of those beside them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Claw, startClaw } from '../house/claw.ts';
import { makeFolder } from '../house/folder.ts';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { costMs } from './cpu.ts';
import { rawRequest, statusOf } from './tcp.ts';

const folder = makeFolder();
let provider: ScriptedProvider;
let claw: Claw;
let asked = 0;

beforeAll(async () => {
  provider = await startScriptedProvider(() => ({ text: `${'a'.repeat(60)}!` }));
  claw = await startClaw({
    data: folder.in('data'),
    config: {
      providers: { scripted: { kind: 'openai', baseUrl: provider.url } },
      models: { scripted: { provider: 'scripted' } },
      agents: { greeter: { model: 'scripted' } },
    },
  });
});

afterAll(async () => {
  await claw?.stop('SIGKILL');
  await provider?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

beforeEach(() => {
  asked = provider.requests.length;
});

const messages = [{ role: 'user', content: 'Hi.' }];

async function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`${claw.http}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text });
}

const chat = (more: object): Promise<Response> => post('/v1/chat/completions', { model: 'scripted', messages, ...more });

async function isWell(): Promise<boolean> {
  const answer = await chat({});
  const { choices } = (await answer.json()) as { readonly choices: readonly unknown[] };
  return answer.status === 200 && choices.length === 1 && claw.complaints() === '';
}

test('B1 · huge n, max_tokens and best_of are refused, and no model is asked', async () => {
  const before = claw.rssBytes();
  for (const [path, body, param] of [
    ['/v1/chat/completions', { model: 'scripted', messages, n: 1_000_000 }, 'n'],
    ['/v1/chat/completions', { model: 'scripted', messages, n: 1e308 }, 'n'],
    ['/v1/chat/completions', { model: 'scripted', messages, n: -1 }, 'n'],
    ['/v1/chat/completions', { model: 'scripted', messages, n: 1.5 }, 'n'],
    ['/v1/chat/completions', { model: 'scripted', messages, max_tokens: 1e15 }, 'max_tokens'],
    ['/v1/chat/completions', { model: 'scripted', messages, max_completion_tokens: 1e15 }, 'max_completion_tokens'],
    ['/v1/chat/completions', { model: 'scripted', messages, best_of: 1_000_000 }, 'best_of'],
    ['/v1/chat/completions', { model: 'scripted', messages, top_logprobs: 1_000_000, logprobs: true }, 'logprobs'],
    ['/v1/responses', { model: 'scripted', input: 'Hi.', max_output_tokens: 1e15 }, 'max_output_tokens'],
    ['/v1/responses', { model: 'scripted', input: 'Hi.', n: 1_000_000 }, 'n'],
  ] as const) {
    const answer = await post(path, body);
    expect([answer.status, await answer.json()], param).toMatchObject([400, { error: { param, code: 'BAD_REQUEST' } }]);
  }
  expect((await post('/v1/runs', { input: 'Hi.', settings: { maxTokens: 1e15 } })).status).toBe(400);
  expect(provider.requests.length).toBe(asked);
  expect(claw.rssBytes() - before).toBeLessThan(32 * 2 ** 20);
  expect(await isWell()).toBe(true);
});

test('B2 · __proto__ and constructor in bodies and headers pollute nothing', async () => {
  const evil = '{"n":5,"stream":true,"polluted":"yes","model":"agent:greeter","code":"POLLUTED"}';
  const bodies = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'].flatMap((name) => [
    `{"model":"scripted","messages":[{"role":"user","content":"Hi."}],"${name}":${evil}}`,
    `{"${name}":${evil},"model":"scripted","messages":[{"role":"user","content":"Hi.","${name}":${evil}}]}`,
    `{"model":"scripted","messages":[{"role":"user","content":"Hi."}],"openclaw":{"${name}":${evil}}}`,
    `{"model":"scripted","messages":[{"role":"user","content":"Hi."}],"metadata":{"${name}":${evil}}}`,
  ]);
  for (const body of bodies) expect([400, 413], body).toContain((await post('/v1/chat/completions', body)).status);
  for (const name of ['__proto__', 'constructor']) {
    expect((await post('/v1/runs', `{"input":"Hi.","${name}":${evil}}`)).status).toBe(400);
    expect((await post('/v1/chat', `{"id":"c","messages":[{"role":"user","parts":[]}],"${name}":${evil}}`)).status).toBe(400);
    expect((await post('/v1/responses', `{"model":"scripted","input":"Hi.","${name}":${evil}}`)).status).toBe(400);
  }
  // What is only passed on may have any names.
  const schema = `{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"}}}`;
  const passed = `{"model":"scripted","messages":[{"role":"user","content":"Hi."}],"tools":[{"type":"function","function":{"name":"t","parameters":${schema}}}]}`;
  expect((await post('/v1/chat/completions', passed)).status).toBe(200);
  for (const line of ['__proto__: yes', 'constructor: yes', '__proto__: a\r\n__proto__: b', 'hasownproperty: 1', 'toString: 1'])
    expect([200, 400], line).toContain(statusOf(await rawRequest(claw.port, '/v1/models', [line])));
  expect(statusOf(await rawRequest(claw.port, '/v1/runs?__proto__[limit]=1&constructor=x'))).toBe(200);
  expect(JSON.stringify(await (await fetch(`${claw.http}/v1/models`)).json())).not.toContain('polluted');
  expect(await isWell()).toBe(true);
});

test('B3 · deep, large and many are refused at their limits, for little; of names that come twice the last one counts', async () => {
  const head = '{"model":"scripted","messages":[{"role":"user","content":"Hi."}],"metadata":';
  for (const [what, body] of [
    ['arrays', `${head}${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
    ['objects', `${head}${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}}`],
    ['never closed', '['.repeat(500_000)],
    ['many messages', `{"model":"scripted","messages":[${'{},'.repeat(1_000_000)}{}]}`],
    ['many that fit', `{"model":"scripted","messages":[${'0,'.repeat(500_000)}0]}`],
    ['many names', `{${Array.from({ length: 60_000 }, (_, i) => `"a${i}":0`).join()}}`],
    ['a long number', `{"n":${'9'.repeat(900_000)}}`],
  ] as const) {
    let status = 0;
    const cost = await costMs(claw.pid, 3, async () => {
      // On a machine that is busy otherwise, so much at once may be too much for a moment.
      do ({ status } = await post('/v1/chat/completions', body));
      while (status === 429 && (await sleep(250, true)));
    });
    expect([400, 413], what).toContain(status);
    expect(cost, what).toBeLessThanOrEqual(50);
  }
  const large = 50 * 2 ** 20;
  const said = await rawRequest(claw.port, '/v1/chat/completions', [`content-length: ${large}`], 'POST');
  expect(statusOf(said)).toBe(413);
  const chunked = `${(2 ** 20 + 1).toString(16)}\r\n${'x'.repeat(2 ** 20 + 1)}\r\n`;
  const endless = await rawRequest(claw.port, '/v1/chat/completions', ['transfer-encoding: chunked', '', chunked], 'POST');
  expect(statusOf(endless)).toBe(413);

  const twice = (n: string): string => `{"model":"scripted","messages":[{"role":"user","content":"Hi."}],${n}}`;
  expect((await post('/v1/chat/completions', twice('"n":1,"n":1000000'))).status).toBe(400);
  const last = await post('/v1/chat/completions', twice('"n":1000000,"n":1'));
  expect(((await last.json()) as { readonly choices: readonly unknown[] }).choices).toHaveLength(1);
  expect(await isWell()).toBe(true);
});

test('B4 · patterns of the caller’s are passed on, and never run here', async () => {
  const pattern = '^(([a-z])+.)+[A-Z]([a-z])+$';
  const schema = {
    type: 'object',
    properties: { x: { type: 'string', pattern } },
    patternProperties: { [pattern]: { type: 'string', pattern } },
  };
  const evil = 'a'.repeat(200);
  const bodies = [
    { stop: ['(a+)+$', pattern, '(?:a|a)*b'] },
    { response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } },
    { tools: [{ type: 'function', function: { name: 'x', parameters: schema } }], messages: [{ role: 'user', content: evil }] },
    { guided_regex: pattern },
    { openclaw: { guided_regex: pattern } },
  ];
  const statuses: number[] = [];
  for (const body of bodies) {
    const cost = await costMs(claw.pid, 3, async () => {
      const answer = await chat(body);
      await answer.text();
      statuses.push(answer.status);
    });
    expect(cost).toBeLessThan(50);
  }
  expect([...new Set(statuses)]).toEqual([200, 400]);
  const { stop } = provider.requests[asked] as unknown as { readonly stop: readonly string[] };
  expect(stop).toEqual(bodies[0]?.stop);
  // Templates of addresses, and our own patterns, over texts that are made to be slow.
  const calls = [
    () => post('/mcp', { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: `file:///${'{a,'.repeat(2_000)}` } }, MCP),
    () => rawRequest(claw.port, '/v1/models', [`authorization: Bearer ${' '.repeat(15_000)}x y`]),
    () => rawRequest(claw.port, `/v1/responses/${'a/'.repeat(7_000)}cancel`),
    () => rawRequest(claw.port, `/v1/chat/${'%2e'.repeat(5_000)}/stream`),
    () => rawRequest(claw.port, '/v1/models', [`accept: ${'a,'.repeat(7_000)}`, `traceparent: ${'0-'.repeat(500)}`]),
  ];
  for (const call of calls) expect(await costMs(claw.pid, 3, call)).toBeLessThan(50);
  expect(await isWell()).toBe(true);
});

const MCP = { accept: 'application/json, text/event-stream' };

test('B12 · names that are paths, or of what is inside, are models of nobody', async () => {
  const names = [
    '../../../etc/passwd',
    'agent:../../etc/passwd',
    'agent:_house',
    'agent:',
    'agent:__proto__',
    'file:///etc/passwd',
    'http://127.0.0.1:1/v1',
    'scripted/../../x',
    'constructor',
    'agent:greeter\u0000',
    '_house/catalogue',
  ];
  for (const model of names) {
    const answer = await post('/v1/chat/completions', { model, messages });
    expect([400, 404], model).toContain(answer.status);
    expect(await answer.text()).not.toContain('root:');
    const listed = await fetch(`${claw.http}/v1/models/${encodeURIComponent(model)}`);
    expect([400, 404], model).toContain(listed.status);
  }
  for (const target of ['/v1/models/../../openapi.json', '/v1/models/..%2f..%2fetc%2fpasswd', '/v1/models/%2e%2e/%2e%2e/etc/passwd'])
    expect(await rawRequest(claw.port, target), target).not.toContain('root:');
  expect(provider.requests.length).toBe(asked);
  expect(await isWell()).toBe(true);
});
