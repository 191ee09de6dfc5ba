/** Logging in to an MCP server: by the command, beside a server that is running, with what came of it in nobody's sight. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { ask } from './listen.ts';
import { type OauthPeer, openOauthPeer } from './mcp/oauth-peer.ts';

const ADDS = fileURLToPath(new URL('mcp/newest-server.ts', import.meta.url));
const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));
const FLAGS = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];

const folder = makeFolder();
const client = new OpenClawClient({ reconnectDelay: 50, maxReconnectAttempts: 100 });
const children = new Set<ChildProcess>();
let peer: OauthPeer;
let provider: ScriptedProvider;
let claw: Claw;

beforeAll(async () => {
  peer = await openOauthPeer();
  peer.tells = true;
  provider = await startScriptedProvider(({ messages }) => {
    const last = messages.at(-1);
    if (last?.role === 'tool') return { text: `They say: ${last.content}` };
    return { calls: [{ name: 'mcp_tracker_x', arguments: {} }] };
  });
  const config = {
    providers: { scripted: { kind: 'openai', baseUrl: provider.url } },
    models: { scripted: { provider: 'scripted' } },
    agents: { caller: { uses: ['mcp.tracker.*'] } },
    mcp: { tracker: { url: peer.url } },
  };
  claw = await startClaw({ data: folder.in('data'), config });
  await client.connect(claw.url);
});

afterAll(async () => {
  client.close();
  for (const child of children) child.kill('SIGKILL');
  await claw?.stop('SIGKILL');
  await provider?.[Symbol.asyncDispose]();
  await peer?.close();
  folder[Symbol.dispose]();
});

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `claw WORDS…`; `heard` is told of everything on stderr so far. */
async function run(
  words: readonly string[],
  heard: (err: string, child: ChildProcess) => void = () => {},
  file = 'openclaw.yaml',
): Promise<Said> {
  const args = [...FLAGS, BIN, ...words, '--config', folder.in(file), '--data', folder.in('data')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => heard((err += String(chunk)), child));
  const [code] = (await once(child, 'close')) as [number | null];
  children.delete(child);
  return { code, out, err };
}

/** As a person does: sees the address, visits it, says yes. */
function browser(): (err: string) => void {
  let visited = false;
  return (err) => {
    const [, address] = /\n\n {2}(http\S+)\n\n/.exec(err) ?? [];
    if (address === undefined || visited) return;
    visited = true;
    void fetch(address);
  };
}

const listed = async (): Promise<unknown> =>
  (JSON.parse((await run(['mcp', 'list', '--json'])).out) as { readonly servers: unknown }).servers;
const secrets = /(access|refresh)-\d+-canary/;

test('nobody is logged in: the server runs, says what to do, and lists it so', async () => {
  expect(claw.complaints()).toContain('The MCP server tracker wants somebody to log in. Run: claw mcp login tracker');
  expect(await listed()).toEqual([
    { name: 'tracker', transport: 'http', state: 'locked', why: expect.stringContaining('claw mcp login tracker'), tools: [], pin: 'none' },
  ]);
});

test('whoever interrupts a login leaves nothing behind', async () => {
  let stopped = false;
  const said = await run(['mcp', 'login', 'tracker'], (err, child) => {
    if (stopped || !err.includes('visit this address')) return;
    stopped = true;
    child.kill('SIGINT');
  });
  expect(said).toMatchObject({ code: 130, out: '' });
  expect(readdirSync(folder.in('data'))).not.toContain('mcp-logins');
});

test('a login that nobody completes ends', async () => {
  const said = await run(['mcp', 'login', 'tracker', '--timeout', '700ms', '--json']);
  expect(said.code).toBe(1);
  expect(JSON.parse(said.out)).toEqual({ error: { code: 'UNAUTHENTICATED', message: expect.stringMatching(/did not end within 700 ms/) } });
});

