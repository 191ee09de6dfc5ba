/** Runs that wait for people, in a real server: parked, woken, and none the worse for a process that is killed meanwhile. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Approval } from '@openclaw-runtime/protocol';
import { OpenClawClient, type Run } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';
import { type Heard, kinds, listen } from './listen.ts';

const folder = makeFolder();
const client = new OpenClawClient({ reconnectDelay: 50, maxReconnectAttempts: 100 });
let claw: Claw;

const start = (port = 0): Promise<Claw> =>
  startClaw({
    data: folder.in('data'),
    config: {
      agents: { asker: { module: fileURLToPath(new URL('agents/asker.ts', import.meta.url)) } },
      threads: { max: 2 },
      limits: { parkAfterMs: '300ms' },
    },
    port,
  });

beforeAll(async () => {
  claw = await start();
  await client.connect(claw.url);
});

afterAll(async () => {
  client.close();
  await claw?.stop('SIGKILL');
  folder[Symbol.dispose]();
});

interface Order {
  readonly run: Run;
  readonly asked: Promise<Approval>;
  readonly heard: Promise<Heard>;
}

const questions = new Map<string, (approval: Approval) => void>();
client.on('approval', (approval) => 'text' in approval && 'hash' in approval && questions.get(approval.text)?.(approval));

function order(what: string, more: object = {}): Order {
  const run = client.run({ agent: 'asker', operation: 'order', args: { what, ...more } });
  const asked = new Promise<Approval>((resolve) => questions.set(`Shall I pay for ${what}?`, resolve));
  return { run, asked, heard: listen(run) };
}

/** What the operation did in the world, by what was ordered; `begun` once for each start. */
function ledgers(): Map<string, string[]> {
  const all = globSync(join(folder.in('data'), 'workspaces', '*', '*', 'ledger')).map((path) =>
    readFileSync(path, 'utf8').trim().split('\n'),
  );
  return new Map(all.map((lines) => [lines.find((line) => line.startsWith('reserved '))?.slice(9) ?? '', lines]));
}

/** Until so many are parked: a look is taken each second. */
const untilParked = (runs: number): Promise<void> =>
  expect.poll(async () => (await fetchJson(`${claw.http}/v1/status`)).body, { timeout: 30_000 }).toMatchObject({ runs: { parked: runs } });

test('a run that waits is parked, and goes on behind what it has done when it is answered', async () => {
  const tea = order('tea');
  const asked = await tea.asked;
  await untilParked(1);
  await tea.run.approve(asked, { answer: 'allow' });
  const heard = await tea.heard;
  expect(JSON.parse(heard.result.value ?? '')).toEqual({ what: 'tea', allowed: true });
  // Two starts: it had left its thread.
  expect(ledgers().get('tea')).toEqual(['begun', 'reserved tea', 'begun', 'paid tea']);
  expect(kinds(heard)).toEqual([
    'run.created',
    'piece.done',
    'approval.asked',
    'approval.given',
    'piece.done',
    'piece.done',
    'run.finished',
  ]);
});

test('the process is killed while it is parked: what is answered then ends right, once', async () => {
  const orders = ['rice', 'salt'].map((what) => order(what));
  const asked = await Promise.all(orders.map((each) => each.asked));
  await untilParked(2);
  await claw.stop('SIGKILL');
  claw = await start(claw.port);
  // One is answered before it is parked again, the other after.
  await orders[0]?.run.approve(asked[0] as Approval, { answer: 'allow' });
  await orders[0]?.heard;
  await untilParked(1);
  await orders[1]?.run.approve(asked[1] as Approval, { answer: 'deny' });
  const [rice, salt] = await Promise.all(orders.map((each) => each.heard));
  expect(JSON.parse(rice?.result.value ?? '')).toEqual({ what: 'rice', allowed: true });
  expect(JSON.parse(salt?.result.value ?? '')).toEqual({ what: 'salt', allowed: false });
  const done = ledgers();
  expect(done.get('rice')?.filter((line) => line !== 'begun')).toEqual(['reserved rice', 'paid rice']);
  expect(done.get('salt')?.filter((line) => line !== 'begun')).toEqual(['reserved salt']);
});

test('a parked run whose question expires goes on, and one that is cancelled ends', async () => {
  const late = order('oil', { timeoutMs: 8_000 });
  const unwanted = order('wine');
  await Promise.all([late.asked, unwanted.asked]);
  await untilParked(2);
  await unwanted.run.cancel();
  expect((await unwanted.heard).result).toMatchObject({ status: 'cancelled' });
  const { result, records } = await late.heard;
  expect(result).toMatchObject({ status: 'failed', error: { code: 'EXPIRED' } });
  expect(records.find(({ kind }) => kind === 'approval.given')?.data).toMatchObject({ answer: 'expired' });
});

test('fifty that are parked at once and answered in any order end right, each once', async () => {
  const orders = Array.from({ length: 50 }, (_, i) => ({ ...order(`item ${i}`), i }));
  const asked = await Promise.all(orders.map((each) => each.asked));
  await untilParked(50);
  for (const { run, i } of orders.toSorted((a, b) => ((a.i * 37) % 50) - ((b.i * 37) % 50)))
    await run.approve(asked[i] as Approval, { answer: i % 2 === 0 ? 'allow' : 'deny' });
  await Promise.all(orders.map((each) => each.heard));
  const done = ledgers();
  for (const { i } of orders)
    expect(done.get(`item ${i}`)?.filter((line) => line !== 'begun')).toEqual([
      `reserved item ${i}`,
      ...(i % 2 === 0 ? [`paid item ${i}`] : []),
    ]);
});
