/** Why a run hangs: twelve ways to, each staged in a real server, and told by it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { startProvider, type TestProvider } from '../provider/server.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';
import { viewRaw } from './raw-viewer.ts';

interface Why {
  readonly run: string;
  readonly status: string;
  readonly forMs: number;
  readonly waits: readonly {
    readonly for: string;
    readonly name?: string;
    readonly forMs?: number;
    readonly leftMs?: number;
    readonly detail?: string;
  }[];
  readonly readers: readonly { readonly behind: number; readonly unsentBytes: number }[];
}

const folders = [makeFolder(), makeFolder()];
const client = new OpenClawClient({ reconnectDelay: 50 });
let provider: TestProvider;
let script: ScriptedProvider;
/** One with room, and one where two runs and one thread are all there is. */
let wide: Claw;
let full: Claw;

beforeAll(async () => {
  provider = await startProvider();
  script = await startScriptedProvider(() => ({ calls: [{ name: 'nap', arguments: {} }] }));
  const agents = { hanging: { module: fileURLToPath(new URL('agents/hanging.ts', import.meta.url)) } };
  const main = { kind: 'openai', baseUrl: `${provider.url}/v1`, circuit: { failures: 1_000 }, timeouts: { firstChunkMs: '60s' } };
  const config = {
    agents,
    providers: { main, script: { kind: 'openai', baseUrl: script.url }, sim: { kind: 'simulated' } },
    models: {
      text: { provider: 'main' },
      narrow: { provider: 'main', name: 'text', limits: { concurrency: 1 } },
      tooler: { provider: 'script' },
      simulated: { provider: 'sim' },
    },
    defaultModel: 'text',
  };
  const [first, second] = folders;
  wide = await startClaw({ data: first?.in('data') ?? '', config: { ...config, limits: { parkAfterMs: '1h' } } });
  const limits = { maxConcurrentRuns: 2 };
  full = await startClaw({ data: second?.in('data') ?? '', config: { ...config, limits, threads: { max: 1, perThread: 1 } } });
  await client.connect(wide.url);
});

afterAll(async () => {
  client.close();
  await Promise.all([wide?.stop('SIGKILL'), full?.stop('SIGKILL')]);
  await Promise.all([provider?.close(), script?.[Symbol.asyncDispose]()]);
  for (const folder of folders) folder[Symbol.dispose]();
});

async function start(request: object, claw = wide): Promise<string> {
  const { body } = await fetchJson(`${claw.http}/v1/runs`, { method: 'POST', json: { agent: 'default', input: 'hi', ...request } });
  return (body as { readonly run: string }).run;
}

async function whyOf(run: string, claw = wide): Promise<Why> {
  return (await fetchJson(`${claw.http}/v1/runs/${run}/why`)).body as Why;
}

/** As soon as it is so; what is told last where it is not in 15 s. */
async function until(run: string, enough: (why: Why) => boolean, claw = wide): Promise<Why> {
  for (let tries = 0; ; tries++) {
    const why = await whyOf(run, claw);
    if (enough(why) || tries === 300) return why;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const waitsFor =
  (what: string) =>
  ({ waits }: Why) =>
    waits[0]?.for === what;

const STAGED: readonly (readonly [what: string, options: object, told: object])[] = [
  ['first chunk', { input: 'hi', model: 'text?ttft=60000' }, { name: 'text?ttft=60000' }],
  ['next chunk', { input: 'hi', model: 'text?stall=3' }, { name: 'text?stall=3' }],
  [
    'retry',
    { input: 'hi', model: 'text?status=503&retry=30' },
    { name: 'text?status=503&retry=30', detail: expect.stringContaining('PROVIDER_FAILED') as string },
  ],
  ['tool', { input: 'hi', agent: 'hanging', model: 'tooler' }, { name: 'nap' }],
  ['person', { agent: 'hanging', operation: 'ask' }, { leftMs: expect.any(Number) as number }],
  ['child', { agent: 'hanging', operation: 'child', args: { model: 'text?ttft=60000' } }, { name: 'helper' }],
  ['code', { agent: 'hanging', operation: 'code' }, { name: 'code' }],
  ['budget', { input: 'hi', budget: { tokens: 1 } }, { name: expect.any(String) as string }],
];

test.each(STAGED)('%s', { timeout: 20_000 }, async (what, options, told) => {
  const run = await start(options);
  // Since when nothing was said is looked at each second.
  const leastMs = what === 'next chunk' ? 1_500 : 0;
  const why = await until(run, ({ waits: [first] }) => first?.for === what && (first.forMs ?? 0) >= leastMs);
  expect(why.waits[0]).toMatchObject({ for: what, forMs: expect.any(Number) as number, ...told });
  expect(why.status).not.toBe('completed');
  if (what === 'retry') expect(why.waits[0]?.leftMs).toBeGreaterThan(20_000);
  const before = why.waits[0]?.forMs ?? 0;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await whyOf(run)).waits[0]?.forMs).toBeGreaterThanOrEqual(before + 290);
});

