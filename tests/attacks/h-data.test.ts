/** What lies on the disk, and whose it is. */
import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRecords, OpenClawError } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import {
  codeOf,
  crashImage,
  edit,
  keyOf,
  openHouse as openStore,
  recordsOf,
  STARTED,
  text,
  workplace,
} from '../../packages/store/test/open-house.ts';
import { openHouse } from './house.ts';

test('H2 · names that two tenants happen to choose alike are two things', async () => {
  await using house = await openHouse();
  const [ann, bob] = await Promise.all(['ann', 'bob'].map(async (tenant) => (await house.issue({ tenant })).text));
  const headers = { 'idempotency-key': 'the-same' };
  const idOf = async (key: string | undefined, path: string, json: object): Promise<string> => {
    const { status, text: said } = await house.ask(path, { method: 'POST', key, json, headers });
    expect(status, said).toBeLessThan(300);
    const { run, id } = JSON.parse(said) as { readonly run?: string; readonly id?: string };
    return run ?? id ?? '';
  };
  for (const [path, json] of [
    ['/v1/runs', { input: 'of ann', session: 's' }],
    ['/v1/responses', { model: 'agent:default', input: 'of ann', background: true }],
  ] as const) {
    const hers = await idOf(ann, path, json);
    expect(await idOf(ann, path, json).catch(() => 'refused')).toBe(hers);
    const his = await idOf(bob, path, { ...json, input: 'of bob' });
    expect(his).not.toBe(hers);
    const read = path === '/v1/runs' ? '/v1/runs' : '/v1/responses';
    expect((await house.ask(`${read}/${hers}`, { key: bob })).status).toBe(404);
    headers['idempotency-key'] += '-2';
  }
  const { text: list } = await house.ask('/v1/runs', { key: bob });
  expect(list).not.toContain('of ann');
  expect(await house.isWell()).toBe(true);
});

test('H2 · what one tenant has used up is not used up for another', async () => {
  const narrow = { perKey: {}, perTenant: { runsPerSecond: 2 }, perAddress: {} };
  await using house = await openHouse({ admission: { keyed: narrow } });
  const [ann, bob] = await Promise.all(['ann', 'bob'].map(async (tenant) => (await house.issue({ tenant })).text));
  const ask = async (key: string | undefined): Promise<number> =>
    (await house.ask('/v1/runs', { method: 'POST', key, json: { input: 'x' }, onlyHead: true })).status;
  const hers = [];
  for (let i = 0; i < 12; i++) hers.push(await ask(ann));
  expect(hers).toContain(429);
  expect(await ask(bob)).toBeLessThan(300);
});

test.each([
  ['a bit of a text', "UPDATE segment SET body = replace(body, 'secret of', 'secreT of')"],
  ['the tenant of a run', "UPDATE run SET tenant = 'u'"],
  ['the key of a run', "UPDATE run SET key = replace(key, 't/', 'u/')"],
  ['two runs’ records', 'UPDATE segment SET id = -id; UPDATE segment SET id = 1 WHERE id = -2; UPDATE segment SET id = 2 WHERE id = -1'],
])('H4 · %s that was changed in the file is refused or mended, never served, and found', async (_what, sql) => {
  using work = workplace();
  const [one, two] = [keyOf('one'), keyOf('two')];
  const right = new Map<string, readonly string[]>();
  {
    await using house = await openStore(work.in('data'));
    for (const key of [one, two]) {
      await house.run(key, [STARTED, text(`secret of ${key}`)], true);
      right.set(key, await recordsOf(house.store, key));
    }
  }
  const image = crashImage(work.in('data'), work.in('image'));
  edit(image, sql);
  await using house = await openStore(image);
  let refused = 0;
  for (const key of [one, two]) {
    const read = await recordsOf(house.store, key).catch((error: unknown) => OpenClawError.from(error).code);
    if (typeof read === 'string') {
      expect(['DATA_DAMAGED', 'NOT_FOUND']).toContain(read);
      refused++;
    } else expect(read).toEqual(right.get(key));
    expect(await codeOf(async () => await house.store.runs.read(runKey('u', key.slice(2)), 0, 1_000))).toMatch(/NOT_FOUND|DATA_DAMAGED/);
  }
  const { damaged } = await house.store.upkeep.verify();
  expect(refused + damaged.length + house.store.upkeep.found.length).toBeGreaterThan(0);
});

