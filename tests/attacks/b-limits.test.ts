/** Who asks for more than there is: streams that nobody reads, storms, other people's money, a neighbour's share. */

import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { encodeRecord } from '@openclaw-runtime/protocol';
import { createMemoryStore, type Lease, type RunKey } from '@openclaw-runtime/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRig } from '../../packages/gateway/test/rig.ts';
import { type Claw, startClaw } from '../house/claw.ts';
import { makeFolder } from '../house/folder.ts';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { cpuMs } from './cpu.ts';
import { issueKey, localKeyOf } from './local.ts';

const SHARE = 20;
const folder = makeFolder();
const data = folder.in('data');
const walletData = folder.in('wallet/data');
let provider: ScriptedProvider;
let claw: Claw;
/** Where money is scarce. */
let wallet: Claw;

beforeAll(async () => {
  provider = await startScriptedProvider(() => ({ text: 'Well.', usage: { prompt_tokens: 400, completion_tokens: 100 } }));
  claw = await startClaw({ data, config: { limits: { perTenant: { runsPerSecond: SHARE, messagesPerSecond: 1_000 } } } });
  wallet = await startClaw({
    data: walletData,
    config: {
      providers: { scripted: { kind: 'openai', baseUrl: provider.url } },
      models: { priced: { provider: 'scripted', price: { input: 10, output: 10 } } },
      agents: { teller: { model: 'priced' }, nest: { module: new URL('./agents/nest.ts', import.meta.url).pathname } },
      budgets: { tenant: { usd: 0.012 } },
      limits: { budgetWaitMs: 200 },
    },
  });
});

afterAll(async () => {
  await claw?.stop('SIGKILL');
  await wallet?.stop('SIGKILL');
  await provider?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly ms: number;
}

const crowd = new Agent({ keepAlive: true, maxSockets: 16 });
/** For whoever does not stand in line with those. */
const alone = new Agent({ keepAlive: true, maxSockets: 16 });

function post(path: string, json: object, key: string, at = claw, agent = crowd): Promise<Answer> {
  const body = JSON.stringify(json);
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = httpRequest(`${at.http}${path}`, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, ms: performance.now() - began }),
      );
    });
    sent.on('error', reject).end(body);
  });
}

async function isWell(at = claw, folderOf = data): Promise<boolean> {
  const { status } = await fetch(`${at.http}/v1/runs`, { headers: { authorization: `Bearer ${localKeyOf(folderOf)}` } });
  return status === 200 && at.complaints() === '';
}

test('B13 · streams that are opened and never read: what they are fed is bounded, they are cut, and their runs cancelled', async () => {
  const STREAMS = 40;
  const store = createMemoryStore();
  await using rig = await openRig({ store, limits: { stalledMs: 600 } });
  const cancelled = new Set<RunKey>();
  const stop = store.queue.consume('test', 1_000, {
    leased(lease: Lease) {
      lease.append([encodeRecord('step.started', 1, 1, { model: 'm' })], 'process');
      void (async () => {
        for (let i = 0; i < 32; i++) {
          lease.append([encodeRecord('text', 1, 1, '.'.repeat(256 * 1024))], 'process');
          await lease.settled();
        }
      })();
    },
    command(key, { kind }) {
      if (kind === 'cancel') cancelled.add(key);
    },
    lost: () => undefined,
  });
  const body = JSON.stringify({ model: 'agent:default', stream: true, messages: [{ role: 'user', content: 'Talk.' }] });
  const peers = Array.from({ length: STREAMS }, () => {
    const socket = connect(rig.gateway.port, '127.0.0.1').pause();
    socket.on('error', () => undefined);
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return socket;
  });
  // Nothing comes of them any more: it is time alone that ends them.
  for (let i = 0; i < 100 && cancelled.size < STREAMS; i++) {
    await rig.clock.advance(100);
    await rig.turn();
  }
  expect(cancelled.size).toBe(STREAMS);
  expect(rig.defects).toEqual([]);
  for (const peer of peers) peer.destroy();
  stop();
}, 30_000);

