import { seededRandom, systemRandom } from '@openclaw-runtime/kit';
import { createMemoryStore } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import type { From } from '../src/identity/identity.ts';
import { openKeyRing } from '../src/identity/keys/key-ring.ts';
import { hashOf, keyIdOf, makeKey } from '../src/identity/keys/key-text.ts';
import { openIdentity } from '../src/identity/proof/open-identity.ts';
import { createTenants } from '../src/identity/tenants.ts';
import { addressOf, networkOf, parseProxies } from '../src/line/address.ts';

const FROM: From = { address: '192.0.2.1', way: 'http' };

function createClock() {
  let now = 1_000_000;
  return {
    now: () => now,
    wall: () => now,
    after: () => () => undefined,
    pass(ms: number) {
      now += ms;
    },
  };
}

describe('the text of a key', () => {
  test('names its key, has 256 bits, and only letters and digits beside its three lines', () => {
    const random = seededRandom(7);
    const made = Array.from({ length: 200 }, () => makeKey(random));
    for (const { id, text, hash } of made) {
      expect(text).toMatch(/^claw_[0-9A-Za-z]{11}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
      expect(keyIdOf(text)).toBe(id);
      expect(hash).toBe(hashOf(text));
    }
    expect(new Set(made.map(({ text }) => text)).size).toBe(200);
    expect(makeKey({ ...random, bytes: (n) => new Uint8Array(n).fill(255) }).text.length).toBe(made[0]?.text.length);
  });

  test('a slip of the pen is noticed without asking anybody', () => {
    const { text } = makeKey(systemRandom);
    for (let i = 0; i < text.length; i++) {
      const slipped = `${text.slice(0, i)}${text[i] === 'x' ? 'y' : 'x'}${text.slice(i + 1)}`;
      expect(keyIdOf(slipped), slipped).toBeUndefined();
    }
  });
});

describe('keys are kept', () => {
  test('without their secrets, over a restart; last used is written once a minute at most', async () => {
    const store = createMemoryStore();
    const clock = createClock();
    const options = { store, clock, random: systemRandom, localKey: 'local' };
    const identity = await openIdentity(options);
    const by = await identity.identify('local', FROM);
    const { key, text } = await identity.keys.create(by, { name: 'ci', tenant: 'acme', scopes: ['run', 'read'] });
    expect(await identity.identify(text, FROM)).toMatchObject({ tenant: 'acme', id: `key:${key.id}` });
    const written = async () => (await store.state.get('_house', 'keys'))?.rev;
    const before = await written();
    for (let i = 0; i < 100; i++) {
      await identity.identify(text, FROM);
      clock.pass(500);
      identity.tick();
      await new Promise(setImmediate);
    }
    expect(await written()).toBe(before);
    clock.pass(15_000);
    identity.tick();
    await new Promise(setImmediate);
    expect(await written()).toBe((before ?? 0) + 1);
    const value = (await store.state.get('_house', 'keys'))?.value ?? '';
    expect(value).toContain('"lastUsedMs"');
    expect(value).not.toContain(text.split('_')[2]);

    const again = await openIdentity(options);
    expect(again.takesAnybody).toBe(false);
    expect(await again.identify(text, FROM)).toMatchObject({ tenant: 'acme', scopes: new Set(['read', 'run']) });
    expect(() => again.identify(undefined, FROM)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
    await store.close();
  });

  test('two houses that change them at once lose nothing', async () => {
    const store = createMemoryStore();
    const clock = createClock();
    const [a, b] = [await openKeyRing(store.state, clock), await openKeyRing(store.state, clock)];
    const row = (id: string) => ({ id, name: id, tenant: 't', scopes: [], createdMs: 0, by: 'x', hash: 'h' });
    await Promise.all([
      a.change((rows) => rows.push(row('1'))),
      b.change((rows) => rows.push(row('2'))),
      a.change((rows) => rows.push(row('3'))),
    ]);
    const kept = await openKeyRing(store.state, clock);
    expect(
      kept
        .rows()
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(['1', '2', '3']);
    await store.close();
  });

  test('those that are over are forgotten in the end, and take no room that others need', { timeout: 120_000 }, async () => {
    const store = createMemoryStore();
    const clock = createClock();
    const identity = await openIdentity({ store, clock, random: systemRandom, localKey: 'local' });
    const by = await identity.identify('local', FROM);
    for (let i = 0; i < 1_200; i++) {
      const { key } = await identity.keys.create(by, { name: `${i}`, expiresMs: clock.wall() + 1_000 });
      if (i % 2 === 0) await identity.keys.revoke(by, key.id);
    }
    clock.pass(2_000);
    const last = await identity.keys.create(by, { name: 'last' });
    // Of those that are over, the last thousand.
    expect(identity.keys.list(by)).toHaveLength(1_001);
    expect(identity.keys.list(by).at(-2)).toMatchObject({ name: '1199' });
    clock.pass(91 * 24 * 3_600_000);
    await identity.keys.rotate(by, last.key.id, 0);
    expect(identity.keys.list(by)).toHaveLength(1);
    await store.close();
  });

  test('one tenant leaves room for the keys of others', async () => {
    const store = createMemoryStore();
    const clock = createClock();
    const identity = await openIdentity({ store, clock, random: systemRandom, localKey: 'local' });
    const by = await identity.identify('local', FROM);
    const { text } = await identity.keys.create(by, { name: 'theirs', tenant: 'acme', scopes: ['admin', 'read'] });
    const theirs = await identity.identify(text, FROM);
    for (let i = 1; i < 500; i++) await identity.keys.create(theirs, { name: `${i}` });
    await expect(identity.keys.create(theirs, { name: 'one more' })).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await identity.keys.create(by, { name: 'ours' });
    await identity.keys.create(by, { name: 'others', tenant: 'other' });
    await store.close();
  });

  test('those of a newer version are refused, not passed over', async () => {
    const store = createMemoryStore();
    await store.state.put('_house', 'keys', JSON.stringify({ v: 2, keys: [] }), 0);
    await expect(openIdentity({ store, clock: createClock(), random: systemRandom })).rejects.toMatchObject({ code: 'DATA_FORMAT' });
    await store.close();
  });
});

describe('a server token', () => {
  test('that is exchanged ends what came in with the one before', async () => {
    const store = createMemoryStore();
    let token = 'one';
    const clock = createClock();
    const identity = await openIdentity({ store, clock, random: systemRandom, token: () => token });
    const principal = await identity.identify('one', FROM);
    expect(identity.still(principal)).toBe(principal);
    token = 'two';
    clock.pass(1_000);
    expect(identity.still(principal)).toBeUndefined();
    expect(() => identity.identify('one', FROM)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
    expect(await identity.identify('two', FROM)).toMatchObject({ id: 'token', tenant: 'default' });
    await store.close();
  });
});

describe('the place of a server token', () => {
  test('is looked at once a second, not for each request and each socket; a new token is taken at once', async () => {
    const store = createMemoryStore();
    const clock = createClock();
    let token = 'one';
    let reads = 0;
    const read = (): string => {
      reads++;
      return token;
    };
    const identity = await openIdentity({ store, clock, random: systemRandom, token: read });
    const principal = await identity.identify('one', FROM);
    reads = 0;
    for (let i = 0; i < 1_000; i++) {
      expect(identity.still(principal)).toBe(principal);
      expect(await identity.identify('one', FROM)).toBe(principal);
    }
    expect(reads).toBeLessThanOrEqual(1);
    token = 'two';
    expect(await identity.identify('two', FROM)).toMatchObject({ id: 'token' });
    expect(identity.still(principal)).toBeUndefined();
    await store.close();
  });

  test('that is empty for a moment changes nothing, and an empty token opens nothing', async () => {
    const store = createMemoryStore();
    const clock = createClock();
    let token: string | undefined = 'one';
    const read = (): string => {
      if (token === undefined) throw new Error('there is no such file');
      return token;
    };
    const identity = await openIdentity({ store, clock, random: systemRandom, token: read });
    const principal = await identity.identify('one', FROM);
    for (const gone of [undefined, '']) {
      token = gone;
      clock.pass(1_000);
      expect(identity.still(principal)).toBe(principal);
      expect(() => identity.identify('', FROM)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
      expect(await identity.identify('one', FROM)).toBe(principal);
    }
    const fresh = await openIdentity({ store, clock, random: systemRandom, token: () => '' });
    expect(() => fresh.identify('', FROM)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
    expect(() => fresh.identify(undefined, FROM)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
    await store.close();
  });
});

describe('addresses', () => {
  const request = (remoteAddress: string, said?: string) =>
    ({ socket: { remoteAddress }, headers: said === undefined ? {} : { 'x-forwarded-for': said } }) as unknown as Parameters<
      typeof addressOf
    >[0];
  const proxies = parseProxies(['10.0.0.0/8', '::1', '2001:db8::/32']);

  test.each([
    ['192.0.2.1', '1.2.3.4', '192.0.2.1'],
    ['10.0.0.1', '1.2.3.4', '1.2.3.4'],
    ['::ffff:10.0.0.1', '1.2.3.4', '1.2.3.4'],
    ['10.0.0.1', '9.9.9.9, 1.2.3.4, 10.2.2.2', '1.2.3.4'],
    ['10.0.0.1', '9.9.9.9, nonsense', '10.0.0.1'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '10.0.0.2', '10.0.0.2'],
    ['2001:db8::5', '2003::1', '2003::1'],
  ])('%s saying %j is %s', (peer, said, address) => {
    expect(addressOf(request(peer, said), proxies)).toBe(address);
  });

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:0:7:1:2:3:4', '2001:db8:0:7::/64'],
    ['2001:db8::7:0:0:0:1', '2001:db8:0:7::/64'],
    ['2001:0DB8::7:1:2:3:4%eth0', '2001:db8:0:7::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ])('whoever has %s has all of %s', (address, network) => expect(networkOf(address)).toBe(network));

  test('guesses from one IPv6 network are those of one', async () => {
    const store = createMemoryStore();
    const identity = await openIdentity({ store, clock: createClock(), random: systemRandom, token: () => 'one' });
    const guess = (i: number) => () => identity.identify(`guess ${i}`, { address: `2001:db8::${i}`, way: 'http' });
    for (let i = 1; i <= 10; i++) expect(guess(i)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
    expect(guess(11)).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }));
    await store.close();
  });

  test('nobody is believed unasked', () => expect(addressOf(request('10.0.0.1', '1.2.3.4'), undefined)).toBe('10.0.0.1'));

  test.each(['nonsense', '10.0.0.0/33', '10.0.0.0/x', ''])('%j is no network', (text) => {
    expect(() => parseProxies([text])).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
  });
});

test('tenants that come all at once are all known over a restart', async () => {
  const store = createMemoryStore();
  const tenants = createTenants(store.state);
  const names = Array.from({ length: 20 }, (_, i) => `tenant-${i}`);
  for (const name of names) tenants.add(name);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(new Set(await createTenants(store.state).all())).toEqual(new Set(['default', ...names]));
  await store.close();
});

test('tenants are known over a restart', async () => {
  const store = createMemoryStore();
  const tenants = createTenants(store.state);
  for (const tenant of ['b', 'default', 'a', 'b']) tenants.add(tenant);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await createTenants(store.state).all()).toSorted()).toEqual(['a', 'b', 'default']);
  await store.close();
});
