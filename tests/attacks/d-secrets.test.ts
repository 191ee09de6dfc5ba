/** What a server says of itself to those that nobody let in, and what its file can make it read. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Claw, startClaw, tryClaw } from '../house/claw.ts';
import { makeFolder } from '../house/folder.ts';
import { issueKey, localKeyOf, metricsOf } from './local.ts';
import { sendBytes, statusOf } from './tcp.ts';

const folder = makeFolder();
const CANARY = 'canary-token-of-the-server-0123456789';
let claw: Claw;

beforeAll(async () => {
  claw = await startClaw({ data: folder.in('home/data'), config: { server: { token: 'secret://env/CANARY' } }, env: { CANARY } });
});
afterAll(async () => {
  await claw?.stop('SIGKILL');
  folder[Symbol.dispose]();
});

test.each([
  ['$include', { $include: '../secret.yaml' }],
  ['include', { include: ['/etc/passwd'] }],
  ['$ref', { agents: { $ref: '../secret.yaml' } }],
  ['an include within', { agents: { a: { $include: '../../secret.yaml' } } }],
  ['<<', { '<<': '../secret.yaml' }],
])(
  'D3 · %s is a word that the file does not know: the server does not start, and nothing of the other file is said',
  async (_name, config) => {
    writeFileSync(folder.in('secret.yaml'), `instructions: ${CANARY}\n`);
    const ended = await tryClaw({ data: folder.in(`include/data`), config });
    expect('code' in ended && ended.code).toBe(1);
    if ('complaints' in ended && typeof ended.complaints === 'string') expect(ended.complaints).not.toContain(CANARY);
  },
);

test('D3 · a value that looks like a path out of the folder, or a link, is no file that is read', async () => {
  symlinkSync(folder.in('secret.yaml'), folder.in('link.yaml'));
  const agents = { a: { instructions: '$include ../secret.yaml' }, b: { instructions: `file://${folder.in('link.yaml')}` } };
  await using other = await startClaw({ data: folder.in('paths/data'), config: { agents } });
  const response = await fetch(`${other.http}/v1/models`);
  expect(response.status).toBe(200);
  expect(await response.text()).not.toContain(CANARY);
  expect(other.complaints()).not.toContain(CANARY);
});

test('D4 · the port that serves has neither metrics nor anything to debug with, for nobody', async () => {
  const key = localKeyOf(folder.in('home/data'));
  for (const path of [
    '/metrics',
    '/debug',
    '/debug/pprof',
    '/debug/vars',
    '/heapdump',
    '/json/list',
    '/env',
    '/actuator',
    '/stats',
    '/v1/debug',
    '/.env',
    '/server-status',
  ]) {
    expect((await fetch(`${claw.http}${path}`)).status, path).toBe(401);
    const known = await fetch(`${claw.http}${path}`, { headers: { authorization: `Bearer ${key}` } });
    expect(known.status, path).toBe(404);
  }
});

test('D4 · what anybody may ask says whether the server is well, and nothing of who uses it', async () => {
  const text = await issueKey(claw, folder.in('home/data'), { tenant: 'acme-tenant', name: 'acme-key' });
  const made = await fetch(`${claw.http}/v1/runs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${text}`, 'content-type': 'application/json' },
    body: JSON.stringify({ input: 'canary-input', session: 'canary-session' }),
  });
  const said = await made.text();
  const [, run = ''] = /"run":"([\w-]{22})"/.exec(said) ?? [];
  expect(run).not.toBe('');
  expect(await (await fetch(`${claw.http}/healthz`)).json()).toEqual({ status: 'ok' });
  expect(Object.keys((await (await fetch(`${claw.http}/readyz`)).json()) as object)).toEqual(['ready']);
  const metrics = metricsOf(claw);
  expect(new URL(metrics).hostname).toBe('127.0.0.1');
  expect(new URL(metrics).port).not.toBe(String(claw.port));
  const page = await (await fetch(metrics)).text();
  expect(page.length).toBeGreaterThan(1_000);
  for (const secret of [CANARY, text, run, 'acme-tenant', 'acme-key', 'canary-input', 'canary-session', localKeyOf(folder.in('home/data'))])
    expect(page.includes(secret), secret.slice(0, 12)).toBe(false);
  for (const path of ['/', '/debug', '/metrics/../debug', '/json']) expect((await fetch(new URL(path, metrics))).status, path).toBe(404);
});

test('D4 · a page under another name may not read the metrics', async () => {
  const { port, pathname } = new URL(metricsOf(claw));
  const answer = await sendBytes(Number(port), `GET ${pathname} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
  expect(statusOf(answer)).toBe(403);
});