test('B14 · a storm of retries: each is told to come back at another time, and costs less than 0.2 ms of processor', async () => {
  const key = await issueKey(claw, data, { tenant: 'stormy' });
  const storm = (count: number): Promise<Answer[]> =>
    Promise.all(Array.from({ length: count }, () => post('/v1/runs', { input: 'x'.repeat(1_000), model: 'simulated?tokens=1&ms=1' }, key)));
  await storm(1_000);
  let answers: readonly Answer[] = [];
  let cost = Number.POSITIVE_INFINITY;
  // The storm that was disturbed least: processor time is longer, too, where caches and cores are shared.
  for (let round = 0; round < 6 && cost >= 0.2; round++) {
    const before = cpuMs(claw.pid);
    answers = await storm(1_600);
    cost = Math.min(cost, (cpuMs(claw.pid) - before) / answers.length);
  }
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(1_200);
  const waits = refused.map(({ text }) => (JSON.parse(text) as { error: { retryAfterMs: number } }).error.retryAfterMs);
  expect(new Set(waits).size).toBeGreaterThan(100);
  expect(Math.max(...waits) / Math.min(...waits)).toBeGreaterThan(2);
  expect(refused[0]?.headers).toMatchObject({
    ratelimit: expect.stringMatching(/^"runs";r=0;t=\d+$/),
    'retry-after': expect.stringMatching(/^[1-9]$/),
  });
  console.log(`a refusal takes ${(cost * 1_000).toFixed(0)} µs`);
  // Those that were let in are among them.
  expect(cost).toBeLessThan(0.2);
  const chat = { model: 'simulated?tokens=1&ms=1', messages: [{ role: 'user', content: 'x' }] };
  let openAi = await post('/v1/chat/completions', chat, key);
  // Meanwhile there was room for one again, or for a few.
  for (let i = 0; i < 2 * SHARE && openAi.status === 200; i++) openAi = await post('/v1/chat/completions', chat, key);
  expect([openAi.status, openAi.headers['x-ratelimit-limit-requests'], JSON.parse(openAi.text)]).toMatchObject([
    429,
    String(2 * SHARE),
    { error: { type: 'rate_limit_error' } },
  ]);
  expect(await isWell()).toBe(true);
});

test('B15 · denial of wallet: nothing is asked of a provider that there is no money for, neither at once nor by runs that begin runs', async () => {
  const key = await issueKey(wallet, walletData, { tenant: 'poor' });
  const headers = { authorization: `Bearer ${key}` };
  const chat = (content: string): Promise<Answer> =>
    post('/v1/chat/completions', { model: 'agent:teller', max_tokens: 100, messages: [{ role: 'user', content }] }, key, wallet);
  const huge = await chat('word '.repeat(100_000));
  expect([huge.status, JSON.parse(huge.text)]).toMatchObject([402, { error: { code: 'BUDGET_EXHAUSTED' } }]);
  expect(provider.requests).toHaveLength(0);
  const statuses: number[] = [];
  for (let i = 0; i < 8; i++) statuses.push((await chat('Short.')).status);
  expect(statuses).toContain(200);
  expect(statuses.at(-1)).toBe(402);
  const asked = provider.requests.length;
  expect(asked).toBeLessThanOrEqual(3);

  expect((await post('/v1/runs', { agent: 'nest', operation: 'dig', args: {}, input: 'dig' }, key, wallet)).status).toBe(201);
  const statusesNow = async (): Promise<readonly string[]> => {
    const { runs } = (await (await fetch(`${wallet.http}/v1/runs?limit=100`, { headers })).json()) as {
      readonly runs: readonly { readonly agent: string; readonly status: string }[];
    };
    return runs.filter(({ agent }) => agent === 'nest').map(({ status }) => status);
  };
  let now = await statusesNow();
  for (let i = 0; i < 150 && (now.length < 2 || now.includes('running')); i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    now = await statusesNow();
  }
  // However deep it digs, there is an end to it.
  expect(now.length).toBeGreaterThan(2);
  expect(now.length).toBeLessThan(100);
  expect(now).not.toContain('running');
  expect(provider.requests).toHaveLength(asked);
  expect(await isWell(wallet, walletData)).toBe(true);
}, 60_000);

test('H10 · a tenant that asks for ten times its share is refused, and another does not notice', async () => {
  const noisy = await issueKey(claw, data, { tenant: 'noisy' });
  const quiet = await issueKey(claw, data, { tenant: 'quiet' });
  const ask = (key: string, agent: Agent): Promise<Answer> =>
    post('/v1/chat/completions', { model: 'simulated?tokens=3&ms=20', messages: [{ role: 'user', content: 'x' }] }, key, claw, agent);
  const p99Of = async (): Promise<number> => {
    const loud: Promise<Answer>[] = [];
    const calm: Promise<Answer>[] = [];
    const began = performance.now();
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const seconds = (performance.now() - began) / 1_000;
        while (loud.length < seconds * SHARE * 10) loud.push(ask(noisy, crowd));
        while (calm.length < seconds * SHARE * 0.5) calm.push(ask(quiet, alone));
        if (seconds < 5) return;
        clearInterval(timer);
        resolve();
      }, 10);
    });
    const [noise, others] = await Promise.all([Promise.all(loud), Promise.all(calm)]);
    const seconds = (performance.now() - began) / 1_000;
    const letIn = noise.filter(({ status }) => status === 200).length;
    expect(letIn).toBeLessThanOrEqual(SHARE * 2 + SHARE * seconds + 5);
    expect(noise.filter(({ status }) => status === 429).length).toBe(noise.length - letIn);
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
    const times = others.map(({ ms }) => ms).toSorted((a, b) => a - b);
    return times[Math.floor(times.length * 0.99)] ?? 0;
  };
  // The round that was disturbed least: a machine that stops for a moment says nothing of the server.
  let p99 = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 4 && p99 >= 500; round++) p99 = Math.min(p99, await p99Of());
  console.log(`the other's P99 is ${p99.toFixed(0)} ms, of a model that takes 20`);
  expect(p99).toBeLessThan(500);
  expect(await isWell()).toBe(true);
}, 120_000);
