import { type Clock, seededRandom, systemClock } from '@openclaw-runtime/kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createYes, type OauthPeer, openOauthPeer } from '../../../tests/house/mcp/oauth-peer.ts';
import { createMachine, type Login, type Logins, logIn, type OpenHouseTools, openHouseTools } from '../src/index.ts';
import { createMemoryLogins } from '../src/mcp/logins.ts';
import { createPerson } from '../src/mcp/person.ts';
import type { McpPorts } from '../src/mcp/ports.ts';
import { loadSdk } from '../src/mcp/sdk.ts';
import { callOf } from './call.ts';

type Ask = () => Promise<Response>;

describe('a token that is refreshed', () => {
  let peer: OauthPeer;
  let logins: Logins;
  /** What becomes of a request for a token. */
  let token: (ask: Ask, init: RequestInit) => Promise<Response>;
  let fetch: McpPorts['fetch'];
  let warned: string[];
  /** Whether the wait for an authorization server is over at once: only where it hangs, since the others are to be heard. */
  let hangs = false;
  const closing: (() => Promise<unknown>)[] = [];
  beforeEach(async () => {
    peer = await openOauthPeer();
    closing.push(() => peer.close());
    logins = createMemoryLogins();
    token = (ask) => ask();
    const machine = createMachine({}, seededRandom(1));
    closing.push(machine.close);
    fetch = (url, init = {}) => {
      const ask = (): Promise<Response> => machine.fetch(url, init);
      return new URL(url).pathname === '/token' ? token(ask, init) : ask();
    };
    warned = [];
    hangs = false;
    const spy = vi.spyOn(console, 'warn').mockImplementation((...words: unknown[]) => void warned.push(words.join(' ')));
    closing.push(async () => spy.mockRestore());
    const identity = { name: 'openclaw-runtime', version: '1' };
    const ports = { clock: systemClock, random: seededRandom(2), fetch, note: () => {}, logins, consent: createYes(), identity };
    await logIn('s', { kind: 'http', url: peer.url }, ports, 10_000, new AbortController().signal);
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  /** Pauses between attempts are over at once. */
  const hasty: Clock = {
    ...systemClock,
    after: (ms, fn) => systemClock.after(ms === 30_000 && hangs ? ms / 200 : ms < 10_000 ? ms / 20 : ms, fn),
  };

  async function open(): Promise<OpenHouseTools> {
    const machine = createMachine({}, seededRandom(1));
    const tools = await openHouseTools(
      { calc: false, mcp: { s: { kind: 'http', url: peer.url } } },
      { clock: hasty, random: seededRandom(1), machine: { ...machine, fetch }, note: () => {}, logins },
    );
    closing.push(() => tools.close());
    return tools;
  }

  const call = (tools: OpenHouseTools): Promise<string> =>
    tools.find('mcp.s.x')?.execute({}, callOf()) ?? Promise.reject(new Error('no tool'));

  const failures: readonly (readonly [string, (init: RequestInit) => Promise<Response>])[] = [
    ['is overloaded', async () => new Response(`later\u009b31m${'x'.repeat(50_000)}`, { status: 503 })],
    ['says so', async () => Response.json({ error: 'temporarily_unavailable' }, { status: 429 })],
    ['cannot be reached', () => Promise.reject(new Error('ECONNRESET'))],
    ['is hidden by a proxy', async () => new Response('<html>canary</html>', { status: 403 })],
    ['answers with something else', async () => new Response('access_token=canary')],
    [
      'hangs',
      ({ signal }) =>
        new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })),
    ],
  ];
  it.each(failures)('is kept while its authorization server %s, and nobody has to log in', async (how, failing) => {
    const tools = await open();
    peer.expire();
    const kept = (await logins.read('s'))?.tokens;
    token = (_ask, init) => failing(init);
    hangs = how === 'hangs';
    await expect(call(tools)).rejects.toMatchObject({ code: 'TOOL_FAILED' });
    await expect
      .poll(() => tools.servers(), { timeout: 10_000 })
      .toMatchObject([{ phase: 'waiting', why: expect.not.stringMatching(/canary|xxx/) }]);
    expect((await logins.read('s'))?.tokens).toEqual(kept);
    token = (ask) => ask();
    hangs = false;
    expect(await call(tools)).toBe('done with read');
    expect(warned).toEqual([]);
  });

  it('is refused in few words', async () => {
    const tools = await open();
    peer.expire();
    token = async () => Response.json({ error: 'invalid_grant', error_description: `\u009b31m${'x'.repeat(50_000)}` }, { status: 400 });
    await expect(call(tools)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(warned).toEqual([expect.stringMatching(/invalid_grant[^\u009b]*31mxxx/)]);
    expect(warned.join('').length).toBeLessThan(2_300);
  });

  it('does not come back where somebody logged out meanwhile', async () => {
    const tools = await open();
    peer.expire();
    token = async (ask) => {
      const answer = await ask();
      await logins.write('s', undefined);
      return answer;
    };
    await expect(call(tools)).rejects.toThrow();
    await expect.poll(() => tools.servers(), { timeout: 10_000 }).toMatchObject([{ phase: 'locked' }]);
    expect((await logins.read('s'))?.tokens).toBeUndefined();
  });

  it('does not take the place of another that somebody logged in with meanwhile', async () => {
    const tools = await open();
    peer.expire();
    const other: Login = { url: peer.url, client: { client_id: 'other' }, tokens: { ...peer.grant('read'), issuer: peer.origin } };
    token = async (ask) => {
      const answer = await ask();
      await logins.write('s', other);
      return answer;
    };
    expect(await call(tools)).toBe('done with read');
    expect(await logins.read('s')).toEqual(other);
  });

  it('gives no more rights to those who ask for them meanwhile', async () => {
    const sdk = await loadSdk();
    const signal = new AbortController().signal;
    const before = (await logins.read('s'))?.tokens?.access_token;
    const setup = { server: 's', url: peer.url, auth: { grant: 'person' }, fetch, sentWith: () => before, signal } as const;
    const identity = { name: 'openclaw-runtime', version: '1' };
    const machine = createMachine({}, seededRandom(1));
    closing.push(machine.close);
    const ports = {
      clock: systemClock,
      random: seededRandom(1),
      processes: machine.processes,
      env: {},
      fetch,
      note: () => {},
      logins,
      identity,
    };
    const person = createPerson(sdk, setup, ports);
    const held = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    token = async (ask) => {
      asked.resolve();
      await held.promise;
      return ask();
    };
    const response = new Response(null, { status: 401 });
    const refreshed = person.provider.onUnauthorized?.({ response, serverUrl: new URL(peer.url), fetchFn: fetch });
    await asked.promise;
    const widened = expect(person.widen(new sdk.InsufficientScopeError({ requiredScope: 'read write' }))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/more rights/),
    });
    held.resolve();
    await refreshed;
    await widened;
    const after = await logins.read('s');
    expect(after).toMatchObject({ wants: 'read write' });
    expect(after?.tokens?.access_token).not.toBe(before);
  });
});

