/** A tenant that has left words of its own in everything that the server keeps, and asks to be forgotten: then they are nowhere. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { crashImage } from '../../packages/store/test/open-house.ts';
import { type Claw, startClaw } from '../house/claw.ts';
import { makeFolder } from '../house/folder.ts';
import { type ScriptedProvider, startScriptedProvider } from '../provider/scripted.ts';
import { issueKey, localKeyOf, runClaw } from './local.ts';

const KINDS = ['input', 'output', 'file', 'message', 'session', 'chat', 'running'] as const;
type Tenant = 'ann' | 'bob';
const canary = (tenant: Tenant, kind: (typeof KINDS)[number]): string => `${tenant}-${kind}-9f3c1e77`;
const canaries = (tenant: Tenant): readonly string[] => KINDS.map((kind) => canary(tenant, kind));

const folder = makeFolder();
const data = folder.in('data');
const keys = { ann: '', bob: '' };
const runs: Record<Tenant, string[]> = { ann: [], bob: [] };
let provider: ScriptedProvider;
let claw: Claw;

/** Compacted at each start: so some of what is kept is in snapshots, some in records, some in the journal. */
const start = async (): Promise<void> => {
  claw = await startClaw({
    data,
    flags: ['--heapsnapshot-signal=SIGUSR2', `--diagnostic-dir=${folder.path}`],
    config: {
      providers: { scripted: { kind: 'openai', baseUrl: provider.url, apiKey: 'none' } },
      models: { scripted: { provider: 'scripted' } },
      defaultModel: 'scripted',
      agents: { clerk: { uses: ['fs.*'] } },
      tools: { fs: {} },
      retention: { compactAfter: '1ms' },
    },
  });
};

beforeAll(async () => {
  provider = await startScriptedProvider(async ({ messages }) => {
    const tools = messages.filter(({ role }) => role === 'tool').length;
    const asked = messages.findLast(({ role }) => role === 'user')?.content ?? '';
    const [, tenant = 'bob'] = /(ann|bob)/.exec(asked) ?? [];
    if (asked.includes('running')) await new Promise(() => undefined);
    if (!asked.includes('file')) return { text: `Hello, ${canary(tenant as Tenant, 'output')} and more.` };
    if (tools === 0) return { calls: [{ name: 'fs_write', arguments: { path: 'note.txt', text: canary(tenant as Tenant, 'file') } }] };
    if (tools === 1) return { calls: [{ name: 'fs_read', arguments: { path: 'note.txt' } }] };
    return { text: 'It is written.' };
  });
  await start();
  for (const tenant of ['ann', 'bob'] as const) keys[tenant] = await issueKey(claw, data, { tenant, scopes: ['read', 'run', 'admin'] });
});

