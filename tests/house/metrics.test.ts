/** What a house measures, as a real Prometheus sees it: a loaded server, the thresholds, the dashboard. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Claw, startClaw, tryClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';
import { type Prometheus, promtool, requirePrometheus, startPrometheus } from './prometheus.ts';
import { takeTurn } from './turn.ts';

const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));
const QUICK = 'simulated?tokens=5&ms=20';
const SLOW = 'simulated?tokens=2&ms=700&ttft=600';
const BROKEN = 'simulated?status=400';
/** A busy machine may be slow to be well again. */
const WAIT_MS = 30_000;
const THRESHOLDS = ['errorRate', 'latencyP99', 'threadPoolUtilization'];
const RULES = ['OpenClawErrorRate', 'OpenClawLatencyP99', 'OpenClawThreadPoolUtilization'];

const folder = makeFolder();
const client = new OpenClawClient({ reconnectDelay: 50 });
const told: { readonly alert: string; readonly phase: string }[] = [];
let claw: Claw;
let metrics: string;
let prometheus: Prometheus;
let hook: Server;
/** Whoever asks for `/gate` waits for it. */
const gate = Promise.withResolvers<void>();

/** As in the manual, but that little of the past counts. */
const config = {
  agents: { busy: { module: fileURLToPath(new URL('agents/busy.ts', import.meta.url)) } },
  models: { simulated: { provider: 'sim', price: { input: 1, output: 2 } } },
  providers: { sim: { kind: 'simulated' } },
  threads: { max: 2, perThread: 1 },
  monitoring: {
    metricsPath: '/metrics',
    prometheusEnabled: true,
    alertThresholds: { latencyP99: '500ms', errorRate: '1%', threadPoolUtilization: '90%' },
    window: '4s',
    for: '500ms',
  },
};

