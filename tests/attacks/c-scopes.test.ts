import { encodeCursor } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { type AttackedHouse, openHouse } from './house.ts';
import { httpCalls } from './inventory.ts';

const DAY = 24 * 3_600_000;

describe('nobody widens what he has', () => {
  test('C3 · scopes, tenants and roles that a client claims are not heard', async () => {
    await using house = await openHouse();
    const { text } = await house.issue({ scopes: ['read'] });
    const claims = { 'x-scopes': 'admin', 'x-tenant': 'other', 'x-role': 'operator', 'x-user': 'root', cookie: 'role=admin' };
    expect((await house.ask('/v1/keys', { key: text, headers: claims })).code).toBe('FORBIDDEN');
    const asked = await house.ask('/v1/runs', {
      method: 'POST',
      key: house.master,
      json: { input: 'q', tenant: 'other', scopes: ['admin'] },
    });
    expect([asked.status, asked.code]).toEqual([400, 'BAD_REQUEST']);
    const caller = await house.dial({ first: { t: 'hello', v: 1, client: 'c', token: text, scopes: ['admin'], tenant: 'other' } });
    expect(await caller.closed).toBe(4400);
    expect(await house.isWell()).toBe(true);
  });

  test('C4 · a narrow key makes and rotates no wider one: neither in scopes, nor in tenant, nor in time', async () => {
    await using house = await openHouse();
    const now = Date.now();
    const wide = await house.issue({ name: 'wide', tenant: 'acme', scopes: ['read', 'run', 'approve', 'admin'] });
    const narrow = await house.issue({ name: 'narrow', tenant: 'acme', scopes: ['read', 'admin'], expiresMs: now + DAY });
    const make = (json: object) => house.ask('/v1/keys', { method: 'POST', key: narrow.text, json: { name: 'k', ...json } });
    for (const json of [
      { scopes: ['read', 'run'], expiresMs: now + 1_000_000 },
      { scopes: ['read', 'approve', 'operate'], expiresMs: now + 1_000_000 },
      { scopes: ['read'], tenant: 'other', expiresMs: now + 1_000_000 },
      { scopes: ['read'], tenant: 'default', expiresMs: now + 1_000_000 },
      { scopes: ['read'] },
      { scopes: ['read'], expiresMs: now + 2 * DAY },
    ])
      expect((await make(json)).code, JSON.stringify(json)).toBe('FORBIDDEN');
    expect((await make({ scopes: ['read'], expiresMs: now + 1_000_000 })).status).toBe(201);
    const rotated = await house.ask(`/v1/keys/${wide.key.id}/rotate`, { method: 'POST', key: narrow.text, json: {} });
    expect(rotated.code).toBe('FORBIDDEN');
    expect((await house.ask('/v1/runs', { key: wide.text })).status).toBe(200);
    expect(await house.isWell()).toBe(true);
  });

  test('C4 · what is done to keys is noted, by their ids and without their secrets', async () => {
    await using house = await openHouse();
    const { key, text } = await house.issue();
    const rotated = await house.ask(`/v1/keys/${key.id}/rotate`, { method: 'POST', key: house.master, json: {} });
    await house.ask(`/v1/keys/${key.id}/revoke`, { method: 'POST', key: house.master, json: {} });
    for (const action of ['key.create', 'key.rotate', 'key.revoke'])
      expect(house.notes).toContainEqual(expect.objectContaining({ action, target: key.id, decision: 'allowed' }));
    const said = JSON.stringify([house.notes, (await house.ask('/v1/keys', { key: house.master })).text]);
    for (const secret of [text, (JSON.parse(rotated.text) as { readonly text: string }).text])
      expect(said).not.toContain(secret.split('_')[2]);
  });

  test('C4 · keys of another tenant are neither seen nor touched', async () => {
    await using house = await openHouse();
    const theirs = await house.issue({ name: 'theirs', tenant: 'other' });
    const { text } = await house.issue({ tenant: 'acme', scopes: ['read', 'run', 'approve', 'operate', 'admin'] });
    expect((await house.ask('/v1/keys', { key: text })).text).not.toContain(theirs.key.id);
    for (const deed of ['rotate', 'revoke'])
      expect((await house.ask(`/v1/keys/${theirs.key.id}/${deed}`, { method: 'POST', key: text, json: {} })).status).toBe(404);
    expect((await house.ask('/v1/runs', { key: theirs.text })).status).toBe(200);
  });

  test('C4 · a ticket is no wider than who asked for it', async () => {
    await using house = await openHouse({ origins: ['https://app.example'] });
    const { text } = await house.issue({ scopes: ['read'] });
    const { ticket } = JSON.parse(
      (await house.ask('/v1/tickets', { method: 'POST', key: text, json: { origin: 'https://app.example' } })).text,
    ) as { readonly ticket: string };
    const caller = await house.dial({ token: ticket, origin: 'https://app.example' });
    await caller.next('welcome');
    caller.send({ t: 'start', ch: 1, idem: 'i', run: { input: 'q' } });
    expect(await caller.next('err')).toMatchObject({ ch: 1, code: 'FORBIDDEN' });
  });

  test('C4 · a ticket is good once, for half a minute, for its origin and for sockets only', async () => {
    await using house = await openHouse({ origins: ['https://app.example', 'https://other.example'] });
    const { text } = await house.issue();
    const issue = async (): Promise<string> => {
      const { text: said } = await house.ask('/v1/tickets', { method: 'POST', key: text, json: { origin: 'https://app.example' } });
      return (JSON.parse(said) as { readonly ticket: string }).ticket;
    };
    const once = await issue();
    await (await house.dial({ token: once, origin: 'https://app.example' })).next('welcome');
    expect(await (await house.dial({ token: once, origin: 'https://app.example' })).closed).toBe(4401);
    const elsewhere = await issue();
    expect(await (await house.dial({ token: elsewhere, origin: 'https://other.example' })).closed).toBe(4401);
    expect(await (await house.dial({ token: elsewhere, origin: 'https://app.example' })).closed).toBe(4401);
    expect(await (await house.dial({ token: await issue() })).closed).toBe(4401);
    const old = await issue();
    house.later(31_000);
    expect(await (await house.dial({ token: old, origin: 'https://app.example' })).closed).toBe(4401);
    expect((await house.ask('/v1/runs', { key: await issue() })).status).toBe(401);
    expect(await house.isWell()).toBe(true);
  });

  test('C5 · every other way of writing a path meets the same gate', async () => {
    await using house = await openHouse();
    const { text } = await house.issue({ scopes: ['read'] });
    const before = await keysIn(house);
    for (const path of [
      '//v1/keys',
      '/v1//keys',
      '/v1/keys/',
      '/V1/KEYS',
      '/v1/%6beys',
      '/v1/runs/../keys',
      '/v1/runs/%2e%2e/keys',
      '/v1/keys;x=1',
      '/v1/keys%00',
      '/v1/keys?x=1',
      '/./v1/keys',
      '/v1\\keys',
      '/v1/keys#x',
      '/healthz/../v1/keys',
      '/readyz;/v1/keys',
    ]) {
      for (const headers of [{}, { 'x-http-method-override': 'GET' }, { 'x-original-url': '/healthz' }, { 'x-rewrite-url': '/healthz' }]) {
        const narrow = await house.ask(path, { method: 'POST', key: text, headers, json: { name: 'k', scopes: ['admin'] } });
        expect([400, 403, 404, 405], `${path} ${JSON.stringify(headers)}`).toContain(narrow.status);
        const stranger = await house.ask(path, { method: 'POST', headers, json: { name: 'k', scopes: ['admin'] } });
        expect([400, 401], path).toContain(stranger.status);
      }
    }
    expect(await keysIn(house)).toEqual(before);
    expect(await house.isWell()).toBe(true);
  });

  test('C5 · without a key every route of the inventory answers 401, but for those that say how the server is', async () => {
    await using house = await openHouse();
    await house.issue();
    const open: string[] = [];
    for (const { route, method, path, json } of httpCalls({ run: 'r'.repeat(22) })) {
      const { status } = await house.ask(path, { method, json });
      if (status !== 401) open.push(`${route} ${status}`);
    }
    expect(open).toEqual(['GET /healthz 200', 'HEAD /healthz 200', 'GET /readyz 200', 'HEAD /readyz 200']);
    expect((await house.ask('/readyz')).text).toBe('{"ready":true}');
    expect(await house.isWell()).toBe(true);
  });

  test('C6 · a connection that comes back has what its key has now, and no more', async () => {
    await using house = await openHouse();
    const run = await house.begin('default', 'r');
    const { key, text } = await house.issue({ scopes: ['read'] });
    for (let i = 0; i < 2; i++) {
      const caller = await house.dial({ token: text });
      await caller.next('welcome');
      caller.send({ t: 'attach', ch: 1, run, epoch: 1, after: i });
      await caller.next('attached');
      caller.send({ t: 'command', run, id: 'c', kind: 'cancel' });
      expect(await caller.next('err')).toMatchObject({ id: 'c', code: 'FORBIDDEN' });
      caller.end();
    }
    await house.ask(`/v1/keys/${key.id}/revoke`, { method: 'POST', key: house.master, json: {} });
    expect(await (await house.dial({ token: text })).closed).toBe(4401);
    expect((await house.ask(`/v1/runs/${run}/events`, { key: text, headers: { 'last-event-id': encodeCursor(1, 1) } })).status).toBe(401);
    expect(await house.isWell()).toBe(true);
  });
});

async function keysIn(house: AttackedHouse): Promise<unknown> {
  const { keys } = JSON.parse((await house.ask('/v1/keys', { key: house.master })).text) as {
    readonly keys: readonly { readonly id: string }[];
  };
  return keys.map(({ id }) => id);
}
