/** A webhook hears of each alert that it fires and that it is resolved, whatever becomes of the server in between. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OpenClawClient } from 'openclaw-runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { fetchJson } from './http.ts';

interface Told {
  readonly id: string;
  readonly alert: string;
  readonly phase: string;
  readonly status: number;
}

const folder = makeFolder();
const told: Told[] = [];
let answersWith = 200;
let hook: Server;
let config: object;

beforeAll(async () => {
  hook = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part));
    request.on('end', () => {
      told.push({ ...(JSON.parse(text) as Omit<Told, 'status'>), status: answersWith });
      response.writeHead(answersWith).end();
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const webhook = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
  // The next server says for so long that it fires, whatever it sees itself.
  config = { monitoring: { webhook, window: '2s', for: '3s', alertThresholds: { errorRate: '1%', latencyP99: '1h' } } };
});

afterAll(() => {
  hook?.closeAllConnections();
  hook?.close();
  folder[Symbol.dispose]();
});

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`${what}: not within 20 s; told: ${JSON.stringify(told)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs that fail, until the alert fires. */
async function failUntil(claw: Claw, holds: () => boolean): Promise<void> {
  const client = new OpenClawClient({ reconnectDelay: 50 });
  await client.connect(claw.url);
  await until('the alert fires', async () => {
    await client.run({ input: 'x', model: 'simulated?status=400' }).result();
    return holds();
  });
  client.close();
}

const heard = (phase: string, status = 200): readonly Told[] => told.filter((each) => each.phase === phase && each.status === status);

test('that it is resolved, though the server that said it fires was killed', async () => {
  const first = await startClaw({ data: folder.in('one/data'), config });
  await failUntil(first, () => heard('firing').length > 0);
  await first.stop('SIGKILL');
  await using second = await startClaw({ data: folder.in('one/data'), config });
  const { body } = await fetchJson(`${second.http}/readyz`);
  expect(body).toMatchObject({ alerts: [{ alert: 'errorRate', phase: 'firing' }] });
  await until('it is resolved', () => heard('resolved').length > 0);
  expect([...new Set(told.map(({ alert, phase }) => `${alert} ${phase}`))]).toEqual(['errorRate firing', 'errorRate resolved']);
  await second.stop('SIGKILL');
  // What was told is not told anew: at most once more under its id, where the kill came before that was noted.
  await using third = await startClaw({ data: folder.in('one/data'), config });
  expect((await fetchJson(`${third.http}/readyz`)).body).toMatchObject({ alerts: [] });
  expect(new Set(told.map(({ id }) => id)).size).toBe(2);
});

test('that it fired, though the server was killed before anybody listened', async () => {
  told.length = 0;
  answersWith = 503;
  const first = await startClaw({ data: folder.in('two/data'), config });
  await failUntil(first, () => heard('firing', 503).length > 0);
  await first.stop('SIGKILL');
  answersWith = 200;
  await using second = await startClaw({ data: folder.in('two/data'), config });
  await until('both are heard', () => heard('firing').length > 0 && heard('resolved').length > 0);
  expect(heard('firing').map(({ id }) => id)).toEqual([heard('firing', 503)[0]?.id]);
  expect(second.complaints()).toBe('');
});
