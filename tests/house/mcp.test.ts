import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { createMachine, type McpServerOptions, type OpenHouseTools, openHouseTools } from '@openclaw-runtime/tools';
import { afterEach, expect, it } from 'vitest';
import { makeFolder } from './folder.ts';

/** The suite's scenarios for clients that ours passes. */
const PASSED = [
  'initialize',
  'tools_call',
  'elicitation-sep1034-client-defaults',
  'sse-retry',
  'auth/metadata-default',
  'auth/metadata-var1',
  'auth/metadata-var2',
  'auth/metadata-var3',
  'auth/basic-cimd',
  'auth/scope-from-www-authenticate',
  'auth/scope-from-scopes-supported',
  'auth/scope-omitted-when-undefined',
  'auth/scope-step-up',
  'auth/scope-retry-limit',
  'auth/token-endpoint-auth-basic',
  'auth/token-endpoint-auth-post',
  'auth/token-endpoint-auth-none',
  'auth/pre-registration',
  'auth/2025-03-26-oauth-metadata-backcompat',
  'auth/2025-03-26-oauth-endpoint-fallback',
  'auth/resource-mismatch',
  'auth/offline-access-scope',
  'auth/offline-access-not-supported',
  'auth/client-credentials-jwt',
  'auth/client-credentials-basic',
  'auth/cross-app-access-complete-flow',
];

/** Those that it fails, and why: none. One that is new stands in neither list, and one that begins to pass does not stay here: the tests say so. */
const FAILED: Readonly<Record<string, string>> = {};

const packaged = (name: string): string => fileURLToPath(new URL(`../../node_modules/@modelcontextprotocol/${name}`, import.meta.url));
const SUITE = packaged('conformance/dist/index.js');
const EVERYTHING = packaged('server-everything/dist/index.js');
const beside = (name: string): string => fileURLToPath(new URL(`mcp/${name}`, import.meta.url));

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

it('the suite has the scenarios that we know', async () => {
  const { output } = await run([SUITE, 'list']);
  const listed = output.slice(output.indexOf('Client scenarios')).matchAll(/^ {2}- (\S+)/gm);
  expect([...listed].map(([, name]) => name).sort()).toEqual([...PASSED, ...Object.keys(FAILED)].sort());
});

it.each(PASSED)('our client passes the scenario %s', async (scenario) => {
  let { code, output } = await runScenario(scenario);
  // Half a second is measured there: a machine that paused for as long again has said nothing about us.
  const tries = scenario === 'sse-retry' ? 4 : 1;
  for (let i = 1; i < tries && code !== 0; i++) ({ code, output } = await runScenario(scenario));
  expect(output).toContain('OVERALL: PASSED');
  expect(code).toBe(0);
});

it.each(Object.entries(FAILED))('our client does not pass the scenario %s: %s', async (scenario) => {
  expect((await runScenario(scenario)).output).toContain('OVERALL: FAILED');
});

it('a server from npm over its pipes: list, call, cancel, crash, restart', async () => {
  const { tools, call } = await openTools({ kind: 'stdio', command: process.execPath, args: [EVERYTHING, 'stdio'] });
  expect(tools.list().length).toBeGreaterThan(8);
  expect(await call('echo', { message: 'hello' })).toBe('Echo: hello');
  expect(await call('get-tiny-image')).toMatch(/\[image: image\/png, \d+ bytes that are no text\]/);
  await expect(call('get-sum', { a: 1, b: 'x' })).rejects.toMatchObject({ code: 'TOOL_FAILED' });

  const controller = new AbortController();
  const cancelled = call('trigger-long-running-operation', { duration: 600, steps: 600 }, controller.signal);
  expect(await call('get-sum', { a: 1, b: 2 })).toContain('3');
  controller.abort('enough');
  await expect(cancelled).rejects.toBe('enough');

  const hanging = call('trigger-long-running-operation', { duration: 600, steps: 600 });
  const failed = expect(hanging).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  process.kill(await childThat('server-everything'), 'SIGKILL');
  await failed;
  expect(await call('echo', { message: 'again' })).toBe('Echo: again');
});

