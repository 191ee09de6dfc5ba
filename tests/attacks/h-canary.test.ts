/** Secrets that are used by everything that uses secrets, and then looked for wherever bytes of the server go: none of them is anywhere. */

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Claw, startClaw } from '../house/claw.ts';
import { makeFolder } from '../house/folder.ts';
import { fetchEvents, fetchJson } from '../house/http.ts';
import { ask } from '../house/listen.ts';
import { type RecordingProxy, startRecordingProxy } from '../house/recording-proxy.ts';
import { filesWithSecrets, secretsIn, secretsInMemory } from '../house/secret-forms.ts';
import { type Shop, startShop } from '../house/shop.ts';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { metricsOf } from './local.ts';

/** By who uses them. Each holds what is written otherwise in JSON, URLs and base64. */
const SECRETS = {
  server: 'canary-1+aa/b1=?server',
  provider: 'canary-2+bb/c2=?provider',
  tool: 'canary-3+cc/d3=?tool',
  unused: 'canary-4+dd/e4=?unused',
  mcp: 'canary-5+ee/f5=?mcp',
  shell: 'canary-6+ff/a6=?shell',
};
const { tool: _named, ...NOT_FOR_HOSTS } = SECRETS;

const folder = makeFolder();
const client = new OpenClawClient({ reconnectDelay: 50, maxReconnectAttempts: 100, token: SECRETS.server });
const refusing = createServer((request, response) => {
  const message = `Incorrect API key provided: ${request.headers.authorization}.`;
  response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message } }));
});
/** Takes the traces, whatever form they come in. */
const traces: Buffer[] = [];
const collector = createServer((request, response) => {
  request.on('data', (part: Buffer) => traces.push(part));
  request.on('end', () => response.end());
});
let provider: ScriptedProvider;
let shop: Shop;
let claw: Claw;
let proxy: RecordingProxy;
let http = '';

const EVERYTHING = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));
const env = Object.fromEntries(Object.entries(SECRETS).map(([name, value]) => [`CANARY_${name.toUpperCase()}`, value]));

function configuration(): object {
  const apiKey = 'secret://env/CANARY_PROVIDER';
  const { port } = refusing.address() as AddressInfo;
  const collecting = (collector.address() as AddressInfo).port;
  return {
    tracing: { endpoint: `http://127.0.0.1:${collecting}`, content: true, headers: { authorization: 'secret://env/CANARY_UNUSED' } },
    server: { token: 'secret://env/CANARY_SERVER' },
    providers: {
      scripted: { kind: 'openai', baseUrl: provider.url, apiKey },
      refusing: { kind: 'openai', baseUrl: `http://127.0.0.1:${port}/v1`, apiKey },
    },
    models: { scripted: { provider: 'scripted' }, refused: { provider: 'refusing' } },
    defaultModel: 'scripted',
    agents: {
      clerk: {
        module: fileURLToPath(new URL('../house/agents/clerk.ts', import.meta.url)),
        secrets: { shop: 'secret://exec/shop', spare: 'secret://env/CANARY_UNUSED' },
      },
      caller: { uses: ['mcp.every.get-env', 'shell.run'], permissions: { allow: ['shell.run'] } },
    },
    secrets: { exec: { shop: [process.execPath, '-p', 'process.env.CANARY_TOOL'] } },
    tools: {
      shell: { programs: ['node'], path: [dirname(process.execPath)], env: { KEY: 'secret://env/CANARY_SHELL' }, unsandboxed: true },
    },
    mcp: { every: { command: process.execPath, args: [EVERYTHING], env: { SHOP: 'secret://env/CANARY_MCP' } } },
    threads: { max: 2, hosts: 1 },
  };
}

beforeAll(async () => {
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  provider = await startScriptedProvider(({ messages }) => {
    const last = messages.at(-1);
    if (last?.role === 'tool') return { text: `They say: ${last.content}` };
    const [, name, args = '{}'] = /^call ([\w-]+) (.*)$/.exec(last?.content ?? '') ?? [];
    return name === undefined ? { text: 'Hello there.' } : { calls: [{ name, arguments: JSON.parse(args) as object }] };
  });
  shop = await startShop(SECRETS.tool);
  const before = process.platform === 'linux' ? withCores().flat() : [];
  claw = await startClaw({ data: folder.in('data'), config: configuration(), env, before });
  proxy = await startRecordingProxy(claw.port);
  http = `http://127.0.0.1:${proxy.port}`;
  await client.connect(`ws://127.0.0.1:${proxy.port}`);
});

afterAll(async () => {
  client.close();
  await claw?.stop('SIGKILL');
  await proxy?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
  await shop?.[Symbol.asyncDispose]();
  for (const server of [refusing, collector]) server.closeAllConnections();
  collector.close();
  refusing.close();
  folder[Symbol.dispose]();
});

test('H3 · everything that has a secret uses it, and says it where it can', async () => {
  const price = (url: string): string => `call price ${JSON.stringify({ item: 'tea', shop: url })}`;
  expect((await ask(client, { agent: 'clerk', input: price(shop.url) })).text).toBe('They say: tea costs 12 euros, says [secret]');
  expect((await ask(client, { agent: 'clerk', input: price(`${shop.url}/refused`) })).text).toContain('the shop does not take [secret]');
  expect((await ask(client, { agent: 'caller', input: 'call mcp_every_get-env {}' })).text).toContain('"SHOP": "[secret]"');
  const argv = ['node', '-e', 'console.log(process.env.KEY); console.error(Buffer.from(process.env.KEY).toString("hex"))'];
  const shell = await ask(client, { agent: 'caller', input: `call shell_run ${JSON.stringify({ argv })}` });
  expect(shell.text.match(/\[secret\]/g)).toHaveLength(2);
  const leak = await ask(client, { agent: 'clerk', operation: 'leak' });
  expect(leak.result).toMatchObject({ status: 'failed', error: { message: expect.stringContaining('[secret]') } });
  const refused = await ask(client, { input: 'Hi', model: 'refused' });
  expect(refused.result).toMatchObject({
    status: 'failed',
    error: { code: 'PROVIDER_REFUSED', message: expect.stringContaining('Incorrect API key') },
  });
});