test('rate limit', async () => {
  await until(await start({ input: 'hi', model: 'narrow?ttft=60000' }), waitsFor('first chunk'));
  const run = await start({ input: 'hi', model: 'narrow' });
  const why = await until(run, waitsFor('rate limit'));
  expect(why.waits).toEqual([{ for: 'rate limit', name: 'narrow', forMs: expect.any(Number) as number, detail: '0 calls are before it' }]);
});

test('turn', async () => {
  await until(await start({ input: 'hi', model: 'text?ttft=60000', session: 's' }), waitsFor('first chunk'));
  const why = await until(await start({ input: 'hi', session: 's' }), waitsFor('turn'));
  expect(why.waits).toEqual([{ for: 'turn', name: 's', forMs: expect.any(Number) as number }]);
});

test('thread, and queue', async () => {
  await until(await start({ agent: 'hanging', operation: 'code' }, full), waitsFor('code'), full);
  const second = await start({ agent: 'hanging', operation: 'code' }, full);
  expect((await until(second, waitsFor('thread'), full)).waits).toEqual([{ for: 'thread', forMs: expect.any(Number) as number }]);
  const third = await start({ input: 'hi' }, full);
  const why = await until(third, waitsFor('queue'), full);
  expect(why.waits).toEqual([{ for: 'queue', detail: '2 of 2 runs are at work' }]);
});

test('a slow client: the run does not wait for it, and it is told all the same', { timeout: 30_000 }, async () => {
  const id = await start({ input: 'hi', model: 'simulated?tokens=400000&ms=2000' });
  using viewer = await viewRaw(wide.url, ...Array.from({ length: 12 }, () => id));
  viewer.pause();
  await until(id, ({ status }) => status === 'completed');
  const why = await until(id, ({ readers }) => readers.length > 0);
  expect(why).toMatchObject({ status: 'completed', waits: [] });
  expect(why.readers[0]?.behind).toBeGreaterThan(0);
  expect(why.readers[0]?.unsentBytes).toBeGreaterThan(0);
});

test('claw why says it in words, and in JSON', { timeout: 30_000 }, async () => {
  const run = await start({ input: 'hi', model: 'text?ttft=60000' });
  await until(run, waitsFor('first chunk'));
  const claw = async (...args: readonly string[]): Promise<string> => {
    const bin = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));
    const flags = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];
    return (await promisify(execFile)(process.execPath, [...flags, bin, ...args, '--url', wide.url])).stdout;
  };
  const said = await claw('why', run);
  expect(said).toMatch(
    new RegExp(
      `^${run} waits for the first word of the model text\\?ttft=60000, for \\d+ s\\.\\n  What ends it: the provider says something`,
    ),
  );
  const json = JSON.parse(await claw('why', run, '--json')) as {
    readonly waits: readonly { readonly for: string; readonly ends: string }[];
  };
  expect(json.waits[0]).toMatchObject({ for: 'first chunk', ends: expect.stringContaining(`claw runs cancel ${run}`) as string });
  expect(await claw('tiers', 'set', 'model', 'text', '3')).toContain('3 static       model text, for 0 s: it was set by hand.');
  expect(await claw('tiers', 'set', 'model', 'text', 'auto')).toContain('0 normal       model text');
});

test('a run that has ended waits for nothing; one that is not there is not found', async () => {
  const run = client.run({ input: 'hi', model: 'text' });
  await run.result();
  expect(await whyOf(await run.started)).toMatchObject({ status: 'completed', waits: [], readers: [] });
  expect((await fetchJson(`${wide.http}/v1/runs/AAAAAAAAAAAAAAAAAAAAAA/why`)).status).toBe(404);
  for (const json of [{}, { of: 'cat', name: 'x', tier: 1 }, { of: 'model', name: '', tier: 1 }, { of: 'model', name: 'm', tier: 9 }])
    expect((await fetchJson(`${wide.http}/v1/tiers`, { method: 'POST', json })).status).toBe(400);
});
