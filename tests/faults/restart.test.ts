// What a SIGKILL and a restart may not change. Numbers are rules of PROTOCOL.md.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from '@openclaw-runtime/client';
import type { DownFrame } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { startProvider as startTestProvider } from '../provider/server.ts';
import { type Child, freePort, startServer } from './processes.ts';
import { openRawWire, type RawWire } from './read-log.ts';
import { restoreOlderCopy } from './restored.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface House extends AsyncDisposable {
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** A server that can be killed and started again on the same folder and port. */
async function openHouse(providerUrl = 'http://127.0.0.1:1'): Promise<House> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-restart-'));
  const data = join(dir, 'data');
  const config = join(dir, 'openclaw.yaml');
  mkdirSync(data);
  const lines = [
    'providers:',
    '  simulated: { kind: simulated }',
    `  http: { kind: openai, baseUrl: '${providerUrl}/v1' }`,
    'models: { text: { provider: http } }',
    'defaultModel: simulated',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const port = await freePort(Math.random);
  const open = (): Promise<Child> => startServer({ root: ROOT, data, port, config });
  let server = await open();
  return {
    url: `ws://127.0.0.1:${port}`,
    kill: () => server.kill(),
    async start() {
      server = await open();
    },
    async [Symbol.asyncDispose]() {
      await server.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function withClient<T>(url: string, act: (client: OpenClawClient) => Promise<T>): Promise<T> {
  const client = new OpenClawClient();
  try {
    await client.connect(url);
    return await act(client);
  } finally {
    client.close();
  }
}

test('3.3 the same key gives the same run, and another request a conflict, whether the run goes on or has ended', async () => {
  await using house = await openHouse();
  const short = { input: 'short', model: 'simulated?tokens=3&ms=20', idempotencyKey: 'short' };
  const long = { input: 'long', model: 'simulated?tokens=60&ms=6000', idempotencyKey: 'long' };
  const before = await withClient(house.url, async (client) => {
    const ended = client.run(short);
    const going = client.run(long);
    return { text: await ended.text(), ended: await ended.started, going: await going.started };
  });
  for (const kill of [1, 2]) {
    await house.kill();
    await house.start();
    await withClient(house.url, async (client) => {
      const again = client.run(short);
      expect(await again.started, `after kill ${kill}`).toBe(before.ended);
      expect(await again.text()).toBe(before.text);
      expect(await client.run(long).started).toBe(before.going);
      for (const other of [short, long]) {
        const conflict = client.run({ ...other, input: 'something else' });
        await expect(conflict.started).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
      }
    });
  }
});

test('3.8 a cancel that was acknowledged is carried out, though the server dies at that moment', { timeout: 300_000 }, async () => {
  await using provider = await startTestProvider();
  await using house = await openHouse(provider.url);
  for (let n = 0; n < 5; n++) {
    const prompt = `cancel ${n}`;
    await using wire = await openRawWire(house.url);
    wire.send({ t: 'start', ch: 1, idem: prompt, run: { input: prompt, model: 'text?gap=100' } });
    const run = await firstText(wire);
    wire.send({ t: 'command', run, id: 'stop', kind: 'cancel' });
    await until(wire, (frame) => frame.t === 'ok');
    await house.kill();
    await house.start();
    const result = await withClient(house.url, (client) => client.attach(run).result());
    expect(result.status, prompt).toBe('cancelled');
    const asked = provider.ledger().filter((entry) => entry.prompt === prompt);
    expect(asked.map(({ status }) => status)).toEqual(['aborted']);
    await using later = await openRawWire(house.url);
    later.send({ t: 'command', run, id: 'stop', kind: 'cancel' });
    await until(later, (frame) => frame.t === 'ok' && frame.dup === true);
  }
});

test('3.8 a message that interrupts closes the provider’s socket; what was said stands, and it is answered next', async () => {
  await using provider = await startTestProvider();
  await using house = await openHouse(provider.url);
  const { status, text, steps } = await withClient(house.url, async (client) => {
    const run = client.run({ input: 'first', model: 'text?gap=50' });
    const texts: string[] = [];
    for await (const item of run) {
      if (item.kind === 'text' && texts.length === 0) await run.send('second', { mode: 'interrupt' });
      if (item.kind === 'step.ended') texts.push(item.data.finish);
    }
    const result = await run.result();
    return { ...result, steps: texts };
  });
  expect(steps).toEqual(['interrupted', 'stop']);
  expect(status).toBe('completed');
  const [first, second] = provider.ledger();
  expect([first?.prompt, first?.status, second?.prompt, second?.status]).toEqual(['first', 'aborted', 'second', 'finished']);
  const said = text.slice(0, text.length - (second?.full.length ?? 0));
  expect(said).not.toBe('');
  expect(first?.full.startsWith(said)).toBe(true);
  expect(text).toBe(`${said}${second?.full}`);
});

test('5.4 an older copy of the data folder is noticed: a client with a later cursor is reset, into a new epoch that stays', async () => {
  const { seen, copied, mode, epoch, from, isWhole, laterEpoch, client } = await restoreOlderCopy(ROOT);
  expect(seen).toBeGreaterThan(copied);
  expect({ mode, epoch, from, isWhole, laterEpoch }).toEqual({ mode: 'reset', epoch: 2, from: 0, isWhole: true, laterEpoch: 2 });
  expect(client).toMatchObject({ isEqual: true, error: undefined });
  expect(client.rewinds).toBeGreaterThan(0);
});

/** The run's id, once its first text has come. */
async function firstText(wire: RawWire): Promise<string> {
  const started = await until(wire, (frame) => frame.t === 'started');
  await until(wire, (frame) => frame.t === 'ev' && frame.b.some(([, , records]) => records.some(([kind]) => kind === 'text')));
  return started.t === 'started' ? started.run : '';
}

/** The first frame that fits; fails when the connection ends before. */
async function until(wire: RawWire, fits: (frame: DownFrame) => boolean): Promise<DownFrame> {
  for (;;) {
    const frame = await wire.next();
    if (frame === undefined) throw new Error('the connection ended before the frame came');
    if (fits(frame)) return frame;
  }
}
