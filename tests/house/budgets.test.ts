/** Budgets in a real server: shared by children, none the worse for a process that is killed, waiting where there is no room, and going on when somebody adds to them. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BudgetPause, RunRecord } from '@openclaw-runtime/protocol';
import { OpenClawClient, type Run } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';
import { listen } from './listen.ts';

const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));
const USAGE = { prompt_tokens: 20, completion_tokens: 5 };
/** Dollars for a token. */
const PRICE = 0.001;
const folder = makeFolder();
const client = new OpenClawClient({ reconnectDelay: 50, maxReconnectAttempts: 100 });
let provider: ScriptedProvider;
let claw: Claw;
/** Answers wait for it. */
const gate = Promise.withResolvers<void>();

const configuration = (more: object = {}): object => ({
  providers: { scripted: { kind: 'openai', baseUrl: provider.url, retries: { max: 0 } } },
  models: { scripted: { provider: 'scripted', price: { input: PRICE * 1e6, output: PRICE * 1e6 } } },
  agents: { hand: {}, crew: { module: fileURLToPath(new URL('agents/crew.ts', import.meta.url)) } },
  reasoning: { level: 'off' },
  limits: { parkAfterMs: '300ms' },
  threads: { max: 1 },
  ...more,
});

const start = (port = 0, more: object = {}): Promise<Claw> => startClaw({ data: folder.in('data'), config: configuration(more), port });

beforeAll(async () => {
  provider = await startScriptedProvider(async ({ messages }) => {
    await gate.promise;
    return { text: `re: ${messages.at(-1)?.content}`, usage: USAGE };
  });
  claw = await start();
  await client.connect(claw.url);
});

afterAll(async () => {
  client.close();
  await claw?.stop('SIGKILL');
  await provider?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

interface State {
  readonly scope: string;
  readonly name: string;
  readonly limit: { readonly usd?: number };
  readonly spent: { readonly usd: number };
  readonly reserved: { readonly usd: number };
  readonly left: { readonly usd?: number };
}

async function budgetsOf(query = ''): Promise<readonly State[]> {
  const { body } = await fetchJson(`${claw.http}/v1/budgets${query}`);
  return (body as { readonly budgets: readonly State[] }).budgets;
}

async function run(...args: string[]): Promise<string> {
  const flags = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, BIN, ...args, '--data', folder.in('data')]);
  return stdout;
}

/** The `count`th time that the run waits. */
async function pauseOf(run: Run, count = 1): Promise<BudgetPause> {
  let seen = 0;
  for await (const item of client.attach(await run.started)) if (item.kind === 'budget.paused' && ++seen === count) return item.data;
  throw new Error('it did not wait');
}

function settledIn(records: readonly RunRecord[]) {
  return records.flatMap((each) => (each.kind === 'budget.settled' ? [each.data] : []));
}

test('two children share the budget of their task over a kill -9: it waits, goes on when more is added, and the ledger is the bill', async () => {
  const probe = client.run({ agent: 'hand', input: 'the first half', budget: 0 });
  const { needed } = await pauseOf(probe);
  expect(needed).toBeGreaterThan(PRICE * 20);
  await probe.cancel();
  const asked = provider.requests.length;

  const task = client.run({ agent: 'crew', operation: 'work', budget: needed * 2.5 });
  await expect.poll(() => provider.requests.length, { timeout: 30_000 }).toBe(asked + 2);
  await claw.stop('SIGKILL');
  claw = await start(claw.port);

  const paused = await task.result();
  expect(paused).toMatchObject({ status: 'budget_exhausted', error: { code: 'BUDGET_EXHAUSTED' } });
  const id = await task.started;
  const { body: list } = await fetchJson(`${claw.http}/v1/runs?status=budget_exhausted`);
  expect((list as { runs: { run: string }[] }).runs.map((each) => each.run)).toContain(id);
  const { body: shown } = await fetchJson(`${claw.http}/v1/runs/${id}`);
  expect(shown).toMatchObject({ status: 'budget_exhausted' });
  await expect
    .poll(async () => (await budgetsOf(`?run=${id}`))[0], { timeout: 20_000 })
    .toMatchObject({ scope: 'task', name: id, reserved: { usd: 0 } });
  const [before] = (await budgetsOf(`?run=${id}`)) as [State];
  // Nobody knows what became of what was asked: all that was set aside is taken as spent.
  expect(before.spent.usd).toBeCloseTo(needed * 2, 6);
  expect(provider.requests).toHaveLength(asked + 2);

  gate.resolve();
  await task.topUp({ usd: needed * 2 });
  const heard = await listen(client.attach(id));
  expect(heard.result.status).toBe('completed');
  expect(await task.result()).toMatchObject({ status: 'completed' });
  expect(JSON.parse(heard.result.value ?? '')).toEqual(['completed: re: the first half', 'completed: re: the second half']);

  const children = heard.records.flatMap((each) => (each.kind === 'child.started' ? [each.data.child] : []));
  const settled = (await Promise.all(children.map((child) => listen(client.attach(child))))).flatMap((each) => settledIn(each.records));
  const billed = (USAGE.prompt_tokens + USAGE.completion_tokens) * PRICE;
  expect(settled.filter((each) => each.lost)).toHaveLength(2);
  expect(settled.filter((each) => !each.lost).map((each) => each.microUsd / 1e6)).toEqual([billed, billed]);
  await expect
    .poll(async () => (await budgetsOf(`?run=${id}`))[0], { timeout: 20_000 })
    .toMatchObject({ spent: { usd: settled.reduce((sum, each) => sum + each.microUsd, 0) / 1e6 }, reserved: { usd: 0 } });
});

