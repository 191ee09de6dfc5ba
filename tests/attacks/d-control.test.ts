import { expect, test } from 'vitest';
import { FRAMES, ROUTES, type Route } from '../../packages/gateway/src/identity/permissions.ts';
import { SCOPES } from '../../packages/gateway/src/identity/principal.ts';
import { METHODS } from '../../packages/gateway/src/openclaw/methods/table.ts';
import { connectWith, dialAssistant } from './assistant.ts';
import { openHouse } from './house.ts';
import { frameCalls, httpCalls } from './inventory.ts';

const ANSWER_MS = 250;
/** What is to be refused is waited for: a machine may stop for a moment. */
const REFUSAL_MS = 30_000;

test('D1 · there is no way to write the configuration, with a key or without', async () => {
  await using house = await openHouse();
  await house.issue();
  for (const path of [
    '/v1/config',
    '/config',
    '/api/config',
    '/v1/settings',
    '/v1/agents',
    '/v1/tools',
    '/v1/mcp',
    '/v1/plugins',
    '/admin',
    '/debug',
  ]) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const json = method === 'GET' || method === 'OPTIONS' ? undefined : { command: '/bin/sh', module: '/tmp/x.js' };
      expect((await house.ask(path, { method, json })).status, `${method} ${path}`).toBe(401);
      expect((await house.ask(path, { method, key: house.master, json })).status, `${method} ${path}`).toBe(404);
    }
  }
  expect(Object.keys(ROUTES).filter((route) => /config|agents|tools|plugin|module/.test(route))).toEqual([]);
  expect(await house.isWell()).toBe(true);
});

test('D2 · every route is for who has its scope, and for nobody else', async () => {
  await using house = await openHouse();
  const run = await house.begin('default', 'r');
  const wrong: string[] = [];
  let tried = 0;
  for (const scope of SCOPES) {
    const { text } = await house.issue({ scopes: [scope] });
    for (const { route, method, path, json } of httpCalls({ run, id: 'x'.repeat(11) })) {
      const needed = ROUTES[route].scope;
      const isForOthers = needed !== 'public' && needed !== scope;
      const isRefused = (await statusOf(`${house.http}${path}`, method, text, json, isForOthers ? REFUSAL_MS : ANSWER_MS)) === 403;
      if (isRefused !== isForOthers) wrong.push(`${scope}: ${route}`);
      tried++;
    }
  }
  console.log(`${tried} calls: ${Object.keys(ROUTES).length} routes by ${SCOPES.length} scopes`);
  expect(wrong).toEqual([]);
  expect(tried).toBe(Object.keys(ROUTES).length * SCOPES.length);
  expect(await house.isWell()).toBe(true);
});

test('D2 · what is about all tenants is refused to the operators and admins of one', async () => {
  await using house = await openHouse();
  const { text } = await house.issue({ tenant: 'acme', scopes: [...SCOPES] });
  const houses = (Object.keys(ROUTES) as Route[]).filter((route) => 'house' in ROUTES[route]);
  expect(houses).toEqual(expect.arrayContaining(['GET /v1/backup', 'POST /v1/verify', 'POST /v1/tiers']));
  for (const { route, method, path, json } of httpCalls({ run: 'r'.repeat(22) }))
    if (houses.includes(route)) expect((await house.ask(path, { method, key: text, json })).code, route).toBe('FORBIDDEN');
});

test('D2 · every frame is for who has its scope, and for nobody else', async () => {
  await using house = await openHouse();
  const run = await house.begin('default', 'r');
  for (const scope of SCOPES) {
    const { text } = await house.issue({ scopes: [scope] });
    for (const { kind, frame } of frameCalls({ run }, 1)) {
      if (kind === 'detach') continue;
      const caller = await house.dial({ token: text });
      await caller.next('welcome');
      caller.send(frame);
      const t = kind === 'start' ? 'started' : kind === 'attach' ? 'attached' : 'ok';
      const said = await Promise.race([caller.next(t), caller.next('err')]);
      expect(said.t === 'err' && said.code === 'FORBIDDEN', `${scope}: ${kind}`).toBe(FRAMES[kind].scope !== scope);
      caller.end();
    }
  }
  expect(await house.isWell()).toBe(true);
});

test('D2 · every method of OpenClaw’s protocol is for who has its scope, whatever scopes the client claims', async () => {
  await using house = await openHouse();
  const wrong: string[] = [];
  for (const scope of SCOPES) {
    const { text } = await house.issue({ scopes: [scope] });
    const assistant = await dialAssistant(house.gateway.port);
    expect(await assistant.ask('connect', connectWith(text, ['operator.admin', 'operator.read', 'operator.write']))).toMatchObject({
      ok: true,
    });
    for (const [method, row] of Object.entries(METHODS)) {
      if (row.scope === scope && row.isLong) continue;
      const isForOthers = row.scope !== scope;
      const said = await Promise.race([assistant.ask(method, {}), sleep(isForOthers ? REFUSAL_MS : ANSWER_MS)]);
      if ((said?.error?.code === 'FORBIDDEN') !== isForOthers) wrong.push(`${scope}: ${method}`);
    }
    assistant.end();
  }
  expect(wrong).toEqual([]);
  const stranger = await dialAssistant(house.gateway.port);
  expect(await stranger.ask('connect', connectWith(undefined))).toMatchObject({ ok: false });
  expect(await house.isWell()).toBe(true);
});

test('D2 · what has no row is refused, whoever asks', async () => {
  await using house = await openHouse();
  await house.issue();
  expect((await house.ask('/v1/keys', { method: 'DELETE', key: house.master })).status).toBe(405);
  expect((await house.ask('/v1/nothing', { key: house.master })).status).toBe(404);
  expect((await house.ask('/v1/nothing')).status).toBe(401);
  const caller = await house.dial({ token: house.master });
  await caller.next('welcome');
  caller.send({ t: 'admin', do: 'anything' });
  expect(await caller.closed).toBe(4400);
  expect(await house.isWell()).toBe(true);
});

function sleep(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}

/** Undefined where an answer takes long: then it was not refused. */
async function statusOf(url: string, method: string, key: string, json: unknown, withinMs: number): Promise<number | undefined> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), withinMs);
  try {
    const body = json === undefined ? {} : { body: JSON.stringify(json) };
    const response = await fetch(url, { method, headers: { authorization: `Bearer ${key}` }, ...body, signal: abort.signal });
    abort.abort();
    return response.status;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