afterAll(async () => {
  await claw?.stop('SIGKILL');
  await provider?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function ask(
  tenant: Tenant,
  path: string,
  json?: object,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${keys[tenant]}`, 'content-type': 'application/json' };
  const response = await fetch(`${claw.http}${path}`, json ? { method: 'POST', headers, body: JSON.stringify(json) } : { headers });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : { text } };
}

async function ended(tenant: Tenant, json: object): Promise<string> {
  const { status, body } = await ask(tenant, '/v1/runs', json);
  expect(status, JSON.stringify(body)).toBe(201);
  const run = body['run'] as string;
  await expect.poll(async () => (await ask(tenant, `/v1/runs/${run}`)).body['status'], { timeout: 15_000 }).not.toBe('running');
  expect((await ask(tenant, `/v1/runs/${run}`)).body['status']).toBe('completed');
  runs[tenant].push(run);
  return run;
}

/** Says each of its words wherever one can. */
async function leave(tenant: Tenant): Promise<void> {
  const run = await ended(tenant, { input: `My ${canary(tenant, 'input')}.` });
  await ended(tenant, { agent: 'clerk', input: `Keep a file for ${tenant}.` });
  for (const _time of [1, 2]) await ended(tenant, { input: `In ${canary(tenant, 'session')}.`, session: 's' });
  expect((await ask(tenant, `/v1/runs/${run}/feedback`, { rating: 'good', note: canary(tenant, 'message') })).status).toBe(202);
  const chat = { id: canary(tenant, 'chat'), messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: `By ${tenant}.` }] }] };
  expect((await ask(tenant, '/v1/chat', chat)).status).toBe(200);
}

/** Everything below the data folder. */
const files = (): readonly string[] => globSync(join(data, '**', '*')).filter((path) => statSync(path).isFile());

function found(words: readonly (string | Uint8Array)[]): string[] {
  return files().flatMap((path) => {
    const bytes = readFileSync(path);
    return words.filter((word) => bytes.includes(word)).map((word) => `${typeof word === 'string' ? word : 'deflated bytes'} in ${path}`);
  });
}

/** What is stored deflated and has one of the words in it, as it is stored, with the words. */
function deflatedWith(words: readonly string[]): { readonly blob: Uint8Array; readonly words: readonly string[] }[] {
  const db = new DatabaseSync(join(crashImage(data, folder.in('look')), 'openclaw.db'));
  const columns = ['fold FROM snapshot', 'creation FROM snapshot', 'fold FROM older', 'body FROM part'];
  const blobs = columns.flatMap((each) =>
    db
      .prepare(`SELECT ${each.replace(' ', ' AS blob ')}`)
      .all()
      .map(({ blob }) => Buffer.from(blob as Uint8Array)),
  );
  db.close();
  return blobs.flatMap((blob) => {
    const text = inflateRawSync(blob).toString();
    const own = words.filter((word) => text.includes(word));
    return own.length > 0 ? [{ blob, words: own }] : [];
  });
}

/** Those of the words that something in the server's memory can still reach. */
async function inHeap(words: readonly string[]): Promise<string[]> {
  const there = new Set(globSync(folder.in('*.heapsnapshot')));
  process.kill(claw.pid, 'SIGUSR2');
  const fresh = (): string => globSync(folder.in('*.heapsnapshot')).find((path) => !there.has(path)) ?? '';
  await expect.poll(() => fresh() !== '' && readFileSync(fresh()).subarray(-4).toString().includes(']}'), { timeout: 60_000 }).toBe(true);
  const bytes = readFileSync(fresh());
  return words.filter((word) => bytes.includes(word));
}

test('H9 · what a tenant leaves is everywhere, plain and deflated', async () => {
  for (const tenant of ['ann', 'bob'] as const) await leave(tenant);
  await claw.stop('SIGKILL');
  await start();
  const kinds = ['input', 'output', 'file', 'session'] as const;
  const deflatedKinds = (): readonly string[] => {
    const deflated = new Set(deflatedWith(canaries('ann')).flatMap(({ words }) => words));
    return kinds.filter((kind) => deflated.has(canary('ann', kind)));
  };
  await expect.poll(deflatedKinds, { timeout: 15_000 }).toEqual(kinds);
  for (const tenant of ['ann', 'bob'] as const) await leave(tenant);
  for (const tenant of ['ann', 'bob'] as const) {
    const { body } = await ask(tenant, '/v1/runs', { input: `Is ${canary(tenant, 'running')}.` });
    if (tenant === 'bob') runs.bob.push(body['run'] as string);
  }
  const plain = found(canaries('ann'));
  for (const word of canaries('ann'))
    expect(
      plain.some((each) => each.startsWith(word)),
      word,
    ).toBe(true);
  expect(plain.some((each) => each.includes('workspaces'))).toBe(true);
  expect(deflatedKinds()).toEqual(kinds);
});

test('H9 · nobody erases what is another’s, or without the scope for it', async () => {
  const [run = ''] = runs.ann;
  expect(await ask('bob', '/v1/erase', { run })).toMatchObject({ status: 404 });
  expect(await ask('bob', '/v1/erase', { run, tenant: 'ann' })).toMatchObject({ status: 404 });
  expect(await ask('bob', '/v1/erase', { tenant: 'ann' })).toMatchObject({ status: 404 });
  expect(await ask('bob', '/v1/erase', {})).toMatchObject({ status: 400 });
  const full = keys.ann;
  keys.ann = await issueKey(claw, data, { tenant: 'ann', scopes: ['read', 'run'] });
  expect(await ask('ann', '/v1/erase', { run })).toMatchObject({ status: 403 });
  keys.ann = full;
  expect(await ask('ann', `/v1/runs/${run}`)).toMatchObject({ status: 200 });
});

test('H9 · one run goes with all that is of it, and the others of its tenant stay', async () => {
  const blobs = deflatedWith([canary('ann', 'file')]).map(({ blob }) => blob);
  expect(blobs.length).toBeGreaterThan(0);
  for (const run of [runs.ann[1], runs.ann[5]])
    expect(await ask('ann', '/v1/erase', { run })).toMatchObject({ status: 200, body: { runs: 1, damaged: [] } });
  expect(found([canary('ann', 'file'), ...blobs])).toEqual([]);
  expect(found([canary('ann', 'input')])).not.toEqual([]);
  expect(await ask('ann', `/v1/runs/${runs.ann[1]}`)).toMatchObject({ status: 404 });
  expect(await ask('ann', `/v1/runs/${runs.ann[0]}`)).toMatchObject({ status: 200 });
});

test('H9 · after an erasure that a kill interrupted, no byte of the tenant is on the disk or in memory; the other one has everything', {
  timeout: 180_000,
}, async () => {
  const blobs = deflatedWith(canaries('ann')).map(({ blob }) => blob);
  expect(blobs.filter((blob) => found([blob]).length === 0)).toEqual([]);
  expect(await inHeap([canary('ann', 'input'), canary('ann', 'output')])).toHaveLength(2);
  const before = await ask('bob', '/v1/runs?limit=100');

  const headers = { authorization: `Bearer ${localKeyOf(data)}`, accept: 'application/x-ndjson', 'content-type': 'application/json' };
  const response = await fetch(`${claw.http}/v1/erase`, { method: 'POST', headers, body: '{"tenant":"ann"}' });
  await response.body?.getReader().read();
  await claw.stop('SIGKILL');
  await start();
  // It went on before anybody could ask.
  expect(found([...canaries('ann'), ...blobs])).toEqual([]);
  const report = runClaw(data, 'erase', '--tenant', 'ann', '--yes', '--json');
  expect([report.code, JSON.parse(report.out)], report.err).toMatchObject([0, { runs: 0, damaged: [], aside: [] }]);

  await leave('ann');
  const { body: running } = await ask('ann', '/v1/runs', { input: `Is ${canary('ann', 'running')}.` });
  const follower = ask('ann', `/v1/runs/${running['run'] as string}/events`);
  expect(found(canaries('ann'))).not.toEqual([]);
  expect(await inHeap([canary('ann', 'input'), canary('ann', 'session'), canary('ann', 'running')])).toHaveLength(3);
  const again = runClaw(data, 'erase', '--tenant', 'ann', '--yes', '--json');
  expect([again.code, JSON.parse(again.out)], again.err).toMatchObject([0, { runs: 6, damaged: [], aside: [] }]);
  expect(((await follower).body['text'] as string).trim().split('\n').at(-1)).toContain('"status":"cancelled"');
  expect(await ask('ann', `/v1/runs/${running['run'] as string}/cancel`, {})).toMatchObject({ status: 404 });
  expect(found([...canaries('ann'), ...blobs])).toEqual([]);
  expect(await inHeap(canaries('ann'))).toEqual([]);

  expect((await ask('ann', '/v1/runs')).body).toEqual({ runs: [] });
  expect((await ask('bob', '/v1/runs?limit=100')).body).toMatchObject({
    runs: (before.body['runs'] as { run: string }[]).map(({ run }) => ({ run })),
  });
  for (const run of runs.bob) expect((await ask('bob', `/v1/runs/${run}`)).status).toBe(200);
  for (const word of canaries('bob')) expect(found([word]).length + deflatedWith([word]).length, word).toBeGreaterThan(0);
  const verified = runClaw(data, 'verify', '--json');
  expect([verified.code, JSON.parse(verified.out)]).toMatchObject([0, { damaged: [] }]);
});

test('H9 · the audit log says who erased what, and nothing of it; what stops cleanly leaves nothing either', async () => {
  const audit = runClaw(data, 'audit', 'tail', '--json').out;
  expect(audit).toMatch(/"action":"data\.erased","target":"ann: 6 runs, \d+ states"/);
  await ask('bob', `/v1/runs/${runs.bob.at(-1)}/cancel`, {});
  await claw.stop('SIGTERM');
  expect(found(canaries('ann'))).toEqual([]);
  expect(runClaw(data, 'verify').code).toBe(0);
  expect(runClaw(data, 'audit', 'verify').code).toBe(0);
});