test('somebody logs in; the running server calls the tool within seconds, and nobody sees the token', async () => {
  const { code, out, err } = await run(['mcp', 'login', 'tracker', '--json'], browser());
  expect({ code, err }).toMatchObject({ code: 0 });
  expect(JSON.parse(out)).toEqual({ server: 'tracker', asked: true, tools: 1, hash: expect.stringMatching(/^sha256:/), scope: 'read' });
  const file = folder.in('data/mcp-logins/tracker.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(folder.in('data/mcp-logins')).mode & 0o777).toBe(0o700);
  expect(readFileSync(file, 'utf8')).toMatch(secrets);
  expect(await listed()).toMatchObject([{ name: 'tracker', state: 'ready', tools: [{ name: 'x', asks: false }], pin: 'none' }]);

  await expect
    .poll(async () => (await ask(client, { agent: 'caller', input: 'Go' })).text, { timeout: 40_000 })
    .toContain('done with read');
  const heard = await ask(client, { agent: 'caller', input: 'Go' });
  expect(heard.text).toBe('They say: done with read by Bearer [secret]');
  const seen = [JSON.stringify(heard), JSON.stringify(provider.requests), claw.complaints(), out, err].join('\n');
  expect(seen).not.toMatch(secrets);
});

test('a login that ended is said so, by its word, to whoever called the tool', async () => {
  peer.expire();
  peer.refreshes = false;
  const { records } = await ask(client, { agent: 'caller', input: 'Go' });
  const { data } = records.find(({ kind }) => kind === 'tool.result') ?? {};
  expect(data).toMatchObject({ error: { code: 'UNAUTHENTICATED', message: expect.stringContaining('Run: claw mcp login tracker') } });
});

test('a new login, and its end', async () => {
  expect(await run(['mcp', 'login', 'tracker'], browser())).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^logged in to tracker, with the rights read\n/),
  });
  expect((await ask(client, { agent: 'caller', input: 'Go' })).text).toContain('done with read');
  expect(await run(['mcp', 'logout', 'tracker'])).toMatchObject({ code: 0, out: 'the login to tracker is forgotten here\n' });
  expect(await run(['mcp', 'logout', 'tracker', '--json'])).toMatchObject({ code: 0, out: '{"server":"tracker","had":false}\n' });
  expect(readdirSync(folder.in('data/mcp-logins'))).toEqual([]);
  expect(await run(['mcp', 'list'])).toMatchObject({ code: 1, out: expect.stringContaining('locked') });
});

test('programs are listed with their tools, and the pin they are to keep', async () => {
  const server = { command: process.execPath, args: [ADDS] };
  const config = (pin: string): string =>
    JSON.stringify({
      mcp: { adds: server, kept: { ...server, pin }, broken: { ...server, pin: 'sha256:00' }, gone: { command: '/nowhere/server' } },
    });
  writeFileSync(folder.in('programs.yaml'), config('sha256:00'));
  const first = await run(['mcp', 'list', 'adds', '--json'], undefined, 'programs.yaml');
  expect(first.code).toBe(0);
  const { servers } = JSON.parse(first.out) as { readonly servers: readonly { readonly hash: string }[] };
  const [{ hash } = { hash: '' }] = servers;
  expect(servers).toEqual([{ name: 'adds', transport: 'stdio', state: 'ready', tools: [{ name: 'add', asks: false }], pin: 'none', hash }]);
  writeFileSync(folder.in('programs.yaml'), config(hash));
  const all = await run(['mcp', 'list'], undefined, 'programs.yaml');
  expect(all).toMatchObject({ code: 1, err: '' });
  expect(all.out).toMatch(/^adds +stdio +ready +1 +none\n {2}mcp\.adds\.pin: sha256:\w+\nkept +stdio +ready +1 +kept\n/m);
  expect(all.out).toMatch(/^broken +stdio +refused +1 +broken\n {2}its tools are not those of the pin sha256:00\n/m);
  expect(all.out).toMatch(/^gone +stdio +waiting +0 +none\n {2}.*could not be started/m);
  expect((await run(['mcp', 'list', 'adds'], undefined, 'programs.yaml')).out).toMatch(/\n {2}add\n$/);
  expect(await run(['mcp', 'login', 'adds', '--json'], undefined, 'programs.yaml')).toMatchObject({
    code: 1,
    out: expect.stringContaining('BAD_REQUEST'),
  });
});

test('servers that are not there are named', async () => {
  const said = await run(['mcp', 'login', 'traker', '--json']);
  expect(said.code).toBe(1);
  expect(JSON.parse(said.out)).toMatchObject({ error: { code: 'NOT_FOUND', message: expect.stringContaining('Did you mean tracker?') } });
});
