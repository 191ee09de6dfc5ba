/** The samples that are configuration, as they are written down: a cluster's, and that of the Prometheus which watches it. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { OFTEN, promtool, requirePrometheus, runPrometheus } from './prometheus.ts';
import { takeTurn } from './turn.ts';

const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));
const sample = (name: string): string => readFileSync(new URL(`../../examples/seed/${name}`, import.meta.url), 'utf8');
const folder = makeFolder();

beforeAll(requirePrometheus);
afterAll(() => folder[Symbol.dispose]());

/** A server whose configuration is this text, in a folder of its own. */
function serve(name: string, yaml: string, env: Readonly<Record<string, string>> = {}): Promise<Claw> {
  mkdirSync(folder.in(name));
  writeFileSync(folder.in(`${name}/openclaw.yaml`), yaml);
  return startClaw({ data: folder.in(`${name}/data`), env });
}

async function rulesOf(yaml: string): Promise<string> {
  writeFileSync(folder.in('rules-of.yaml'), yaml);
  const flags = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];
  const env = { PATH: process.env['PATH'], HOME: folder.path };
  const args = [...flags, BIN, 'alerts', 'export', '--config', folder.in('rules-of.yaml')];
  return (await promisify(execFile)(process.execPath, args, { cwd: folder.path, env })).stdout;
}

const metricsOf = (claw: Claw): string | undefined =>
  (JSON.parse(claw.said().split('\n')[0] ?? '') as { readonly metrics?: string }).metrics;

test.each([
  ['as it is printed', readFileSync(new URL('expected/seed/cluster.txt', import.meta.url), 'utf8')],
  ['with its indentation', sample('cluster.yaml')],
])('a server takes the configuration of the cluster %s', async (_, yaml) => {
  await using claw = await serve(`cluster-${_.length}`, yaml);
  expect(claw.complaints()).not.toMatch(/not used|unknown|did you mean/i);
  const text = await (await fetch(metricsOf(claw) ?? '')).text();
  expect(text).toContain('\nopenclaw_thread_pool_max 10\n');
  const client = new OpenClawClient();
  await client.connect(claw.url);
  expect((await client.run({ input: 'Hi.', model: 'simulated?tokens=3&ms=10' }).result()).status).toBe('completed');
  client.close();
});

test('its thresholds are those of the rules', async () => {
  const yaml = sample('cluster.yaml');
  const rules = await rulesOf(yaml);
  writeFileSync(folder.in('rules.yml'), rules);
  expect(promtool(['check', 'rules', folder.in('rules.yml')])).toMatch(/SUCCESS/);
  const exprOf = (text: string, alert: string): string =>
    new RegExp(`alert: "?${alert}"?[^]*?expr: (.*[^]*?)\\n\\s+\\w+:`).exec(text)?.[1] ?? '';
  const alerts = { OpenClawLatencyP99: '0.5', OpenClawErrorRate: '0.01', OpenClawThreadPoolUtilization: '0.9' };
  for (const [alert, threshold] of Object.entries(alerts)) expect(exprOf(rules, alert), alert).toContain(threshold);
  const other = await rulesOf(yaml.replace('500ms', '750ms').replace('1%', '2%').replace('90%', '80%'));
  const others = { OpenClawLatencyP99: '0.75', OpenClawErrorRate: '0.02', OpenClawThreadPoolUtilization: '0.8' };
  for (const [alert, threshold] of Object.entries(others)) expect(exprOf(other, alert), alert).toContain(threshold);
});

// It may have to wait for its turn.
test('a Prometheus with the sample’s configuration reads the four metrics of a server that was told nothing', {
  timeout: 180_000,
}, async () => {
  await using _turn = await takeTurn();
  const { claw, metrics } = await serveAt9090();
  await using server = claw;
  expect(metrics).toBe('http://127.0.0.1:9090/metrics');
  const client = new OpenClawClient();
  await client.connect(server.url);
  await client.run({ input: 'Hi.', model: 'simulated?tokens=20&ms=100', level: 2 }).result();
  client.close();
  const text = await (await fetch('http://localhost:9090/metrics')).text();
  promtool(['check', 'metrics'], text);
  await using prometheus = await runPrometheus(folder.path, `${sample('prometheus.yml')}${OFTEN}`);
  for (const query of [
    'openclaw_latency_seconds_count{job="openclaw", instance="localhost:9090"}',
    'openclaw_tokens_per_second{job="openclaw"}',
    'openclaw_thread_pool_active{job="openclaw"}',
    'openclaw_reasoning_level_count{job="openclaw"}',
  ])
    expect(await prometheus.query(query), query).not.toEqual([]);
});

/** Another program may have the port for a while. */
async function serveAt9090(): Promise<{ readonly claw: Claw; readonly metrics: string }> {
  for (let i = 0; i < 10; i++) {
    const claw = await serve(`nothing-${i}`, '', { OPENCLAW_METRICS_PORT: '' });
    const metrics = metricsOf(claw);
    if (metrics !== undefined) return { claw, metrics };
    await claw[Symbol.asyncDispose]();
    await sleep(2_000);
  }
  throw new Error('The port 9090 is taken by another program: this test needs it.');
}
