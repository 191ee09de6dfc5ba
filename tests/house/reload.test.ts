/** What is refused of a new configuration is refused as a whole, with the certificate that it names. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';

const folder = makeFolder();
const tls = { cert: folder.in('one.crt'), key: folder.in('one.key') };
const config = {
  server: { tls },
  providers: { sim: { kind: 'simulated' } },
  models: { simulated: { provider: 'sim' } },
};
let claw: Claw;

beforeAll(async () => {
  makePair(tls);
  claw = await startClaw({ data: folder.in('house/data'), config });
});
afterAll(async () => {
  await claw?.stop('SIGKILL');
  folder[Symbol.dispose]();
});

function makePair({ cert, key }: typeof tls): void {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  execFileSync('openssl', [...args, '-keyout', key, '-out', cert], { stdio: 'ignore' });
}

/** By this machine's own line. */
async function ask(path: string, json?: object): Promise<unknown> {
  const { url, key } = JSON.parse(readFileSync(folder.in('house/data/owner.json'), 'utf8')) as Readonly<Record<'url' | 'key', string>>;
  const headers = { authorization: `Bearer ${key}` };
  const how = json ? ({ method: 'POST', json: json } as const) : {};
  return (await fetchJson(`${url.replace(/^ws/, 'http')}${path}`, { ...how, headers })).body;
}

/** How a run of this model ended. */
async function runOf(model: string): Promise<unknown> {
  const { run } = (await ask('/v1/runs', { input: 'x', model })) as { readonly run: string };
  const seen = async () => (await ask(`/v1/runs/${run}`)) as { readonly status: string; readonly error?: { readonly code: string } };
  await expect.poll(async () => (await seen()).status, { timeout: 10_000 }).not.toBe('running');
  const { status, error } = await seen();
  return error?.code ?? status;
}

test('a certificate without its key is refused before anything else of the configuration holds', async () => {
  const right = readFileSync(tls.key, 'utf8');
  const other = { cert: folder.in('two.crt'), key: folder.in('two.key') };
  makePair(other);
  // Whoever renews certificates puts one file in its place, and then the other.
  writeFileSync(tls.key, readFileSync(other.key));
  writeFileSync(
    folder.in('house/openclaw.yaml'),
    JSON.stringify({ ...config, models: { ...config.models, new: { provider: 'sim', name: 'simulated' } } }),
  );
  expect(await ask('/v1/reload', {})).toMatchObject({ outcome: 'refused', problem: expect.stringContaining('server.tls') });
  expect(await runOf('new?tokens=1')).toBe('NOT_FOUND');
  writeFileSync(tls.key, right);
  expect(await ask('/v1/reload', {})).toMatchObject({ outcome: 'applied', applied: ['models.new'] });
  expect(await runOf('new?tokens=1')).toBe('completed');
});
