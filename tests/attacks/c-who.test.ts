import { systemClock, systemRandom } from '@openclaw-runtime/kit';
import { createMemoryStore } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { openIdentity } from '../../packages/gateway/src/identity/proof/open-identity.ts';
import { openHouse } from './house.ts';

const wrongSecret = (text: string): string =>
  text.replace(/_(.)(.{42})_/, (_hit, first: string, rest: string) => `_${first === 'A' ? 'B' : 'A'}${rest}_`);

describe('nobody comes in without proof', () => {
  test.each([
    undefined,
    'Bearer',
    'Bearer ',
    'Bearer undefined',
    'Bearer null',
    'Bearer %20',
    'Basic YTpi',
    'claw_',
    'Bearer claw_',
    'Bearer a b',
    'Bearer ""',
  ])('C1 · the authorization %j is refused with 401', async (authorization) => {
    await using house = await openHouse();
    await house.issue();
    const { status, headers, code } = await house.ask('/v1/runs', { headers: authorization === undefined ? {} : { authorization } });
    expect([status, code, headers.get('www-authenticate')]).toEqual([401, 'UNAUTHENTICATED', 'Bearer']);
    expect(house.notes).toContainEqual(expect.objectContaining({ decision: 'refused', why: 'UNAUTHENTICATED' }));
    expect(await house.isWell()).toBe(true);
  });

  test.each([undefined, '', ' ', 'undefined', 'null', '\u0000'])('C1 · the token %j of hello is refused with 4401', async (token) => {
    await using house = await openHouse();
    await house.issue();
    const caller = await house.dial(token === undefined ? {} : { token });
    expect(await caller.next('err')).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await caller.closed).toBe(4401);
    expect(house.notes).toContainEqual(expect.objectContaining({ decision: 'refused', why: 'UNAUTHENTICATED' }));
    expect(await house.isWell()).toBe(true);
  });

  test('C1 · a revoked last key does not open the house again', async () => {
    await using house = await openHouse();
    expect((await house.ask('/v1/runs')).status).toBe(200);
    const { key } = await house.issue();
    expect((await house.ask('/v1/runs')).status).toBe(401);
    await house.ask(`/v1/keys/${key.id}/revoke`, { method: 'POST', key: house.master, json: {} });
    expect((await house.ask('/v1/runs')).status).toBe(401);
  });

  test('C2 · a wrong token is not passed over where none would do', async () => {
    await using house = await openHouse({ auth: { anonymous: true } });
    const { text } = await house.issue();
    expect((await house.ask('/v1/runs')).status).toBe(200);
    expect((await house.ask('/v1/runs', { key: 'wrong' })).status).toBe(401);
    expect((await house.ask('/v1/runs', { key: wrongSecret(text) })).status).toBe(401);
    const caller = await house.dial({ token: wrongSecret(text) });
    expect(await caller.closed).toBe(4401);
    // Nor is what is no bearer token taken for nothing.
    for (const authorization of [`Bearer ${text} x`, `bearer`, text, 'Basic YTpi'])
      expect((await house.ask('/v1/runs', { headers: { authorization } })).status, authorization).toBe(401);
    // And who says nothing may not do what runs the house.
    expect((await house.ask('/v1/keys')).status).toBe(403);
  });
});

test('C1 · each refusal is written down and counted, also of what never became a socket', async () => {
  await using house = await openHouse();
  await house.issue();
  await house.ask('/v1/runs', { key: 'wrong' });
  await expect(house.dial({ origin: 'http://evil.example' })).rejects.toThrow('403');
  expect(await (await house.dial({ token: 'wrong' })).closed).toBe(4401);
  expect(house.notes.filter(({ decision }) => decision === 'refused').map(({ action, target }) => [action, target])).toEqual([
    ['refused.UNAUTHENTICATED', 'GET /v1/runs'],
    ['refused.FORBIDDEN', 'upgrade'],
    ['refused.UNAUTHENTICATED', 'socket'],
  ]);
  expect(house.gateway.refused).toEqual({ UNAUTHENTICATED: 2, FORBIDDEN: 1 });
});