test('claw budget shows what was spent, and adds to a run that waits, parked', async () => {
  const waiting = client.run({ agent: 'hand', input: 'more, please', budget: { usd: 0.001 } });
  expect(await waiting.result()).toMatchObject({ status: 'budget_exhausted' });
  const id = await waiting.started;
  const shown = JSON.parse(await run('budget', 'show', `--run=${id}`, '--json')) as { readonly budgets: readonly State[] };
  expect(shown.budgets).toMatchObject([{ scope: 'task', name: id, limit: { usd: 0.001 }, spent: { usd: 0 } }]);
  expect(await run('budget', `--run=${id}`)).toMatch(
    /^SCOPE +NAME +LIMIT +SPENT +RESERVED +LEFT\ntask +\S+ +\$0\.001 +\$0 +\$0 +\$0\.001\n$/,
  );
  // It leaves memory meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await run('budget', 'add', id, '--usd', '5')).toBe(`added $5 to ${id}\n`);
  await expect.poll(async () => (await waiting.result()).status, { timeout: 30_000 }).toBe('completed');
});

test('a day’s budget holds all runs; they go on when more is added to it, or its limit is raised at a restart', async () => {
  await claw.stop('SIGTERM');
  claw = await start(claw.port, { budgets: { day: { tokens: 10 } } });
  const first = client.run({ agent: 'hand', input: 'today' });
  expect(await first.result()).toMatchObject({ status: 'budget_exhausted' });
  expect(await pauseOf(first)).toMatchObject({ scope: 'day', unit: 'tokens', limit: 10, until: expect.any(Number) });
  await run('budget', 'add', 'day', '--tokens', '10000');
  await expect.poll(async () => (await first.result()).status, { timeout: 30_000 }).toBe('completed');

  await claw.stop('SIGTERM');
  claw = await start(claw.port, { budgets: { agent: { tokens: 10 } } });
  const second = client.run({ agent: 'hand', input: 'by agent' });
  expect(await second.result()).toMatchObject({ status: 'budget_exhausted' });
  await claw.stop('SIGKILL');
  claw = await start(claw.port, { budgets: { agent: { tokens: 100_000 } } });
  await expect.poll(async () => (await second.result()).status, { timeout: 30_000 }).toBe('completed');
});

test('what is no budget is refused', async () => {
  const post = async (path: string, json: unknown): Promise<number> =>
    (await fetchJson(`${claw.http}${path}`, { method: 'POST', json } as object)).status;
  expect(await post('/v1/runs', { input: 'x', budget: -1 })).toBe(400);
  expect(await post('/v1/runs', { input: 'x', budget: { usd: 1e9 } })).toBe(400);
  expect(await post('/v1/runs', { input: 'x', budget: {} })).toBe(400);
  expect(await post('/v1/budgets', { scope: 'run', usd: 1 })).toBe(400);
  expect(await post('/v1/budgets', { scope: 'agent', usd: 1 })).toBe(400);
  expect(await post('/v1/budgets', { scope: 'day', usd: 1, name: 'x' })).toBe(400);
  expect((await fetchJson(`${claw.http}/v1/budgets?run=${'x'.repeat(22)}`)).status).toBe(404);
});
