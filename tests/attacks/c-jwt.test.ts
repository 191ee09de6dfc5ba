import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { GatewayOptions } from '@openclaw-runtime/gateway';
import { createMemoryStore } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { openHouse } from './house.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEYS = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] };

type Jwt = NonNullable<NonNullable<GatewayOptions['auth']>['jwt']>;
const ISSUER: Jwt = {
  issuer: 'https://issuer.example',
  audience: 'openclaw',
  loadKeys: async () => KEYS,
  tenantClaim: 'org',
};

const now = (): number => Math.floor(Date.now() / 1_000);
const claims = (): Record<string, unknown> => ({
  iss: ISSUER.issuer,
  aud: ISSUER.audience,
  sub: 'alice',
  org: 'acme',
  scope: 'read run',
  exp: now() + 600,
});

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
const PSEUDO = { alg: 'RS256', kid: 'one', typ: 'JWT' };

/** Signs whatever is given, as an attacker would: no library says no. */
function token(payload: object, header: Record<string, unknown> = PSEUDO, key: KeyObject = privateKey): string {
  const body = `${encode(header)}.${encode(payload)}`;
  return `${body}.${sign('sha256', Buffer.from(body), key).toString('base64url')}`;
}

describe('tokens of an issuer', () => {
  test('C7 · what is right is let in, by HTTP and by socket, in the tenant and with the scopes that it names', async () => {
    await using house = await openHouse({ auth: { jwt: ISSUER } });
    const run = await house.begin('acme', 'r');
    const theirs = await house.begin('other', 's');
    const good = token(claims());
    expect((await house.ask(`/v1/runs/${run}`, { key: good })).status).toBe(200);
    expect((await house.ask(`/v1/runs/${theirs}`, { key: good })).status).toBe(404);
    expect((await house.ask('/v1/keys', { key: good })).status).toBe(403);
    const caller = await house.dial({ token: good });
    // What comes with hello waits until it is known who that is.
    caller.send({ t: 'attach', ch: 1, run });
    await caller.next('welcome');
    expect(await caller.next('attached')).toMatchObject({ run });
    expect(await house.isWell()).toBe(true);
  });

  test('C7 · no algorithm, the public key as a secret, keys from elsewhere, and kids that are paths or queries: 401', async () => {
    let asked = 0;
    const loadKeys = async (): Promise<unknown> => {
      asked++;
      return KEYS;
    };
    await using house = await openHouse({ auth: { jwt: { ...ISSUER, loadKeys } } });
    const body = (header: object): string => `${encode(header)}.${encode(claims())}`;
    const hmac = (header: object, secret: string | Buffer): string =>
      `${body(header)}.${createHmac('sha256', secret).update(body(header)).digest('base64url')}`;
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
    const foreign = stranger.publicKey.export({ format: 'jwk' });
    const bad: Readonly<Record<string, string>> = {
      'alg none': `${body({ alg: 'none' })}.`,
      'alg None': `${body({ alg: 'None', kid: 'one' })}.`,
      'alg none with a signature': token(claims(), { alg: 'none', kid: 'one' }),
      'HS256 with the public key in PEM': hmac({ alg: 'HS256', kid: 'one' }, pem),
      'HS256 with the public key in DER': hmac({ alg: 'HS256', kid: 'one' }, publicKey.export({ type: 'spki', format: 'der' })),
      'HS256 with nothing': hmac({ alg: 'HS256', kid: '../../dev/null' }, ''),
      'RS512, which is not allowed': token(claims(), { alg: 'RS512', kid: 'one' }),
      'a key in the header': token(claims(), { ...PSEUDO, jwk: foreign }, stranger.privateKey),
      'a jku': token(claims(), { ...PSEUDO, jku: `http://127.0.0.1:1/keys` }, stranger.privateKey),
      'an x5u': token(claims(), { ...PSEUDO, x5u: 'http://127.0.0.1:1/cert' }),
      'an x5c': token(claims(), { ...PSEUDO, x5c: ['AA=='] }),
      'a kid that is a path': token(claims(), { alg: 'RS256', kid: '../../../../etc/passwd' }, stranger.privateKey),
      'a kid that is a query': token(claims(), { alg: 'RS256', kid: "x' UNION SELECT 'a" }, stranger.privateKey),
      'a kid of another type': token(claims(), { alg: 'RS256', kid: { $ne: null } }, stranger.privateKey),
      'another’s signature': token(claims(), PSEUDO, stranger.privateKey),
      'a critical extension': token(claims(), { ...PSEUDO, crit: ['x'], x: 1 }),
      'no JSON': 'YQ.YQ.YQ',
      'changed claims': `${encode(PSEUDO)}.${encode({ ...claims(), scope: 'admin' })}.${token(claims()).split('.')[2]}`,
    };
    for (const [name, text] of Object.entries(bad)) {
      const { status, code } = await house.ask('/v1/runs', { key: text });
      expect([status, code], name).toEqual([401, 'UNAUTHENTICATED']);
      // Guesses of one name are held up; another address is another guesser.
      house.later(700_000);
    }
    expect(await (await house.dial({ token: bad['alg none'] ?? '' })).closed).toBe(4401);
    // Whatever tokens say, the issuer is asked no more often than every 30 s.
    expect(asked).toBeLessThanOrEqual(Object.keys(bad).length + 2);
    expect(await house.isWell()).toBe(true);
  });

  test.each([
    ['another audience', { aud: 'other' }],
    ['no audience', { aud: undefined }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['an issuer with ours as its prefix', { iss: `${ISSUER.issuer}.evil.example` }],
    ['no end', { exp: undefined }],
    ['an end 61 s ago', { exp: now() - 61 }],
    ['a beginning in 2 minutes', { nbf: now() + 120 }],
    ['no subject', { sub: undefined }],
    ['a subject with line feeds', { sub: 'a\nb' }],
    ['no tenant', { org: undefined }],
    ['a tenant that is a path', { org: '../default' }],
    ['the tenant of the house’s own state', { org: '_house' }],
    ['a tenant that is a list', { org: ['acme'] }],
  ])('C8 · %s: 401', async (_name, wrong) => {
    await using house = await openHouse({ auth: { jwt: ISSUER } });
    const text = token({ ...claims(), ...wrong });
    expect((await house.ask('/v1/runs', { key: text })).status).toBe(401);
    expect(await (await house.dial({ token: text })).closed).toBe(4401);
    expect(house.notes).toContainEqual(expect.objectContaining({ decision: 'refused', why: 'UNAUTHENTICATED' }));
    expect(await house.isWell()).toBe(true);
  });

  test('C8 · clocks that differ by less than a minute do not matter', async () => {
    await using house = await openHouse({ auth: { jwt: ISSUER } });
    expect((await house.ask('/v1/runs', { key: token({ ...claims(), exp: now() - 50 }) })).status).toBe(200);
    expect((await house.ask('/v1/runs', { key: token({ ...claims(), nbf: now() + 50 }) })).status).toBe(200);
  });

  test('C8 · a token that was let in is let in no more once it has expired, and its sockets are closed', async () => {
    await using house = await openHouse({ auth: { jwt: ISSUER } });
    const text = token({ ...claims(), exp: now() + 5 });
    const caller = await house.dial({ token: text });
    await caller.next('welcome');
    expect((await house.ask('/v1/runs', { key: text })).status).toBe(200);
    house.later(66_000);
    expect((await house.ask('/v1/runs', { key: text })).status).toBe(401);
    expect(await caller.closed).toBe(4401);
  });

  test('C8 · scopes that another claim names, and those that there are not, are not given', async () => {
    await using house = await openHouse({ auth: { jwt: ISSUER } });
    const text = token({ ...claims(), scope: 'read everything root', scopes: ['admin'], role: 'admin' });
    expect((await house.ask('/v1/runs', { key: text })).status).toBe(200);
    expect((await house.ask('/v1/keys', { key: text })).status).toBe(403);
    expect((await house.ask('/v1/runs', { method: 'POST', key: text, json: { input: 'q' } })).status).toBe(403);
  });

  test('C8 · the issuer may be away: its keys stay, also over a restart; without any nobody is let in', async () => {
    const store = createMemoryStore();
    let isThere = true;
    const loadKeys = async (): Promise<unknown> => {
      if (isThere) return KEYS;
      throw new Error('ECONNREFUSED');
    };
    const jwt = { ...ISSUER, loadKeys };
    {
      await using house = await openHouse({ auth: { jwt }, store: { ...store, close: async () => undefined } });
      expect((await house.ask('/v1/runs', { key: token(claims()) })).status).toBe(200);
      isThere = false;
      house.later(500_000);
      expect((await house.ask('/v1/runs', { key: token({ ...claims(), exp: now() + 5_000 }) })).status).toBe(200);
      house.later(500_000);
      expect((await house.ask('/v1/runs', { key: token({ ...claims(), exp: now() + 6_000 }) })).status).toBe(200);
    }
    await using again = await openHouse({ auth: { jwt }, store });
    expect((await again.ask('/v1/runs', { key: token(claims()) })).status).toBe(200);
    await using fresh = await openHouse({ auth: { jwt } });
    expect((await fresh.ask('/v1/runs', { key: token(claims()) })).status).toBe(401);
  });

  test('C8 · a key that the issuer adds is known with the first token of it', async () => {
    const added = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const set = { keys: [...KEYS.keys] as object[] };
    await using house = await openHouse({ auth: { jwt: { ...ISSUER, loadKeys: async () => structuredClone(set) } } });
    expect((await house.ask('/v1/runs', { key: token(claims()) })).status).toBe(200);
    set.keys.push({ ...added.publicKey.export({ format: 'jwk' }), kid: 'two', alg: 'ES256' });
    const body = `${encode({ alg: 'ES256', kid: 'two' })}.${encode(claims())}`;
    const text = `${body}.${sign('sha256', Buffer.from(body), { key: added.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    house.later(31_000);
    expect((await house.ask('/v1/runs', { key: text })).status).toBe(200);
  });

  test('C10 · what a key signed that the issuer has taken back opens nothing once that is known, and its sockets are closed', async () => {
    let keys: readonly object[] = KEYS.keys;
    await using house = await openHouse({ auth: { jwt: { ...ISSUER, loadKeys: async () => ({ keys }) } } });
    const text = token({ ...claims(), exp: now() + 86_400 });
    expect((await house.ask('/v1/runs', { key: text })).status).toBe(200);
    keys = [{ ...stranger.publicKey.export({ format: 'jwk' }), kid: 'two', alg: 'RS256' }];
    expect((await house.ask('/v1/runs', { key: text })).status).toBe(200);
    house.later(600_001);
    // Nobody asks for anything meanwhile.
    expect(await (await house.dial({ token: text })).closed).toBe(4401);
    expect((await house.ask('/v1/runs', { key: text })).status).toBe(401);
    const next = token({ ...claims(), exp: now() + 86_400 }, { ...PSEUDO, kid: 'two' }, stranger.privateKey);
    expect((await house.ask('/v1/runs', { key: next })).status).toBe(200);
    expect(await house.isWell()).toBe(true);
  });

  test('C12 · who comes with a token that has expired is told so, however often, and holds up neither himself nor others', async () => {
    await using house = await openHouse({ auth: { jwt: ISSUER } });
    const old = token({ ...claims(), exp: now() - 600 });
    for (let i = 0; i < 15; i++) expect((await house.ask('/v1/runs', { key: old })).status).toBe(401);
    expect((await house.ask('/v1/runs', { key: token(claims()) })).status).toBe(200);
    // Hours of an application whose users' tokens expire now and then.
    for (let i = 0; i < 320; i++) {
      house.later(3_000);
      const { status } = await house.ask('/v1/runs', { key: token({ ...claims(), sub: `user-${i}`, exp: now() - 600 }) });
      expect(status).toBe(401);
    }
    const later = Math.floor(Date.now() / 1_000) + 3_600;
    expect((await house.ask('/v1/runs', { key: token({ ...claims(), sub: 'somebody', exp: later }) })).status).toBe(200);
    const forged = { ...claims(), sub: 'mallory', exp: later };
    const guess = (): Promise<{ readonly status: number }> => house.ask('/v1/runs', { key: token(forged, PSEUDO, stranger.privateKey) });
    for (let i = 0; i < 10; i++) expect((await guess()).status).toBe(401);
    expect((await guess()).status).toBe(429);
  });
});
