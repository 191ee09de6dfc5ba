/** Agents with code in a real server: tools, operations that outlive the process, secrets that nobody sees. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { type Claw, startClaw, tryClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { ask, kinds, listen } from './listen.ts';
import { type Shop, startShop } from './shop.ts';

const CANARY = 'canary+9f3b/e61d=7a';
const folder = makeFolder();
const client = new OpenClawClient({ reconnectDelay: 50, maxReconnectAttempts: 100 });
let provider: ScriptedProvider;
let shop: Shop;
let claw: Claw;
let said = '';

const moduleAt = (name: string): string => fileURLToPath(new URL(`agents/${name}`, import.meta.url));
const EVERYTHING = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));
const env = { SHOP_KEY: CANARY };

function configuration(): object {
  return {
    providers: { scripted: { kind: 'openai', baseUrl: provider.url } },
    models: { scripted: { provider: 'scripted' } },
    agents: {
      clerk: { module: moduleAt('clerk.ts'), secrets: { shop: 'secret://exec/shop' }, permissions: { ask: ['calc'] }, uses: ['calc'] },
      plain: { instructions: 'No code.' },
      caller: { uses: ['mcp.every.get-env', 'fs.*'], permissions: { deny: ['fs.remove'] } },
    },
    secrets: { exec: { shop: [process.execPath, '-p', 'process.env.SHOP_KEY'] } },
    tools: { fs: {} },
    mcp: { every: { command: process.execPath, args: [EVERYTHING], env: { SHOP: 'secret://env/SHOP_KEY', PLAIN: 'a plain value' } } },
    threads: { max: 2 },
  };
}

beforeAll(async () => {
  provider = await startScriptedProvider(({ messages }) => {
    const last = messages.at(-1);
    if (last?.role === 'tool') return { text: `They say: ${last.content}` };
    const [, name, args = '{}'] = /^call ([\w-]+) (.*)$/.exec(last?.content ?? '') ?? [];
    return name === undefined ? { text: 'Hello there.' } : { calls: [{ name, arguments: JSON.parse(args) as object }] };
  });
  shop = await startShop(CANARY);
  claw = await start();
  await client.connect(claw.url);
});

afterAll(async () => {
  client.close();
  await claw?.stop('SIGKILL');
  await provider?.[Symbol.asyncDispose]();
  await shop?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const start = (port = 0): Promise<Claw> => startClaw({ data: folder.in('data'), config: configuration(), env, port });

async function restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  await claw.stop(signal);
  said += claw.complaints();
  claw = await start(claw.port);
}

test('a tool of the agent’s is called in its thread, and the model is told what came of it, but not the secret', async () => {
  const args = JSON.stringify({ item: 'tea', shop: shop.url });
  const heard = await ask(client, { agent: 'clerk', input: `call price ${args}` });
  expect(heard.result).toMatchObject({ status: 'completed', reason: 'stop' });
  expect(kinds(heard).filter((kind) => kind.startsWith('tool.'))).toEqual(['tool.called', 'tool.started', 'tool.result']);
  expect(heard.text).toBe('They say: tea costs 12 euros, says [secret]');
  expect(provider.requests.at(-2)?.tools?.map((each) => each.function.name)).toEqual(['price', 'calc']);
  expect(shop.keys).toHaveLength(1);
  const failed = await ask(client, { agent: 'clerk', input: `call price ${JSON.stringify({ item: 'tea', shop: `${shop.url}/refused` })}` });
  expect(failed.result.status).toBe('completed');
  const error = { code: 'TOOL_FAILED', message: expect.stringContaining('the shop does not take [secret]') };
  expect(failed.records.find(({ kind }) => kind === 'tool.result')?.data).toMatchObject({ error });
});

test('a tool of the house is called when a person has allowed exactly this call', async () => {
  const run = client.run({ agent: 'clerk', input: 'call calc {"expression":"6*7"}' });
  const asked = new Promise<{ readonly id: string; readonly hash: string }>((resolve) =>
    client.on('approval', (approval) => 'hash' in approval && resolve(approval)),
  );
  const heard = listen(run);
  await run.approve(await asked);
  expect((await heard).text).toBe('They say: 42');
});

test('an agent without code calls a tool of an MCP server, which has the secret it was given', async () => {
  const { text } = await ask(client, { agent: 'caller', input: 'call mcp_every_get-env {}' });
  expect(text).toContain('"SHOP": "[secret]"');
  expect(text).toContain('"PLAIN": "a plain value"');
});

test('files are written to the workspace of the run, and what is denied is not done', async () => {
  const written = await ask(client, { agent: 'caller', input: 'call fs_write {"path":"a/b.txt","text":"kept"}' });
  expect(written.text).toBe('They say: 4 bytes written to a/b.txt');
  const [file = ''] = globSync(join(folder.in('data'), 'workspaces', '*', '*', 'a', 'b.txt'));
  expect(readFileSync(file, 'utf8')).toBe('kept');
  const denied = await ask(client, { agent: 'caller', input: 'call fs_remove {"path":"a/b.txt"}' });
  expect(denied.records.find(({ kind }) => kind === 'tool.result')?.data).toMatchObject({ error: { code: 'DENIED' } });
});

test('an agent without code answers as ever', async () => {
  expect((await ask(client, { agent: 'plain', input: 'Hi' })).text).toBe('Hello there.');
});

test('an operation goes on from its checkpoint when the process was killed, and finished steps are not done again', async () => {
  const came = shop.hold(4);
  const run = client.run({ agent: 'clerk', operation: 'count', args: { pages: 6, gate: shop.url } });
  const heard = listen(run);
  await came;
  await restart('SIGKILL');
  const { result, records } = await heard;
  expect(result).toMatchObject({ status: 'completed' });
  expect(JSON.parse(result.value ?? '')).toEqual({ sum: 210, secret: '[secret]' });
  const ledger = globSync(join(folder.in('data'), 'workspaces', '*', '*', 'ledger')).map((path) => readFileSync(path, 'utf8'));
  // The fourth page was begun twice: the process died in the middle of it.
  expect(ledger).toEqual(['1\n2\n3\n4\n4\n5\n6\n']);
  const pieces = records.flatMap((record) => (record.kind === 'piece.done' ? [record.data.name] : []));
  expect(pieces).toEqual([1, 2, 3, 4, 5, 6].map((page) => `page ${page}`));
  const saved = records.filter(({ kind }) => kind === 'state.saved');
  expect(saved).toHaveLength(3);
});

test('an operation that says its secret everywhere says [secret]', async () => {
  const { result, records } = await ask(client, { agent: 'clerk', operation: 'leak' });
  expect(result).toMatchObject({
    status: 'failed',
    error: { code: 'AGENT_FAILED', message: expect.stringMatching(/\[secret\] \[secret\] \S*\[secret\]/) },
  });
  expect(records.map(({ kind }) => kind)).toEqual(['run.created', 'state.saved', 'event', 'piece.done', 'run.finished']);
});

test('the secret is nowhere: not in the data, and not in what the server said', async () => {
  await restart('SIGTERM');
  const files = globSync(join(folder.in('data'), '**', '*')).flatMap((path) => {
    try {
      return [{ path, text: readFileSync(path, 'latin1') }];
    } catch {
      return [];
    }
  });
  // What was said beside it is there to be read.
  expect(files.some(({ text }) => text.includes('12 euros, says [secret]'))).toBe(true);
  expect(said).toContain('asking with [secret]');
  const forms = [CANARY, 'base64', 'hex'].map((form) => (form === CANARY ? form : Buffer.from(CANARY).toString(form as 'hex')));
  const inside = Buffer.from(`user:${CANARY}`).toString('base64').slice(8, -4);
  for (const form of [...forms, encodeURIComponent(CANARY), inside]) {
    expect(said).not.toContain(form);
    expect(JSON.stringify(provider.requests)).not.toContain(form);
    expect(files.filter(({ text }) => text.includes(form)).map(({ path }) => path)).toEqual([]);
  }
});

test.each([
  ['broken.ts', /broken\.ts:\d+/],
  ['gone.ts', /gone\.ts/],
])('with a module that cannot be imported (%s) a server does not start, and says where it is named', async (name, where) => {
  const data = folder.in(`other/${name}`);
  const ended = await tryClaw({ data, config: { agents: { bad: { module: moduleAt(name) } } } });
  expect(ended).toMatchObject({ code: 1 });
  const { complaints } = ended as { readonly complaints: string };
  expect(JSON.parse(complaints)).toMatchObject({ error: { code: 'BAD_CONFIG', message: expect.stringMatching(where) } });
  expect(complaints).toMatch(/openclaw\.yaml:1: agents\.bad\.module: /);
});