beforeAll(async () => {
  requirePrometheus();
  hook = createServer((request, response) => {
    if (request.url === '/gate') return void gate.promise.then(() => response.end());
    let text = '';
    request.on('data', (part: Buffer) => (text += part)).on('end', () => told.push(JSON.parse(text) as (typeof told)[number]));
    response.end();
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const webhook = hookUrl();
  claw = await startClaw({ data: folder.in('data'), config: { ...config, monitoring: { ...config.monitoring, webhook } } });
  metrics = (JSON.parse(claw.said().split('\n')[0] ?? '') as { readonly metrics: string }).metrics;
  await client.connect(claw.url);
  writeFileSync(folder.in('rules.yml'), await printed('alerts', 'export', '--config', folder.in('openclaw.yaml')));
  prometheus = await startPrometheus(folder.path, metrics, folder.in('rules.yml'));
});

afterAll(async () => {
  client.close();
  await prometheus?.[Symbol.asyncDispose]();
  await claw?.stop('SIGKILL');
  hook?.close();
  folder[Symbol.dispose]();
});

function hookUrl(): string {
  return `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
}

async function printed(...args: readonly string[]): Promise<string> {
  const flags = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];
  const env = { PATH: process.env.PATH, HOME: folder.path };
  return (await promisify(execFile)(process.execPath, [...flags, BIN, ...args], { cwd: folder.path, env })).stdout;
}

/** Runs of this model, `perTurn` each 100 ms, until the returned function is called. */
function load(model: string, perTurn: number): () => Promise<void> {
  let goesOn = true;
  const runs: Promise<unknown>[] = [];
  const work = (async () => {
    while (goesOn) {
      for (let i = 0; i < perTurn; i++) runs.push(client.run({ input: 'Hello', model }).result());
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await Promise.all(runs);
  })();
  return () => {
    goesOn = false;
    return work;
  };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + WAIT_MS;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${WAIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const same = (a: readonly string[], b: readonly string[]): boolean => [...a].sort().join() === [...b].sort().join();

/** Of the thresholds: what Prometheus lets fire, and what the server itself says. */
const fires = async (): Promise<readonly string[]> => (await prometheus.firing()).filter((name) => RULES.includes(name));
const says = async (): Promise<readonly string[]> => {
  const { body } = await fetchJson(`${claw.http}/readyz`);
  return (body as { readonly alerts: readonly { readonly alert: string }[] }).alerts.map(({ alert }) => alert);
};

test('a loaded server: what promtool, the names and the dashboard have to say', { timeout: 240_000 }, async () => {
  const stop = load(QUICK, 4);
  await until(
    'enough runs',
    async () => Number((await prometheus.query('sum(openclaw_runs_total{status="completed"})'))[0]?.value[1]) > 60,
  );
  const text = await (await fetch(metrics)).text();
  promtool(['check', 'metrics'], text);
  for (const name of ['openclaw_latency_seconds', 'openclaw_tokens_per_second', 'openclaw_thread_pool_active', 'openclaw_reasoning_level'])
    expect(text).toContain(`# TYPE ${name} `);
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(series.length).toBeLessThan(2_000);

  const { panels } = JSON.parse(await printed('dashboards', 'export')) as {
    readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
  };
  const queries = panels.flatMap(({ targets }) =>
    targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '4s').replaceAll('$job', '.*')),
  );
  expect(queries.length).toBeGreaterThan(40);
  const missing = async (): Promise<readonly string[]> => {
    const found = await Promise.all(queries.map(async (expr) => ({ expr, samples: (await prometheus.query(expr)).length })));
    return found.filter(({ samples }) => samples === 0).map(({ expr }) => expr);
  };
  // A scrape that came too late leaves nothing to see until the next one.
  const soon = { timeout: WAIT_MS, interval: 250 };
  await expect.poll(missing, soon).toEqual([]);
  const value = (expr: string) => expect.poll(async () => Number((await prometheus.query(expr))[0]?.value[1]), { ...soon, message: expr });
  await value('histogram_quantile(0.5, sum by (le) (rate(openclaw_latency_seconds_bucket[4s])))').toBeLessThan(0.2);
  await value('sum(openclaw_tokens_per_second)').toBeGreaterThan(20);
  await value('sum(rate(openclaw_cost_usd_total{model="simulated"}[4s]))').toBeGreaterThan(0);
  await value('openclaw_connections').toBe(1);
  await value('sum(openclaw_first_token_seconds_count{model="simulated"})').toBeGreaterThan(60);
  await until('nothing fires', async () => same(await fires(), []) && same(await says(), []));
  await stop();
});

test('levels are counted as they were chosen', async () => {
  const counts = async (): Promise<readonly number[]> => {
    const text = await (await fetch(metrics)).text();
    return [1, 2, 3, 4].map((level) =>
      Number(new RegExp(`openclaw_reasoning_level_bucket\\{agent="default",le="${level}"\\} (\\d+)`).exec(text)?.[1]),
    );
  };
  const before = await counts();
  for (const level of [1, 3, 3] as const) await client.run({ input: 'Hello', model: QUICK, level }).result();
  expect((await counts()).map((count, at) => count - (before[at] ?? 0))).toEqual([1, 1, 3, 3]);
});

