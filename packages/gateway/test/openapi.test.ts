/** The OpenAPI document against the handlers, both ways: all that is served is in it, and all that is in it is served as it says. */
import { encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { ROUTES } from '../src/identity/permissions.ts';
import { OPERATIONS, openApiDocument } from '../src/openai/openapi/document.ts';
import type { Operation } from '../src/openapi/operation.ts';
import { openRig, type Rig } from './rig.ts';

const MASTER = `local_${'m'.repeat(44)}`;

interface Documented extends AsyncDisposable {
  readonly rig: Rig;
  ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response>;
  /** The path with ids of what there is. */
  placed(path: string): string;
}

/** A house with a run and a key. */
async function openDocumented(): Promise<Documented> {
  const rig = await openRig({
    localKey: MASTER,
    insight: { waits: () => [], tiers: () => [], setTier: () => undefined, status: async () => ({}), reload: async () => ({}) },
  });
  const { run, append } = await rig.begin('documented');
  await append(
    encodeRecord('step.started', 1, 1, { model: 'm' }),
    encodeRecord('text', 1, 1, 'Logs.'),
    encodeRecord('step.ended', 1, 1, { finish: 'stop', usage: NO_USAGE }),
  );
  const ask = (method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> => {
    const accept = path === '/mcp' ? 'application/json, text/event-stream' : 'application/json';
    return fetch(`${rig.http}${path}`, {
      method,
      headers: { authorization: `Bearer ${MASTER}`, accept, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  };
  const made = await ask('POST', '/v1/keys', { name: 'first' });
  const { id: key } = ((await made.json()) as { readonly key: { readonly id: string } }).key;
  return {
    rig,
    ask,
    placed(path) {
      const id = path.startsWith('/v1/keys') ? key : path.startsWith('/v1/models') ? 'agent:default' : 'none';
      return path.replace('{run}', run).replace('{id}', id);
    },
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

interface Row {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const ROWS: readonly Row[] = Object.entries(OPERATIONS).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    operation,
  })),
);

/** Those that answer when a run has ended, which none does here. */
const WAITS = ['POST /v1/chat', 'POST /v1/chat/completions', 'POST /v1/responses'];
/** A store in memory has nothing to be copied or verified. */
const OF_DISKS = ['POST /v1/verify', 'GET /v1/backup'];
/** Those about something that the tests of their door make first. */
const OF_DOORS = /\/v1\/(?:responses\/\{id\}|chat\/\{id\}\/cancel)/;

test('has a row for each row of the table of permissions, and no other', () => {
  const table = Object.keys(ROUTES)
    .filter((route) => !route.startsWith('HEAD '))
    .map((route) => route.replace('{rest}', '{id}'));
  expect(ROWS.map(({ name }) => name).toSorted()).toEqual(table.toSorted());
  const ids = Object.values(openApiDocument()['paths'] as Record<string, Record<string, { readonly operationId: string }>>).flatMap(
    (methods) => Object.values(methods).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ROWS.length);
});

test('each row answers as it says', async () => {
  await using house = await openDocumented();
  for (const { method, path, operation, name } of ROWS.filter(({ name }) => !WAITS.includes(name) && !OF_DOORS.test(name))) {
    const { example, answer, status = 200, also = {}, type = 'application/json' } = operation;
    const gone = new AbortController();
    const response = await house.ask(method, house.placed(path), example, gone.signal);
    if (OF_DISKS.includes(name)) {
      expect(response.status).toBe(501);
      continue;
    }
    expect([status, ...Object.keys(also).map(Number)], name).toContain(response.status);
    if (response.status !== 204 && name !== 'POST /mcp') expect(response.headers.get('content-type'), name).toContain(type);
    if (answer && name !== 'POST /mcp')
      expect(Object.keys((await response.json()) as object), name).toEqual(expect.arrayContaining(answer['required'] as string[]));
    gone.abort();
  }
  expect(house.rig.defects).toEqual([]);
});

test('those that wait for a run take their example', async () => {
  await using house = await openDocumented();
  const count = async (): Promise<number> => (await house.rig.store.runs.list('default', { limit: 1_000 })).runs.length;
  for (const { method, path, operation } of ROWS.filter(({ name }) => WAITS.includes(name))) {
    const before = await count();
    const gone = new AbortController();
    const answered = house.ask(method, path, operation.example, gone.signal).catch(() => undefined);
    while ((await count()) === before) await new Promise(setImmediate);
    gone.abort();
    await answered;
  }
  expect(house.rig.defects).toEqual([]);
});

test('each body is what it says, and nothing else', async () => {
  await using house = await openDocumented();
  for (const { method, path, operation, name } of ROWS) {
    const { body = {}, example } = operation;
    const {
      required = [],
      properties,
      additionalProperties,
    } = body as {
      readonly required?: readonly string[];
      readonly properties?: Readonly<Record<string, unknown>>;
      readonly additionalProperties?: false;
    };
    if (!properties) continue;
    const full = example as Readonly<Record<string, unknown>>;
    const at = house.placed(path);
    expect(Object.keys(properties), name).toEqual(expect.arrayContaining(Object.keys(full)));
    for (const field of required) {
      const { [field]: _, ...rest } = full;
      expect([(await house.ask(method, at, rest)).status, field], name).toEqual([400, field]);
    }
    if (additionalProperties !== false) continue;
    expect((await house.ask(method, at, { ...full, 'not-known': 1 })).status, name).toBe(400);
    // What it says it knows is known: nothing of it is refused for its name.
    for (const field of Object.keys(properties)) {
      const text = await (await house.ask(method, at, { ...full, 'not-known': 1, [field]: full[field] ?? null })).text();
      expect(text, `${name} ${field}`).not.toMatch(new RegExp(`nrecognized key[^.]*"${field}"|^${field}: is not known`));
    }
  }
});