describe('guessing', () => {
  test('C11 · an id that there is and one that there is not take the same time and get the same answer', async () => {
    const store = createMemoryStore();
    const identity = await openIdentity({ store, clock: systemClock, random: systemRandom, localKey: 'local' });
    const from = (i: number) => ({ address: `10.0.${i >> 8}.${i & 255}`, way: 'http' }) as const;
    const { text } = await identity.keys.create(await identity.identify('local', from(0)), { name: 'k' });
    // Well-formed keys, which only differ in what is wrong: the secret, or the id.
    const strangers = await openIdentity({ store: createMemoryStore(), clock: systemClock, random: systemRandom, localKey: 'local' });
    const other = (await strangers.keys.create(await strangers.identify('local', from(0)), { name: 'k' })).text;
    const known = await forged(text);
    const tried = [known, other].map((key) => ({ key, times: [] as number[], said: new Set<string>() }));
    for (let i = 0; i < 3_000; i++) {
      for (const each of i % 2 === 0 ? tried : tried.toReversed()) {
        const began = process.hrtime.bigint();
        try {
          await identity.identify(each.key, from(i));
        } catch (error) {
          each.said.add((error as Error).message);
        }
        each.times.push(Number(process.hrtime.bigint() - began));
      }
    }
    const [a = 0, b = 0] = tried.map(({ times }) => times.toSorted((x, y) => x - y)[times.length >> 1] ?? 0);
    console.log(`medians: ${a} ns for an id that there is, ${b} ns for one that there is not`);
    expect(Math.abs(a - b)).toBeLessThan(20_000);
    expect([...tried.flatMap(({ said }) => [...said])]).toHaveLength(2);
    expect(new Set(tried.flatMap(({ said }) => [...said])).size).toBe(1);
    await store.close();
  });

  test('C12 · who guesses at a key is held up, with Retry-After; others behind the same address are not, nor the key elsewhere', async () => {
    await using house = await openHouse({ trustedProxies: ['127.0.0.1'] });
    const [mine, theirs] = [await house.issue({ name: 'mine' }), await house.issue({ name: 'theirs' })];
    const at = (address: string) => ({ 'x-forwarded-for': address });
    const guess = await forged(mine.text);
    const answers = [];
    for (let i = 0; i < 14; i++) answers.push(await house.ask('/v1/runs', { key: guess, headers: at('203.0.113.7') }));
    expect(answers.slice(0, 10).map(({ status }) => status)).toEqual(Array(10).fill(401));
    expect(answers.slice(10).map(({ status }) => status)).toEqual(Array(4).fill(429));
    expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
    // Not even the right one is looked at from there: otherwise guessing would go on.
    expect((await house.ask('/v1/runs', { key: mine.text, headers: at('203.0.113.7') })).status).toBe(429);
    expect((await house.ask('/v1/runs', { key: theirs.text, headers: at('203.0.113.7') })).status).toBe(200);
    expect((await house.ask('/v1/runs', { key: mine.text, headers: at('198.51.100.9') })).status).toBe(200);
    house.later(120_000);
    expect((await house.ask('/v1/runs', { key: mine.text, headers: at('203.0.113.7') })).status).toBe(200);
    expect(await house.isWell()).toBe(true);
  });

  test('C12 · who was let in from an address stays so while somebody else guesses there', async () => {
    await using house = await openHouse({ token: () => 'correct horse battery staple' });
    expect((await house.ask('/v1/runs', { key: 'correct horse battery staple'.replaceAll(' ', '-') })).status).toBe(401);
    const caller = await house.dial({ token: 'correct horse battery staple' });
    await caller.next('welcome');
    for (let i = 0; i < 20; i++) (await house.dial({ token: `guess ${i}` })).end();
    const held = await house.dial({ token: 'one more' });
    expect(await held.next('err')).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) });
    expect(await held.closed).toBe(4429);
    expect(house.notes).toContainEqual(expect.objectContaining({ action: 'refused.RATE_LIMITED', decision: 'refused' }));
    await (await house.dial({ token: 'correct horse battery staple' })).next('welcome');
  });
});

describe('who is taken for somebody else', () => {
  test('C15 · the loopback address is no proof, and what a peer says of its address is not believed', async () => {
    await using house = await openHouse();
    const { text } = await house.issue();
    for (const headers of [
      { 'x-forwarded-for': '127.0.0.1' },
      { forwarded: 'for=127.0.0.1' },
      { 'x-real-ip': '127.0.0.1' },
      { 'x-forwarded-host': 'localhost', 'x-forwarded-proto': 'https' },
    ])
      expect((await house.ask('/v1/runs', { headers })).status).toBe(401);
    // A new address in each request does not make a new guesser.
    const guess = await forged(text);
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++)
      statuses.push((await house.ask('/v1/runs', { key: guess, headers: { 'x-forwarded-for': `192.0.2.${i}` } })).status);
    expect(statuses.at(-1)).toBe(429);
    expect(await house.isWell()).toBe(true);
  });

  test('C15 · behind a trusted proxy the last address that is not trusted counts, not what the client wrote before it', async () => {
    await using house = await openHouse({ trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] });
    const { text } = await house.issue();
    const guess = await forged(text);
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++)
      statuses.push(
        (await house.ask('/v1/runs', { key: guess, headers: { 'x-forwarded-for': `192.0.2.${i}, 203.0.113.5, 10.1.2.3` } })).status,
      );
    expect(statuses.at(-1)).toBe(429);
    expect(await house.isWell()).toBe(true);
  });

  test.each(['0.0.0.0', '::'])('C19 · %s is not listened on where anybody would be let in', async (host) => {
    await expect(openHouse({ host })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(openHouse({ host, auth: { anonymous: true }, token: () => 'token' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await using house = await openHouse({ host, auth: { anonymous: false } });
    expect((await house.ask('/v1/runs')).status).toBe(401);
    expect(await house.isWell()).toBe(true);
  });
});

/** A key of the same id with another secret, and a checksum that is right. */
async function forged(text: string): Promise<string> {
  const { makeKey } = await import('../../packages/gateway/src/identity/keys/key-text.ts');
  return makeKey(systemRandom, text.split('_')[1] ?? '').text;
}