test('names that callers make up are other', async () => {
  for (const model of ['simulated?tokens=1&ms=1', 'simulated?tokens=1&ms=2']) await client.run({ input: 'x', model }).result();
  await client.run({ input: 'x', model: 'made-up' }).result();
  const text = await (await fetch(metrics)).text();
  const models = new Set([...text.matchAll(/model="([^"]*)"/g)].map(([, name]) => name));
  expect([...models].sort()).toEqual(['sim', 'simulated']);
});

test('the three thresholds fire at their values, here and in Prometheus, and are resolved', async () => {
  const healthy = load(QUICK, 4);
  const slow = load(SLOW, 1);
  await until('latency fires', async () => same(await fires(), ['OpenClawLatencyP99']) && same(await says(), ['latencyP99']));
  const failing = load(BROKEN, 1);
  await until('errors fire', async () => same(await fires(), RULES.slice(0, 2)) && same(await says(), THRESHOLDS.slice(0, 2)));
  const waits = [1, 2].map(() => client.run({ agent: 'busy', operation: 'wait', args: { gate: `${hookUrl()}gate` } }).result());
  await until('all fire', async () => same(await fires(), RULES) && same(await says(), THRESHOLDS));
  gate.resolve();
  await Promise.all([slow(), failing()]);
  expect((await Promise.all(waits)).map(({ status }) => status)).toEqual(['completed', 'completed']);
  await until('all are resolved', async () => same(await fires(), []) && same(await says(), []));
  await healthy();
  const phases = (alert: string): readonly string[] => told.filter((each) => each.alert === alert).map(({ phase }) => phase);
  await until('the webhook was told', async () => THRESHOLDS.every((alert) => phases(alert).includes('resolved')));
  for (const alert of THRESHOLDS) expect(phases(alert).slice(0, 2), alert).toEqual(['firing', 'resolved']);
}, 180_000);

describe('the exported rules', () => {
  test('are well formed', async () => {
    expect(promtool(['check', 'rules', folder.in('rules.yml')])).toMatch(/SUCCESS: \d+ rules found/);
    writeFileSync(folder.in('rules.json'), await printed('alerts', 'export', '--json'));
    expect(promtool(['check', 'rules', folder.in('rules.json')])).toMatch(/SUCCESS: \d+ rules found/);
  });

  test('fire at their thresholds, and as the error budget burns', { timeout: 180_000 }, async () => {
    writeFileSync(folder.in('empty.yaml'), '');
    writeFileSync(folder.in('defaults.yml'), await printed('alerts', 'export', '--config', folder.in('empty.yaml')));
    writeFileSync(folder.in('tests.yml'), JSON.stringify(ruleTests('defaults.yml')));
    expect(promtool(['test', 'rules', folder.in('tests.yml')])).toContain('SUCCESS');
    // A test that cannot fail would say nothing.
    writeFileSync(folder.in('wrong.yml'), JSON.stringify(ruleTests('defaults.yml', 1)));
    expect(() => promtool(['test', 'rules', folder.in('wrong.yml')])).toThrow('FAILED');
  });
});

describe('the port', () => {
  test('that was asked for and is taken is an error', async () => {
    const taken = new URL(metrics).port;
    const ended = await tryClaw({ data: folder.in('second/data'), env: { OPENCLAW_METRICS_PORT: taken } });
    expect(ended).toMatchObject({ code: 1, complaints: expect.stringContaining(`The port ${taken} of 127.0.0.1 is taken`) });
  });

  test('that nobody asked for is only spoken of when it is taken', async () => {
    await using _turn = await takeTurn();
    const other = createServer((_, response) => response.end('something else'));
    // Where somebody else has it, that is just as well.
    await new Promise<void>((resolve) => other.once('error', () => resolve()).listen(9_090, '127.0.0.1', resolve));
    await using second = await startClaw({ data: folder.in('third/data'), env: { OPENCLAW_METRICS_PORT: '' } });
    expect(second.complaints()).toContain('The port 9090 of 127.0.0.1 is taken');
    expect(JSON.parse(second.said().split('\n')[0] ?? '')).not.toHaveProperty('metrics');
    other.close();
  });

  test('is none where metrics are off', async () => {
    await using off = await startClaw({ data: folder.in('off/data'), config: { monitoring: { prometheusEnabled: false } } });
    expect(JSON.parse(off.said().split('\n')[0] ?? '')).not.toHaveProperty('metrics');
    expect((await fetchJson(`${off.http}/readyz`)).body).toEqual({ ready: true, admission: { level: 0, waiting: 0 } });
  });
});

/** Just under and at each threshold of the rules as they come. `off`: by how many alerts the expectation is wrong. */
function ruleTests(rules: string, off = 0): object {
  const per = (count: number): string => `0+${count}x20`;
  const buckets = (quick: number, slow: number): readonly object[] =>
    [
      { le: '0.3', count: quick },
      { le: '0.5', count: quick },
      { le: '0.75', count: quick + slow },
      { le: '+Inf', count: quick + slow },
    ].map(({ le, count }) => ({ series: `openclaw_latency_seconds_bucket{job="a",le="${le}"}`, values: per(count) }));
  const runs = (completed: number, failed: number): readonly object[] => [
    { series: 'openclaw_runs_total{job="a",status="completed"}', values: per(completed) },
    { series: 'openclaw_runs_total{job="a",status="failed"}', values: per(failed) },
  ];
  const threads = (active: number): readonly object[] => [
    { series: 'openclaw_thread_pool_active{job="a"}', values: `${active}+0x20` },
    { series: 'openclaw_thread_pool_max{job="a"}', values: '10+0x20' },
  ];
  const firing = (name: string, fire: boolean): object => ({
    eval_time: '15m',
    alertname: name,
    exp_alerts: fire ? [{ exp_labels: { job: 'a', severity: 'page', threshold: keyOf(name) }, exp_annotations: annotationsOf(name) }] : [],
  });
  const shown = (name: string, input: readonly object[], fire: boolean): object => ({
    interval: '1m',
    input_series: input,
    alert_rule_test: [firing(name, off > 0 ? !fire : fire)],
  });
  return {
    rule_files: [rules],
    evaluation_interval: '30s',
    tests: [
      shown('OpenClawLatencyP99', buckets(991, 9), false),
      shown('OpenClawLatencyP99', buckets(980, 20), true),
      shown('OpenClawErrorRate', runs(991, 9), false),
      shown('OpenClawErrorRate', runs(989, 11), true),
      shown('OpenClawThreadPoolUtilization', threads(8), false),
      shown('OpenClawThreadPoolUtilization', threads(9), true),
      burning(9_995, 5, []),
      burning(990, 10, BURNS.slice(1)),
      burning(980, 20, BURNS),
    ],
  };
}

const BURNS = [
  { long: '1h', short: '5m', factor: 14.4, severity: 'page' },
  { long: '6h', short: '30m', factor: 6, severity: 'page' },
  { long: '1d', short: '2h', factor: 3, severity: 'ticket' },
  { long: '3d', short: '6h', factor: 1, severity: 'ticket' },
] as const;

/** Runs that end so for two hours, and the alerts of the error budget then. */
function burning(completed: number, failed: number, fire: readonly (typeof BURNS)[number][]): object {
  const series = (status: string, count: number): object => ({
    series: `openclaw_runs_total{job="a",status="${status}"}`,
    values: `0+${count}x130`,
  });
  const expected = fire.map(({ long, short, factor, severity }) => ({
    exp_labels: { job: 'a', severity, long, short },
    exp_annotations: {
      summary: `Runs fail ${factor} times as often as 99.9 % of them ending well allows.`,
      description: `${(failed / (completed + failed)) * 100}% of the runs of the last ${long} failed, and they still do.`,
    },
  }));
  return {
    interval: '1m',
    input_series: [series('completed', completed), series('failed', failed)],
    alert_rule_test: [{ eval_time: '2h', alertname: 'OpenClawErrorBudgetBurn', exp_alerts: expected }],
  };
}

function keyOf(name: string): string {
  return THRESHOLDS[RULES.indexOf(name)] ?? '';
}

function annotationsOf(name: string): object {
  return {
    OpenClawLatencyP99: {
      summary: 'More than one request in a hundred waits longer than this for the first of its answer: 500 ms.',
      description: 'It is 625ms over the last 5m.',
    },
    OpenClawErrorRate: { summary: 'So large a part of the runs that end fails: 1 %.', description: 'It is 1.1% over the last 5m.' },
    OpenClawThreadPoolUtilization: {
      summary: 'So large a part of the threads that there may be are busy: 90 %.',
      description: 'It is 90% over the last 5m.',
    },
  }[name] as object;
}
