/** `claw status` and `claw reload` against a server at work. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';

const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));
const folder = makeFolder();
const client = new OpenClawClient({ reconnectDelay: 50 });
let claw: Claw;
/** A run that waits for the budget of its agent. */
let waiting: string;

const config = {
  providers: { sim: { kind: 'simulated' } },
  models: { simulated: { provider: 'sim', price: { input: 1, output: 1 } } },
  agents: { spender: { budget: { tokens: 60_000 } } },
  reasoning: { level: 'off' },
};

beforeAll(async () => {
  claw = await startClaw({ data: folder.in('data'), config });
  await client.connect(claw.url);
});

afterAll(async () => {
  client.close();
  await claw?.stop('SIGKILL');
  folder[Symbol.dispose]();
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function typed(...args: readonly string[]): Promise<Ended> {
  const flags = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];
  const env = { PATH: process.env.PATH, HOME: folder.path };
  const words = [...flags, BIN, ...args, '--data', folder.in('data'), '--config', folder.in('openclaw.yaml')];
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, words, { cwd: folder.path, env });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { readonly code: number; readonly stdout: string; readonly stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

/** Runs until one has to wait for the budget. */
async function spendAll(): Promise<string> {
  for (;;) {
    const run = client.run({ input: 'Hello', agent: 'spender', model: 'simulated?tokens=4000&ms=0' });
    if ((await run.result()).status !== 'completed') return run.started;
  }
}

test('what a server is doing, in a shape that stays', async () => {
  const before = await client.run({ input: 'Hello', model: 'simulated?tokens=20&ms=50' }).result();
  expect(before.status).toBe('completed');
  waiting = await spendAll();
  const long = client.run({ input: 'Hello', model: 'simulated?tokens=12000&ms=120000' });
  await long.started;
  await typed('tiers', 'set', 'model', 'simulated', '3');
  // It is counted once a second.
  const status = await vi.waitFor(
    async () => {
      const { out, code } = await typed('status', '--json');
      expect(code).toBe(0);
      const told = JSON.parse(out) as Record<string, unknown>;
      expect(told['tokensPerSecond']).toBeGreaterThan(0);
      return told;
    },
    { timeout: 30_000, interval: 0 },
  );
  expect(Object.keys(status).sort()).toEqual(
    [
      ...['alerts', 'at', 'budgets', 'connections', 'latencyMs', 'memoryBytes', 'pressure', 'runs', 'storeBytes', 'threads', 'tiers'],
      ...['tokensEachSecond', 'tokensPerSecond', 'uptimeMs', 'url', 'version'],
    ].sort(),
  );
  expect(status).toMatchObject({
    url: claw.url,
    runs: { waiting: 0, ended: { completed: expect.any(Number) } },
    threads: { busy: 0, waiting: 0 },
    connections: 1,
    pressure: 0,
    tiers: [{ of: 'model', name: 'simulated', tier: 3, why: 'it was set by hand' }],
    budgets: [{ tenant: 'default', scope: 'agent', name: 'spender', unit: 'tokens', limit: 60_000 }],
    alerts: [],
  });
  expect((status['latencyMs'] as { readonly p99: number }).p99).toBeGreaterThan(0);
  expect(status['storeBytes']).toBeGreaterThan(1_000);
  expect((await typed('status')).out).toMatch(
    /\nruns +\d at work · \d parked .*\n[^]*\ntier +3 static: model simulated.*\nbudget +agent spender of default: /,
  );
  await typed('tiers', 'set', 'model', 'simulated', 'auto');
  await long.cancel();
});

test('reload says what holds, what waits, and what is wrong', async () => {
  expect((await fetchJson(`${claw.http}/readyz`)).body).not.toHaveProperty('config');
  const models = { ...config.models, other: { provider: 'sim', name: 'simulated' } };
  writeFileSync(folder.in('openclaw.yaml'), JSON.stringify({ ...config, models, threads: { max: 9 } }));
  const first = await typed('reload');
  expect(first).toMatchObject({ code: 0, out: 'At once: models.other.\nOnly with a restart: threads.max.\n' });
  expect((await client.run({ input: 'x', model: 'other' }).result()).status).toBe('completed');
  expect((await fetchJson(`${claw.http}/readyz`)).body).toMatchObject({ config: { outcome: 'applied', waiting: ['threads.max'] } });

  writeFileSync(folder.in('openclaw.yaml'), JSON.stringify({ ...config, models: { other: { provider: 'nobody' } } }));
  const { body } = await fetchJson(`${claw.http}/v1/reload`, { method: 'POST' });
  expect(body).toMatchObject({ outcome: 'refused', problem: expect.stringContaining('nobody') });
  expect((await client.run({ input: 'x', model: 'other' }).result()).status).toBe('completed');

  writeFileSync(folder.in('openclaw.yaml'), JSON.stringify({ ...config, agents: { spender: { budget: { tokens: 500_000 } } } }));
  expect((await typed('reload', '--json')).out).toContain('"applied":["agents.spender","models.other"]');
  const { body: budgets } = await fetchJson(`${claw.http}/v1/budgets`);
  expect(budgets).toMatchObject({
    budgets: expect.arrayContaining([expect.objectContaining({ name: 'spender', limit: { tokens: 500_000 } })]),
  });
  expect((await client.run({ input: 'x', model: 'other' }).result()).error?.code).toBe('NOT_FOUND');
  // Whoever waited for the budget goes on.
  await expect
    .poll(async () => (await fetchJson(`${claw.http}/v1/runs/${waiting}`)).body, { timeout: 10_000 })
    .toMatchObject({ status: 'completed' });
});
