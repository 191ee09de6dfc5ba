/** The audit log, and who would like it to be another; logs and metrics that callers would like to write. */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { verifyAudit } from '@openclaw-runtime/audit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuditDisk } from '../../packages/cli/src/machine/audit-disk.ts';
import { type Claw, startClaw } from '../house/claw.ts';
import { makeFolder } from '../house/folder.ts';
import { issueKey, localKeyOf, metricsOf, runClaw } from './local.ts';

const folder = makeFolder();
const data = folder.in('data');
let claw: Claw;
let key: string;

beforeAll(async () => {
  claw = await startClaw({ data });
  key = localKeyOf(data);
});

afterAll(async () => {
  await claw?.stop('SIGKILL');
  folder[Symbol.dispose]();
});

const ask = (path: string, method = 'GET', body?: object, token = key): Promise<Response> =>
  fetch(`${claw.http}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });

async function isWell(): Promise<boolean> {
  const { status } = await ask('/v1/runs', 'POST', { input: 'Hello.' });
  return status === 201;
}

test('H6 · with an audit log that cannot be written, nothing is done that only operators may do; all else goes on, and is written later', async () => {
  const log = folder.in('data/audit');
  renameSync(log, folder.in('aside'));
  writeFileSync(log, 'in the way');
  const refused = await ask('/v1/keys', 'POST', { name: 'while down' });
  expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('STORE_FAILED')]);
  expect(await (await ask('/v1/runs', 'POST', { input: 'Hello.' })).json()).toMatchObject({ epoch: 1 });
  for (let i = 0; i < 100; i++) await ask('/v1/runs', 'GET', undefined, `nobody${i % 3}`);
  expect(await (await fetch(metricsOf(claw))).text()).toMatch(/^openclaw_audit_waiting [1-9]/m);

  rmSync(log);
  renameSync(folder.in('aside'), log);
  expect((await ask('/v1/keys', 'POST', { name: 'after it' })).status).toBe(201);
  const { keys } = (await (await ask('/v1/keys')).json()) as { readonly keys: readonly { readonly name: string }[] };
  expect(keys.map(({ name }) => name)).toEqual(['after it']);
  await expect.poll(() => claw.complaints(), { timeout: 10_000 }).toMatch(/audit log cannot be written[^]*written again/);
  const told = runClaw(data, 'audit', 'tail', '--json');
  expect(told.out).toMatch(/"decision":"refused","why":"STORE_FAILED"/);
  expect(runClaw(data, 'audit', 'verify').code).toBe(0);
  expect(await isWell()).toBe(true);
});

test('D5 · what callers write stays in its record and its line, and moves no cursor', async () => {
  const evil = 'a\n{"seq":99,"decision":"allowed"}\r\u001b[2J\u001b]0;title\u0007\u009b31m\u202e';
  expect((await ask('/v1/keys', 'POST', { name: evil })).status).toBeGreaterThanOrEqual(200);
  await ask(`/v1/${encodeURIComponent(evil)}`);
  await ask('/v1/runs', 'POST', { input: evil, agent: evil });
  await ask('/v1/runs', 'POST', { input: evil, model: evil, session: evil });
  await ask('/v1/runs', 'GET', undefined, 'x\t\u001b'.replaceAll(/[^ -~]/g, '%'));
  await ask('/v1/keys', 'POST', { name: 'last' });
  const lines = readdirSync(folder.in('data/audit'))
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) =>
      readFileSync(folder.in(`data/audit/${name}`), 'utf8')
        .trimEnd()
        .split('\n'),
    );
  expect(lines.map((line) => (JSON.parse(line) as { readonly seq: number }).seq)).toEqual(lines.map((_, i) => i + 1));
  const controls = /(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
  for (const text of [claw.complaints(), runClaw(data, 'audit', 'tail', '-n', '1000').out, runClaw(data, 'keys', 'list').out])
    expect(text).not.toMatch(controls);
  expect(await isWell()).toBe(true);
});

test('D6 · names that callers make up make no series', async () => {
  const series = async (): Promise<readonly string[]> =>
    (await (await fetch(metricsOf(claw))).text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const forms = async (): Promise<ReadonlySet<string>> => new Set((await series()).map((line) => line.split(' ')[0] as string));
  await ask('/v1/runs', 'POST', { input: 'x', model: 'made-up', agent: 'made-up' });
  const made = Array.from({ length: 100 }, (_, i) => `made-up-${i}`);
  for (const name of made) {
    await ask('/v1/runs', 'POST', { input: 'x', agent: name });
    await ask('/v1/runs', 'POST', { input: 'x', model: `simulated?tokens=1&ms=1&x=${name}`, session: name });
    await ask(`/v1/${name}`);
  }
  const all = await forms();
  expect([...all].filter((name) => name.includes('made-up'))).toEqual([]);
  expect(all.size).toBeLessThan(2_000);
  expect(await isWell()).toBe(true);
});

test('H5 · a record that is deleted, changed, moved or cut off is found at its place', async () => {
  for (let i = 0; i < 8; i++) await issueKey(claw, data, { name: `key ${i}` });
  await claw.stop('SIGTERM');
  const [name = ''] = readdirSync(folder.in('data/audit')).filter((each) => each.endsWith('.jsonl'));
  const path = folder.in(`data/audit/${name}`);
  const whole = readFileSync(path, 'utf8');
  const lines = whole.trimEnd().split('\n');
  const at = Math.floor(lines.length / 2);
  const disk = createAuditDisk(data);
  expect((await verifyAudit(disk)).faults).toEqual([]);
  const first = async (changed: readonly string[]): Promise<number | undefined> => {
    writeFileSync(path, `${changed.join('\n')}\n`);
    return (await verifyAudit(disk)).faults[0]?.seq;
  };
  const swapped = lines.map((line, i) => (i === at ? lines[at + 1] : i === at + 1 ? lines[at] : line) as string);
  expect(await first(lines.filter((_, i) => i !== at))).toBe(at + 1);
  expect(await first(lines.map((line, i) => (i === at ? line.replace('"decision":"', '"decision":"x') : line)))).toBe(at + 1);
  expect(await first(swapped)).toBe(at + 1);
  expect(await first(lines.slice(0, -3))).toBe(lines.length - 2);

  const told = runClaw(data, 'audit', 'verify');
  expect([told.code, told.out]).toEqual([1, expect.stringContaining(`records ${lines.length - 2} to ${lines.length} are missing`)]);
  // A server that is started over it says so, and the log says so from then on.
  claw = await startClaw({ data });
  await expect.poll(() => claw.complaints(), { timeout: 10_000 }).toContain('the audit log is not as it was left');
  expect((await verifyAudit(disk)).faults[0]?.seq).toBe(lines.length - 2);
  key = localKeyOf(data);
  expect(await isWell()).toBe(true);
});

test('H5 · kill -9 tears nothing that matters', async () => {
  await claw.stop('SIGTERM');
  for (const name of readdirSync(folder.in('data/audit'))) rmSync(folder.in(`data/audit/${name}`));
  rmSync(folder.in('data/audit.key'));
  claw = await startClaw({ data });
  await Promise.all(Array.from({ length: 20 }, (_, i) => issueKey(claw, data, { name: `key ${i}` })));
  await claw.stop('SIGKILL');
  const [name = ''] = readdirSync(folder.in('data/audit')).filter((each) => each.endsWith('.jsonl'));
  const path = folder.in(`data/audit/${name}`);
  const whole = readFileSync(path, 'utf8');
  const records = whole.trimEnd().split('\n').length;
  expect(records).toBeGreaterThan(20);
  writeFileSync(path, `${whole}{"seq":${records + 1},"ti`);
  claw = await startClaw({ data });
  await expect.poll(() => claw.complaints(), { timeout: 10_000 }).toContain('cut off');
  const report = await verifyAudit(createAuditDisk(data));
  expect(report).toMatchObject({ records: records + 1, faults: [] });
});
