import { expect, test } from 'vitest';
import type { Status } from '../src/house/status.ts';
import { main } from '../src/program.ts';
import { sparkline } from '../src/status/sparkline.ts';
import { createFakeWorld, type FakeWorld } from './fake-world.ts';
import { createTerminal } from './terminal.ts';

const URL = 'ws://127.0.0.1:4000';

const status: Status = {
  version: '1.2.3',
  url: URL,
  at: '2026-11-22T10:00:00.000Z',
  uptimeMs: 7_300_000,
  runs: { working: 12, parked: 3, waiting: 0, ended: { completed: 1_204, failed: 3 } },
  tokensPerSecond: 431.5,
  tokensEachSecond: [0, 100, 200, 431],
  latencyMs: { p50: 80, p99: 220.5 },
  threads: { busy: 2, total: 4, max: 8, waiting: 1 },
  connections: 14,
  pressure: 0,
  storeBytes: 12_345_678,
  memoryBytes: 210_000_000,
  tiers: [{ of: 'model', name: 'main', tier: 3, why: '9 of 10 tries failed', forMs: 20_000 }],
  budgets: [{ tenant: 'default', scope: 'day', name: '2026-11-22', unit: 'microUsd', limit: 5_000_000, left: 400_000 }],
  alerts: [{ alert: 'latencyP99', phase: 'firing', value: 0.8, threshold: 0.5, since: '2026-11-22T09:59:00.000Z' }],
  config: { outcome: 'refused', at: '2026-11-22T09:58:00.000Z', applied: [], waiting: [], problem: 'openclaw.yaml:3: no\u001b[2J' },
};

function servedWorld(terminal = false): FakeWorld & { now: () => Status } {
  const world = Object.assign(createFakeWorld(terminal), { now: () => status });
  world.web[`${URL.replace('ws', 'http')}/healthz`] = 200;
  world.answer = () => ({ status: 200, body: JSON.stringify(world.now()) });
  return world;
}

test('once: what is well and what is not, each in a line that fits', async () => {
  const world = servedWorld();
  expect(await main(['status', '--url', URL], '1', world)).toBe(0);
  expect(world.printed()).toBe(`OpenClaw 1.2.3 at ws://127.0.0.1:4000, for 2 h
runs       12 at work · 3 parked · 0 waiting · ended: 1204 completed, 3 failed
tokens/s   431.5  ▁▃▄█
latency    P50 80 ms · P99 220.5 ms
threads    2 busy of 4, 8 at most · 1 calls waiting
clients    14 connected
store      12.3 MB on disk · 210.0 MB of memory
tier       3 static: model main, for 20 s: 9 of 10 tries failed
budget     day 2026-11-22 of default: $0.4 of $5 left
alert      latencyP99 is 0.8, should be under 0.5, for 60 s
config     refused at 2026-11-22T09:58:00.000Z: openclaw.yaml:3: no\\x1b[2J
`);
});

test('of much of a kind only so much as leaves room for the rest', async () => {
  const world = servedWorld();
  const [budget] = status.budgets;
  const budgets = Array.from({ length: 300 }, (_, i) => ({ ...(budget as Status['budgets'][number]), name: `day ${i}` }));
  world.now = () => ({ ...status, budgets });
  expect(await main(['status', '--url', URL], '1', world)).toBe(0);
  const rows = world.printed().split('\n');
  expect(rows.length).toBeLessThan(24);
  expect(rows).toContain('budget     … and 295 more');
});

test('as JSON it is what the server says, in one line', async () => {
  const world = servedWorld(true);
  expect(await main(['status', '--url', URL, '--json'], '1', world)).toBe(0);
  expect(world.printed().split('\n')).toHaveLength(2);
  expect(JSON.parse(world.printed())).toEqual(status);
});

test('on a terminal it draws over what it drew, says when the server is gone, and leaves the terminal as it was', async () => {
  const world = servedWorld(true);
  const terminal = createTerminal(60);
  const written: string[] = [];
  const out = { ...terminal, isTty: true, width: 60, write: (text: string) => (written.push(text), terminal.write(text)) };
  const live = Object.assign(world, { out });
  let asked = 0;
  const second = Promise.withResolvers<void>();
  const third = Promise.withResolvers<void>();
  world.answer = () => {
    asked++;
    if (asked === 2) return { problem: 'ECONNREFUSED' };
    if (asked === 3) third.resolve();
    return { status: 200, body: JSON.stringify({ ...status, connections: asked }) };
  };
  const ended = main(['status', '--url', URL], '1', live);
  const watch = setInterval(() => terminal.rows()[0]?.startsWith('It does not answer') && second.resolve(), 20);
  await second.promise;
  clearInterval(watch);
  expect(terminal.rows()).toHaveLength(1);
  await third.promise;
  await new Promise((resolve) => setTimeout(resolve, 50));
  world.signal('SIGINT');
  expect(await ended).toBe(0);
  const rows = terminal.rows();
  expect(rows).toHaveLength(11);
  expect(rows[5]).toContain('3 connected');
  for (const row of rows) expect(Array.from(row).length).toBeLessThanOrEqual(60);
  expect(written[0]?.startsWith('\u001b[?25l')).toBe(true);
  expect(written.at(-1)).toBe('\u001b[?25h');
});

test('nothing is opened where no server is at work', async () => {
  const world = createFakeWorld();
  expect(await main(['status'], '1', world)).toBe(1);
  expect(world.complained()).toMatch(/No server has .*\.openclaw open.*Start one: claw up\./);
});

test('reload says what holds at once and what waits, and a refusal is an error', async () => {
  const world = servedWorld();
  world.answer = () => ({
    status: 200,
    body: JSON.stringify({ outcome: 'applied', at: status.at, applied: ['models.main', 'limits.attempts'], waiting: ['server.port'] }),
  });
  expect(await main(['reload', '--url', URL], '1', world)).toBe(0);
  expect(world.printed()).toBe('At once: models.main, limits.attempts.\nOnly with a restart: server.port.\n');
  expect(world.sent.at(-1)).toMatchObject({ url: 'http://127.0.0.1:4000/v1/reload', method: 'POST' });
  const other = servedWorld();
  other.answer = () => ({ status: 200, body: JSON.stringify(status.config) });
  expect(await main(['reload', '--url', URL], '1', other)).toBe(1);
  expect(other.printed()).toContain('Refused; the configuration of before stays');
});

test('a sparkline is as high as its highest value', () => {
  expect(sparkline([])).toBe('');
  expect(sparkline([0, 0])).toBe('▁▁');
  expect(sparkline([1, 4, 8])).toBe('▂▅█');
});
