import { type Clock, seededRandom, systemClock } from '@openclaw-runtime/kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createYes, type OauthPeer, openOauthPeer } from '../../../tests/house/mcp/oauth-peer.ts';
import {
  type Consent,
  createMachine,
  type HttpServer,
  type LoggedIn,
  type Logins,
  logIn,
  type OpenHouseTools,
  openHouseTools,
  type PersonAuth,
} from '../src/index.ts';
import { createMemoryLogins } from '../src/mcp/logins.ts';
import { callOf } from './call.ts';

describe('a server that wants somebody to log in', () => {
  let peer: OauthPeer;
  let logins: Logins;
  let notes: string[];
  const closing: (() => Promise<unknown>)[] = [];
  beforeEach(async () => {
    peer = await openOauthPeer();
    closing.push(() => peer.close());
    logins = createMemoryLogins();
    notes = [];
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  /** It looks for a login at once. */
  const hasty: Clock = { ...systemClock, after: (ms, fn) => systemClock.after(ms <= 2_000 ? ms / 40 : ms, fn) };
  const serverOf = (auth?: PersonAuth): HttpServer => ({ kind: 'http', url: peer.url, ...(auth && { auth }) });

  async function open(server: HttpServer = serverOf()): Promise<OpenHouseTools> {
    const machine = createMachine({}, seededRandom(1));
    const note = (text: string): void => void notes.push(text);
    const tools = await openHouseTools(
      { calc: false, mcp: { s: server } },
      { clock: hasty, random: seededRandom(1), machine, note, logins },
    );
    closing.push(() => tools.close());
    return tools;
  }

  function login(consent: Consent, server: HttpServer = serverOf(), signal = new AbortController().signal): Promise<LoggedIn> {
    const { fetch, close } = createMachine({}, seededRandom(1));
    closing.push(close);
    const identity = { name: 'openclaw-runtime', version: '1' };
    return logIn(
      's',
      server,
      { clock: systemClock, random: seededRandom(2), fetch, note: () => {}, logins, consent, identity },
      10_000,
      signal,
    );
  }

  const call = (tools: OpenHouseTools): Promise<string> =>
    tools.find('mcp.s.x')?.execute({}, callOf()) ?? Promise.reject(new Error('no tool'));

  it('is not registered with and not asked again and again while nobody is there, and starts as soon as somebody has', async () => {
    const tools = await open();
    expect(tools.servers()).toEqual([
      { name: 's', phase: 'locked', why: 'The MCP server s wants somebody to log in. Run: claw mcp login s' },
    ]);
    expect(notes).toEqual(['The MCP server s wants somebody to log in. Run: claw mcp login s']);
    expect(peer.seen).toEqual(['POST /mcp']);
    const logged = await login(createYes());
    expect(logged).toEqual({ asked: true, tools: 1, hash: expect.stringMatching(/^sha256:/), scope: 'read' });
    await expect.poll(() => tools.servers(), { timeout: 10_000 }).toMatchObject([{ phase: 'ready' }]);
    expect(await call(tools)).toBe('done with read');
  });

  it('registers, proves by PKCE that it is the same who asked, names the resource, and keeps what came of it', async () => {
    const yes = createYes();
    await login(yes);
    const [asked] = yes.asked;
    expect(Object.fromEntries(asked?.searchParams ?? [])).toMatchObject({
      client_id: 'registered',
      code_challenge_method: 'S256',
      resource: peer.url,
      scope: 'read',
      state: expect.stringMatching(/^[\w-]{22}$/),
    });
    expect(await logins.read('s')).toMatchObject({
      url: peer.url,
      client: { client_id: 'registered', issuer: peer.origin },
      tokens: { access_token: expect.stringMatching(/^access-/), refresh_token: expect.stringMatching(/^refresh-/) },
    });
  });

  it('refreshes a token that has ended, once for all calls that meet it', async () => {
    await login(createYes());
    const tools = await open();
    peer.expire();
    peer.seen.splice(0);
    expect(await Promise.all([call(tools), call(tools), call(tools)])).toEqual(Array(3).fill('done with read'));
    expect(peer.seen.filter((line) => line.startsWith('POST /token'))).toEqual(['POST /token refresh_token']);
    expect(peer.seen.filter((line) => /register|authorize/.test(line))).toEqual([]);
  });

  it('says what to do where a login is not taken any more, and goes on with the next one', async () => {
    await login(createYes());
    const tools = await open();
    peer.expire();
    peer.refreshes = false;
    await expect(call(tools)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/^mcp\.s\.x: .*claw mcp login s$/),
    });
    expect((await logins.read('s'))?.tokens).toBeUndefined();
    await expect(call(tools)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await login(createYes());
    expect(await call(tools)).toBe('done with read');
    expect(notes.join('\n')).not.toContain('canary');
  });

  it('takes the tokens that another process refreshed where its own were spent', async () => {
    await login(createYes());
    const tools = await open();
    const spent = await logins.read('s');
    peer.expire();
    const fresh = { ...spent, url: peer.url, tokens: { ...peer.grant('read'), issuer: peer.origin } };
    peer.onRefused = () => logins.write('s', fresh);
    peer.refreshes = 'fresh';
    expect(await call(tools)).toBe('done with read');
    expect((await logins.read('s'))?.tokens).not.toEqual(spent?.tokens);
    expect(peer.seen.filter((line) => line === 'POST /token refresh_token')).toHaveLength(2);
  });

  it('tells nobody what it was sent: not the model by a result, not the operator by an error', async () => {
    peer.tells = true;
    await login(createYes());
    const tools = await open();
    expect(await call(tools)).toBe('done with read by Bearer [secret]');
    peer.expire();
    peer.refreshes = false;
    const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
    closing.push(async () => warned.mockRestore());
    await expect(call(tools)).rejects.toThrow(/claw mcp login s/);
    expect(warned.mock.calls.flat().join('\n')).toMatch(/invalid_grant.*\[secret\]/);
    expect([...warned.mock.calls.flat(), ...notes].join('\n')).not.toMatch(/(access|refresh)-\d+-canary/);
  });

  it('says which call lacks a right, and asks for it at the next login', async () => {
    await login(createYes());
    const tools = await open();
    peer.needs = 'read write';
    await expect(call(tools)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/more rights.*claw mcp login s/),
    });
    expect((await logins.read('s'))?.wants).toBe('read write');
    const yes = createYes();
    expect(await login(yes)).toMatchObject({ scope: 'read write' });
    expect(yes.asked.map((url) => url.searchParams.get('scope'))).toEqual(['read write']);
    expect(await call(tools)).toBe('done with read write');
    expect((await logins.read('s'))?.wants).toBeUndefined();
  });

  it('gives nothing that it was given at one address to another', async () => {
    await login(createYes());
    const before = await logins.read('s');
    await logins.write('s', { ...before, url: 'http://127.0.0.1:1/elsewhere' });
    peer.seen.splice(0);
    expect((await open()).servers()).toMatchObject([{ phase: 'locked' }]);
    expect(peer.seen).toEqual(['POST /mcp']);
  });

  it.each([
    ['another state', (back: URLSearchParams) => back.set('state', 'other'), /state of another login/],
    ['another issuer', (back: URLSearchParams) => back.set('iss', 'https://evil.test'), /[Ii]ssuer/],
    ['no code', (back: URLSearchParams) => back.delete('code'), /refused \(no reason given\)/],
  ])('takes nothing that comes back with %s, and keeps the login it had', async (_, change, why) => {
    await login(createYes());
    const before = await logins.read('s');
    peer.seen.splice(0);
    await expect(login(createYes(change))).rejects.toThrow(why);
    expect(peer.seen.filter((line) => line.startsWith('POST /token'))).toEqual([]);
    expect(await logins.read('s')).toEqual(before);
  });

  it('tells why somebody refused, and stops waiting when told to', async () => {
    peer.refusal = 'access_denied';
    await expect(login(createYes())).rejects.toThrow('the login was refused (access_denied)');
    const stop = new AbortController();
    const waiting: Consent = {
      redirectUrl: 'http://127.0.0.1:1/callback',
      ask: (_url, _state, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          stop.abort(new Error('enough'));
        }),
    };
    await expect(login(waiting, serverOf(), stop.signal)).rejects.toThrow('enough');
    expect(await logins.read('s')).toBeUndefined();
  });

  it('gives a secret to no authorization server but its own', async () => {
    const auth: PersonAuth = { grant: 'person', clientId: 'me', secret: 'canary', issuer: 'https://issuer.test' };
    await expect(login(createYes(), serverOf(auth))).rejects.toThrow(/issuer\.test/);
    expect(peer.seen.filter((line) => /token|authorize|register/.test(line))).toEqual([]);
  });

  it('does not believe an authorization server that says it is another', async () => {
    peer.metadata = { issuer: 'https://issuer.test' };
    await expect(login(createYes())).rejects.toThrow(/[Ii]ssuer/);
    peer.metadata = { issuer: `${peer.origin}/other` };
    await expect(login(createYes())).rejects.toThrow(/says it is another/);
    expect(peer.seen.filter((line) => /token|authorize|register/.test(line))).toEqual([]);
  });

  it('asks for no token that would be another server’s', async () => {
    peer.resource = 'https://other.test/mcp';
    await expect(login(createYes())).rejects.toThrow(/other\.test/);
    expect(peer.seen.filter((line) => /token|authorize|register/.test(line))).toEqual([]);
  });

  it('sends people to web pages only that nobody else can read', async () => {
    const yes = createYes();
    peer.metadata = { authorization_endpoint: 'javascript:alert(1)' };
    await expect(login(yes)).rejects.toThrow();
    peer.metadata = { authorization_endpoint: 'http://login.test/authorize' };
    await expect(login(yes)).rejects.toThrow(/http:\/\/login\.test, where others could read along/);
    expect(yes.asked).toEqual([]);
  });

  it('has nobody to ask where credentials are configured', async () => {
    const auth = { clientId: 'me', secret: 'canary', issuer: peer.origin } as const;
    await expect(login(createYes(), { ...serverOf(), auth })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });
});
