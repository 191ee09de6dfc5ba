/** Agents as tools of an MCP server, asked by the official client in both of the protocol's ways, and by the official conformance suite as far as it is about tools. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { startProvider, type TestProvider } from '../provider/server.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';

const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));
const TOKEN = 'a-token-of-this-test';
const folder = makeFolder();
let provider: TestProvider;
let scripted: ScriptedProvider;
let claw: Claw;
let open: Claw;
let guarded: object;

beforeAll(async () => {
  provider = await startProvider();
  scripted = await startScriptedProvider(({ messages }) => {
    const last = messages.at(-1);
    if (last?.role === 'tool') return { text: `They say: ${last.content}`, usage: { prompt_tokens: 9, completion_tokens: 4 } };
    const [, name, args = '{}'] = /^call ([\w-]+) (.*)$/.exec(last?.content ?? '') ?? [];
    if (name !== undefined) return { calls: [{ name, arguments: JSON.parse(args) as object }] };
    return { text: `You said: ${messages.map(({ content }) => content).join(' | ')}` };
  });
  const config = {
    providers: { streams: { kind: 'openai', baseUrl: provider.url }, scripted: { kind: 'openai', baseUrl: scripted.url } },
    models: { scripted: { provider: 'scripted' }, text: { provider: 'streams', name: 'text?gap=50' } },
    agents: {
      greeter: { description: 'Says hello.', model: 'scripted' },
      counter: { model: 'scripted', uses: ['calc'] },
      slow: { model: 'text' },
      // What the conformance suite calls, expecting an error.
      test_error_handling: { model: 'scripted' },
    },
  };
  guarded = { ...config, server: { token: TOKEN } };
  [claw, open] = await Promise.all([
    startClaw({ data: folder.in('a/data'), config: guarded }),
    startClaw({ data: folder.in('b/data'), config }),
  ]);
});

afterAll(async () => {
  await claw?.stop('SIGKILL');
  await open?.stop('SIGKILL');
  await provider?.close();
  await scripted?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function connect(mode: 'legacy' | 'auto', token = TOKEN): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${claw.http}/mcp`), { requestInit: { headers } }));
  return client;
}

test.each(['legacy', 'auto'] as const)(
  '%s: agents are tools, which answer with text, run and usage, and go on with a session',
  async (mode) => {
    const client = await connect(mode);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['default', 'greeter', 'counter']));
    expect(tools.map(({ name }) => name)).not.toContain('task');
    expect(tools.find(({ name }) => name === 'greeter')).toMatchObject({
      description: 'Says hello.',
      inputSchema: { required: ['message'] },
    });

    const steps: string[] = [];
    const counted = await client.callTool(
      { name: 'counter', arguments: { message: 'call calc {"expression":"6*7"}' } },
      { onprogress: ({ message }) => steps.push(message ?? '') },
    );
    expect(counted).toMatchObject({
      content: [{ type: 'text', text: 'They say: 42' }],
      structuredContent: { text: 'They say: 42', finish: 'stop', usage: { inputTokens: 9, outputTokens: 4 } },
    });
    expect(steps.length).toBeGreaterThan(0);
    const { run } = counted.structuredContent as { readonly run: string };
    const stored = await fetch(`${claw.http}/v1/runs/${run}`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(await stored.json()).toMatchObject({ agent: 'counter', status: 'completed', text: 'They say: 42' });

    await client.callTool({ name: 'greeter', arguments: { message: 'one', session: mode } });
    const { content } = await client.callTool({ name: 'greeter', arguments: { message: 'two', session: mode } });
    expect(content).toEqual([{ type: 'text', text: 'You said: one | You said: one | two' }]);
    await client.close();
  },
);

test.each(['legacy', 'auto'] as const)('%s: a call that is taken back cancels its run, up to the provider’s socket', async (mode) => {
  provider.reset();
  const client = await connect(mode);
  const stop = new AbortController();
  const steps: string[] = [];
  const call = client.callTool(
    { name: 'slow', arguments: { message: 'Go.' } },
    {
      signal: stop.signal,
      onprogress: ({ message }) => {
        steps.push(message ?? '');
        stop.abort();
      },
    },
  );
  await expect(call).rejects.toThrow();
  await until(() => provider.stats().clientAborted === 1);
  expect(steps).toHaveLength(1);
  await until(async () => {
    const listed = await fetch(`${claw.http}/v1/runs?limit=1`, { headers: { authorization: `Bearer ${TOKEN}` } });
    const { runs } = (await listed.json()) as { readonly runs: readonly { readonly status: string }[] };
    return runs[0]?.status === 'cancelled';
  });
  await client.close();
});

test('the same key is the same run, also over kill -9; what is wrong is a result that says so', async () => {
  provider.reset();
  const client = await connect('auto');
  const ask = { name: 'slow', arguments: { message: 'Outlive it.' }, _meta: { 'openclaw-runtime/idempotency-key': 'outlive' } };
  const broken = client.callTool(ask).then(
    () => 'answered',
    () => 'broken',
  );
  await until(() => (provider.ledger()[0]?.sent.length ?? 0) > 40);
  await claw.stop('SIGKILL');
  expect(await broken).toBe('broken');
  claw = await startClaw({ data: folder.in('a/data'), port: claw.port, config: guarded });
  const again = await client.callTool(ask);
  const { run } = again.structuredContent as { readonly run: string };
  expect((await client.callTool(ask)).structuredContent).toMatchObject({ run });
  expect((again.content as readonly { readonly text: string }[])[0]?.text).toBe(provider.ledger().at(-1)?.full);

  const wrong = await client.callTool({ name: 'greeter', arguments: { message: '', more: 1 } });
  expect(wrong).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('BAD_REQUEST: message') }] });
  await expect(client.callTool({ name: 'nobody', arguments: { message: 'Hi.' } })).rejects.toThrow('There is no tool nobody.');
  await client.close();
  await expect(connect('legacy', 'wrong')).rejects.toThrow();
});

test.each(['legacy', 'auto'] as const)('%s: the same over stdin and stdout, by claw mcp serve', async (mode) => {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  const args = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning', BIN, 'mcp', 'serve', '--url', open.url];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, cwd: folder.path, stderr: 'ignore' }));
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('counter');
  const steps: string[] = [];
  const counted = await client.callTool(
    { name: 'counter', arguments: { message: 'call calc {"expression":"6*7"}' } },
    { onprogress: ({ message }) => steps.push(message ?? '') },
  );
  expect(counted).toMatchObject({ structuredContent: { text: 'They say: 42' } });
  expect(steps.length).toBeGreaterThan(0);
  provider.reset();
  const stop = new AbortController();
  const call = client.callTool({ name: 'slow', arguments: { message: 'Go.' } }, { signal: stop.signal, onprogress: () => stop.abort() });
  await expect(call).rejects.toThrow();
  await until(() => provider.stats().clientAborted === 1);
  // Whoever goes leaves nothing at work.
  void client.callTool({ name: 'slow', arguments: { message: 'Go on.' } }).catch(() => undefined);
  await until(() => provider.stats().requests === 2);
  await client.close();
  await until(() => provider.stats().clientAborted === 2);
});

test('the conformance suite finds nothing wrong', async () => {
  const suite = fileURLToPath(new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url));
  const scenarios = [
    'server-initialize',
    'ping',
    'tools-list',
    'tools-call-error',
    'server-sse-multiple-streams',
    'dns-rebinding-protection',
  ];
  const ask = (scenario: string) => [suite, 'server', '--url', `${open.http}/mcp`, '--scenario', scenario];
  const ended = await Promise.all(scenarios.map((each) => promisify(execFile)(process.execPath, ask(each), { cwd: folder.path })));
  for (const { stdout } of ended) expect(stdout).toMatch(/Passed: \d+\/\d+, 0 failed/);
});

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('it never came');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