it('a list is given up at the page that makes it too long', async () => {
  let pages = 0;
  const tool = (page: number): object => ({ name: `t${page}`, description: 'x'.repeat(1_000_000), inputSchema: { type: 'object' } });
  const fetch: McpPorts['fetch'] = async (_url, { method, body } = {}) => {
    if (method !== 'POST') return new Response(null, { status: 405 });
    const asked = JSON.parse(String(body)) as { id?: number; method: string };
    const say = (result: object): Response => Response.json({ jsonrpc: '2.0', id: asked.id, result });
    if (asked.method === 'initialize')
      return say({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'p', version: '1' } });
    if (asked.method === 'tools/list') return say({ tools: [tool(++pages)], nextCursor: `page ${pages}` });
    return new Response(null, { status: 202 });
  };
  const machine = createMachine({}, seededRandom(1));
  const tools = await openHouseTools(
    { calc: false, mcp: { s: { kind: 'http', url: 'https://a.test/mcp' } } },
    { clock: systemClock, random: seededRandom(1), machine: { ...machine, fetch }, note: () => {} },
  );
  expect(tools.servers()).toMatchObject([{ phase: 'waiting', why: expect.stringMatching(/takes more than 2097152 characters/) }]);
  await tools.close();
  expect(pages).toBe(3);
});
