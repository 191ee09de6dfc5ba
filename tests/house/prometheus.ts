import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fetchJson } from './http.ts';

/** A real Prometheus that scrapes one target several times a second. */
export interface Prometheus extends AsyncDisposable {
  /** The values that a query has now. */
  query(expr: string): Promise<readonly Sample[]>;
  /** Names of the alerts that fire. */
  firing(): Promise<readonly string[]>;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** For a configuration that says nothing of it: several times a second. */
export const OFTEN = 'global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}\n';

/** Throws, saying what to do, where Prometheus is not installed. */
export function requirePrometheus(): void {
  for (const program of ['prometheus', 'promtool']) {
    if (spawnSync(program, ['--version']).error)
      throw new Error(`This test needs ${program}, and it is not installed. On Debian: apt-get install -y prometheus`);
  }
}

/** What promtool says of `input`; throws when it has something against it. */
export function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`promtool ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

/** Resolves once it has scraped its target. */
export async function startPrometheus(folder: string, target: string, rules: string): Promise<Prometheus> {
  const { host, pathname } = new URL(target);
  const scrape = { job_name: 'openclaw', metrics_path: pathname, static_configs: [{ targets: [host] }] };
  return runPrometheus(folder, `${OFTEN}rule_files: ${JSON.stringify([rules])}\nscrape_configs: ${JSON.stringify([scrape])}\n`);
}

/** With a configuration as it is. Resolves once it has scraped its target. */
export async function runPrometheus(folder: string, content: string): Promise<Prometheus> {
  const port = await freePort();
  const config = join(folder, 'prometheus.yml');
  writeFileSync(config, content);
  execFileSync('promtool', ['check', 'config', config]);
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'tsdb')}`, `--web.listen-address=127.0.0.1:${port}`];
  const child = spawn('prometheus', [...args, '--log.level=warn'], { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const get = async (path: string): Promise<Record<string, unknown>> => {
    const { body } = await fetchJson(`${url}${path}`);
    const { status, data, error } = body as { readonly status: string; readonly data: Record<string, unknown>; readonly error?: string };
    if (status !== 'success') throw new Error(`Prometheus refuses ${path}: ${error}`);
    return data;
  };
  const prometheus: Prometheus = {
    async query(expr) {
      return (await get(`/api/v1/query?query=${encodeURIComponent(expr)}`)).result as readonly Sample[];
    },
    async firing() {
      const { alerts } = (await get('/api/v1/alerts')) as {
        readonly alerts: readonly { readonly state: string; readonly labels: Readonly<Record<string, string>> }[];
      };
      return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname ?? '');
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
  await untilScraped(prometheus, child, () => complaints);
  return prometheus;
}

async function untilScraped(prometheus: Prometheus, child: ChildProcess, complaints: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Prometheus ended: ${complaints()}`);
    const up = await prometheus.query('up').catch(() => []);
    if (up[0]?.value[1] === '1') return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}