it('the same over HTTP: a server that was killed and came back knows no session, and the call does not notice', {
  timeout: 120_000,
}, async () => {
  const port = await freePort();
  let server = await startEverything(port);
  const { call } = await openTools({
    kind: 'http',
    url: `http://127.0.0.1:${port}/mcp`,
    headers: { authorization: () => 'Bearer secret' },
  });
  expect(await call('echo', { message: 'hello' })).toBe('Echo: hello');

  const controller = new AbortController();
  const cancelled = call('trigger-long-running-operation', { duration: 600, steps: 600 }, controller.signal);
  expect(await call('get-sum', { a: 1, b: 2 })).toContain('3');
  controller.abort('enough');
  await expect(cancelled).rejects.toBe('enough');

  await stop(server);
  server = await startEverything(port);
  expect(await call('echo', { message: 'again' })).toBe('Echo: again');

  await stop(server);
  await expect(call('echo', { message: 'nobody' })).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  await startEverything(port);
  // It may be tried again later than a call waits: the pauses grow while nobody is there.
  await expect.poll(() => call('echo', { message: 'back' }).catch(String), { timeout: 45_000 }).toBe('Echo: back');
});

it('servers that speak the newest revision only', async () => {
  const server = beside('newest-server.ts');
  const { call } = await openTools({ kind: 'stdio', command: process.execPath, args: [server] });
  expect(await call('add', { a: 2, b: 3 })).toBe('5');

  const child = spawn(process.execPath, [server, 'http'], { stdio: ['ignore', 'pipe', 'inherit'] });
  ending.push(() => stop(child));
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const http = await openTools({ kind: 'http', url: `http://127.0.0.1:${Number(port.toString())}/mcp` });
  expect(await http.call('add', { a: 20, b: 3 })).toBe('23');
});

interface Opened {
  readonly tools: OpenHouseTools;
  readonly call: (name: string, args?: object, signal?: AbortSignal) => Promise<string>;
}

async function openTools(server: McpServerOptions): Promise<Opened> {
  const random = seededRandom(1);
  const notes: string[] = [];
  const ports = { clock: systemClock, random, machine: createMachine(process.env, random), note: (text: string) => void notes.push(text) };
  const tools = await openHouseTools({ mcp: { server } }, ports);
  ending.push(() => tools.close());
  expect(tools.servers(), notes.join('\n')).toMatchObject([{ phase: 'ready' }]);
  return {
    tools,
    async call(name, args = {}, signal = AbortSignal.timeout(30_000)) {
      const tool = tools.find(`mcp.server.${name}`);
      if (!tool) throw new Error(`there is no ${name}`);
      return tool.execute(args, { key: 'key', run: { run: 'run', tenant: 'tenant', agent: 'agent' }, signal });
    },
  };
}

async function startEverything(port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  ending.push(() => stop(child));
  let said = '';
  for await (const chunk of child.stderr) {
    said += String(chunk);
    if (said.includes('listening')) break;
  }
  expect(said).toContain('listening');
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** One that nobody listens to now: the server says nothing of a port that it chose itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The child of this process whose command line has this in it. */
async function childThat(mark: string): Promise<number> {
  const { stdout } = await new Promise<{ stdout: string }>((resolve) => {
    execFile('ps', ['--ppid', String(process.pid), '-o', 'pid=,args='], (_, stdout) => resolve({ stdout }));
  });
  const [line = ''] = stdout.split('\n').filter((line) => line.includes(mark));
  return Number(line.trim().split(' ')[0]);
}

async function runScenario(scenario: string): ReturnType<typeof run> {
  using folder = makeFolder();
  const command = `${process.execPath} --conditions=openclaw-source --disable-warning=ExperimentalWarning ${beside('conformance-client.ts')}`;
  return run([SUITE, 'client', '--command', command, '--scenario', scenario, '-o', folder.path]);
}

async function run(args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