test('H4 · an older state in place of the newer one is told, and goes on in an epoch that nobody saw', async () => {
  using work = workplace();
  const states: string[] = [];
  for (const n of [1, 2, 3]) {
    await using house = await openStore(work.in('data'));
    if (n === 1) await house.run(keyOf('a'), [text('1')]);
    else {
      house.leases[0]?.append([text(`${n}`)], 'disk');
      await house.leases[0]?.settled();
    }
    states.push(crashImage(work.in('data'), work.in(`state${n}`)));
  }
  const [, earlier = '', now = ''] = states;
  rmSync(join(now, 'openclaw.db-wal'), { force: true });
  for (const name of ['openclaw.db', 'openclaw.db-wal']) copyFileSync(join(earlier, name), join(now, name));
  await using older = await openStore(now);
  expect(older.store.upkeep.found).toHaveLength(1);
  expect(older.leases[0]?.head.epoch).toBeGreaterThan(1_000);
});

test('H7 · what is read back is JSON that is checked: no code, no classes, no prototypes come of it', async () => {
  const hostile = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1}';
  for (const record of [`["text",1,1,${hostile}]`, `["__proto__",1,1,"x"]`, `["constructor",1,1,{}]`, '{"length":4}', '["text"]'])
    await codeOf(() => decodeRecords(record, 1));
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  using work = workplace();
  const key = keyOf('a');
  const LONG = Array.from({ length: 90 }, (_, i) => text(`${i} ${'x'.repeat(10_000)}`));
  {
    await using house = await openStore(work.in('data'));
    await house.run(key, [STARTED, ...LONG], true);
    await house.store.upkeep.compact({ compactAfterMs: 0 }, Date.now() + 3_600_000);
  }
  edit(work.in('data'), `UPDATE snapshot SET fold = CAST('${hostile}' AS BLOB)`);
  await using house = await openStore(work.in('data'));
  expect(await codeOf(() => recordsOf(house.store, key))).toBe('DATA_DAMAGED');
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

test('H7 · no part of the program reads bytes as objects or as code', () => {
  const sources = readdirSync('packages', { recursive: true, encoding: 'utf8' }).filter((name) => /^[\w-]+\/src\/.*\.ts$/.test(name));
  expect(sources.length).toBeGreaterThan(300);
  const found = sources.filter((name) => /\bdeserialize\(|\beval\(|\bnew Function\(/.test(readFileSync(join('packages', name), 'utf8')));
  expect(found).toEqual([]);
});

test('H8 · backups and lists of all tenants are not for one of them, whatever its scopes', async () => {
  await using house = await openHouse();
  await house.begin('bob', 'his');
  const { text: ann } = await house.issue({ tenant: 'ann', scopes: ['read', 'run', 'approve', 'operate', 'admin'] });
  for (const [method, path] of [
    ['GET', '/v1/backup'],
    ['GET', '/v1/backup?tenant=bob'],
    ['POST', '/v1/verify'],
    ['GET', '/v1/status'],
  ] as const)
    expect((await house.ask(path, { method, key: ann })).code, path).toBe('FORBIDDEN');
  for (const path of ['/v1/runs', '/v1/runs?tenant=bob', '/v1/budgets', '/v1/reasoning', '/v1/keys']) {
    const { status, text: said } = await house.ask(path, { key: ann, headers: { 'x-tenant': 'bob' } });
    expect([200, 400, 404], path).toContain(status);
    expect(said, path).not.toMatch(/bob|his/);
  }
  expect(house.notes.filter(({ decision }) => decision === 'refused').length).toBeGreaterThanOrEqual(4);
  expect(await house.isWell()).toBe(true);
});

test('a run that was deleted is found by nobody any more, and its tenant’s neighbour keeps its own', async () => {
  using work = workplace();
  const [gone, kept] = [keyOf('gone'), runKey('other', 'kept'.padEnd(22, '_'))];
  {
    await using house = await openStore(work.in('data'));
    for (const key of [gone, kept]) await house.run(key, [STARTED, text(`said in ${key}`)], true);
    const rules = { tenants: { t: { compactAfterMs: 0, deleteAfterMs: 0 } }, compactAfterMs: 3_600_000 };
    expect((await house.store.upkeep.compact(rules, Date.now() + 60_000)).deleted).toBe(1);
    expect(await codeOf(() => recordsOf(house.store, gone))).toBe('NOT_FOUND');
  }
  await using house = await openStore(work.in('data'));
  expect(await codeOf(() => recordsOf(house.store, gone))).toBe('NOT_FOUND');
  expect((await house.store.runs.list('t', { limit: 10 })).runs).toEqual([]);
  expect(await recordsOf(house.store, kept)).toContain(text(`said in ${kept}`));
});