test('H3 · over HTTP, too: runs, their events, the backup, and what refuses a wrong token', async () => {
  const headers = { authorization: `Bearer ${SECRETS.server}` };
  const { body } = await fetchJson(`${http}/v1/runs`, { headers });
  const { runs } = body as { readonly runs: readonly { readonly run: string }[] };
  expect(runs.length).toBeGreaterThanOrEqual(6);
  for (const { run } of runs) {
    expect((await fetchJson(`${http}/v1/runs/${run}`, { headers })).status).toBe(200);
    expect((await fetchEvents(`${http}/v1/runs/${run}/events`, { headers })).events.length).toBeGreaterThan(1);
  }
  const json = { input: 'Hi', model: 'refused' };
  const { events } = await fetchEvents(`${http}/v1/runs`, { method: 'POST', headers, json });
  expect(events.map(({ event }) => event)).toContain('run.finished');
  for (const token of [SECRETS.server.slice(0, -1), `${SECRETS.server}1`]) {
    expect((await fetchJson(`${http}/v1/runs`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
  }
  expect((await fetchJson(`${http}/v1/runs/${SECRETS.server.length}`, { headers })).status).toBe(404);
  const backup = await fetch(`${http}/v1/backup`, { headers });
  expect((await backup.arrayBuffer()).byteLength).toBeGreaterThan(1_000);
  const metrics = await (await fetch(metricsOf(claw))).text();
  expect(metrics.length).toBeGreaterThan(1_000);
  expect(secretsIn(Buffer.from(metrics), SECRETS)).toEqual([]);
  await expect.poll(() => Buffer.concat(traces).includes('clerk'), { timeout: 15_000 }).toBe(true);
});

test('H3 · processes that run agents’ code have in memory what their tools named, and none of the others', async ({ skip }) => {
  if (process.platform !== 'linux') return skip('needs /proc');
  const hosts = hostsOf(claw.pid);
  expect(hosts.length).toBeGreaterThan(1);
  const there = new Set<string>();
  for (const pid of hosts) {
    const found = await secretsInMemory(pid, { ...SECRETS, aSign: 'asking with' }).catch((error: NodeJS.ErrnoException) => error);
    if (!(found instanceof Set)) return skip(`may not look: ${found.message}`);
    for (const name of found) there.add(name);
  }
  // That it is found where it has to be shows that it would be found.
  expect([...there].toSorted()).toEqual(['aSign', 'tool']);
  expect(Object.keys(NOT_FOR_HOSTS).filter((name) => there.has(name))).toEqual([]);
});

test('H3 · a host and the server that crash leave no core dumps, where other programs do', async ({ skip }) => {
  if (process.platform !== 'linux') return skip('needs /proc');
  const dumps = (): readonly string[] => readdirSync(folder.path).filter((name) => name.startsWith('core'));
  spawnSync(...withCores(process.execPath, '-e', 'process.abort()'), { cwd: folder.path });
  if (dumps().length === 0) return skip('core dumps go elsewhere, or nowhere');
  for (const name of dumps()) rmSync(folder.in(name));
  const [host = 0] = hostsOf(claw.pid);
  process.kill(host, 'SIGABRT');
  await expect.poll(() => hostsOf(claw.pid).includes(host), { timeout: 10_000 }).toBe(false);
  expect((await ask(client, { agent: 'clerk', input: 'Hi' })).text).toBe('Hello there.');
  process.kill(claw.pid, 'SIGABRT');
  expect(await claw.stop('SIGKILL')).toBeNull();
  expect(claw.complaints()).not.toContain('core dump');
  expect(dumps()).toEqual([]);
});

test('H3 · no secret is in what the server said, sent and kept, nor in what it asked models', async () => {
  await claw.stop('SIGTERM');
  await sleep(100);
  // What was said beside them is there to be read.
  expect(claw.complaints()).toContain('asking with [secret]');
  expect(proxy.bytes().includes('12 euros, says [secret]')).toBe(true);
  expect(secretsIn(Buffer.from(claw.complaints()), SECRETS)).toEqual([]);
  expect(secretsIn(Buffer.from(claw.said()), SECRETS)).toEqual([]);
  expect(secretsIn(proxy.bytes(), SECRETS)).toEqual([]);
  expect(secretsIn(Buffer.concat(traces), SECRETS)).toEqual([]);
  expect(secretsIn(Buffer.from(JSON.stringify(provider.requests)), SECRETS)).toEqual([]);
  const { files, found } = filesWithSecrets(folder.path, SECRETS);
  expect(files).toBeGreaterThan(2);
  expect(found).toEqual([]);
});

/** A command that is allowed to leave core dumps of any size. */
function withCores(...command: string[]): [string, string[]] {
  return ['sh', ['-c', 'ulimit -c unlimited; exec "$@"', 'sh', ...command]];
}

/** The processes of a server that run agents' code. */
function hostsOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  return children.filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('host-main'));
}
