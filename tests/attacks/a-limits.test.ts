/** Sockets that take room and give nothing. */
import { connect, type Socket } from 'node:net';
import { encodeRecord, LIMITS } from '@openclaw-runtime/protocol';
import { afterEach, expect, test } from 'vitest';
import { clientFrame, openRig, type Peer, type Rig } from '../../packages/gateway/test/rig.ts';

const TEXT = 0x81;
const PING = 0x89;
const PONG = 0x8a;

const held: Socket[] = [];
afterEach(() => {
  for (const socket of held.splice(0)) socket.destroy();
});

/** Whether a user is served, and how fast: the slowest of twenty, of the round that was disturbed least. */
async function slowestMs(rig: Rig, user: Peer): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  // A machine that stops for a moment says nothing of the server.
  for (let round = 0; round < 5 && least >= 500; round++) {
    let slowest = 0;
    for (let i = 0; i < 20; i++) {
      const began = performance.now();
      user.send({ t: 'command', run: 'x'.repeat(22), id: `c${i}`, kind: 'cancel' });
      await user.next('err');
      slowest = Math.max(slowest, performance.now() - began);
    }
    least = Math.min(least, slowest);
  }
  expect(rig.defects).toEqual([]);
  return least;
}

test('A6 · a socket that does not say hello is closed with 4401 after 5 s, and was given 8 KiB until then', async () => {
  await using rig = await openRig();
  const user = await rig.dial();
  const silent = await rig.dialStranger();
  const talker = await rig.dialRaw();
  await talker.upgrade('', false);
  talker.write(clientFrame(TEXT, Buffer.alloc(LIMITS.maxHelloBytes + 64, 0x20), 900_000));
  expect(LIMITS.maxHelloBytes).toBeLessThanOrEqual(8 * 1024);
  expect(await talker.closeCode()).toBe(4401);
  await rig.clock.advance(4_900);
  await rig.turn();
  expect(silent.socket.readyState).toBe(silent.socket.OPEN);
  await rig.clock.advance(1_100);
  expect((await silent.closed)[0]).toBe(4401);
  expect(await slowestMs(rig, user)).toBeLessThan(500);
});

test('A7 · ten thousand sockets that say nothing: few are let in, and users do not notice', async () => {
  await using rig = await openRig({ limits: { strangers: 200, connections: 400 } });
  const user = await rig.dial();
  let refused = 0;
  let dropped = 0;
  for (let batch = 0; batch < 20; batch++) {
    await Promise.all(
      Array.from({ length: 500 }, () => idleSocket(rig.gateway.port)).map(async (answer) => {
        const said = await answer;
        if (said.startsWith('HTTP/1.1 429')) refused++;
        else if (said === '') dropped++;
      }),
    );
    if (batch % 5 === 0) expect(await slowestMs(rig, user)).toBeLessThan(500);
    expect(rig.gateway.connections).toBeLessThanOrEqual(201);
  }
  expect(refused + dropped).toBe(10_000 - 200);
  // They are sent away, and there is room again.
  await rig.clock.advance(6_000);
  for (let s = 0; s < 20 && rig.gateway.connections > 1; s++) {
    await rig.clock.advance(1_000);
    await rig.turn();
  }
  await rig.dial();
});

/** What it was answered; '' where the connection was just closed. Stays open where it was let in. */
function idleSocket(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    held.push(socket);
    socket.on('error', () => resolve(''));
    socket.on('close', () => resolve(''));
    socket.once('data', (data: Buffer) => resolve(data.toString('latin1')));
    socket.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: openclaw.v1\r\n\r\n`,
    );
  });
}

test.each([
  ['pings', clientFrame(PING, 'x'), 'pings'],
  ['pongs', clientFrame(PONG, 'x'), 'frames'],
  ['frames', clientFrame(TEXT, '{"t":"detach","ch":1}'), 'frames'],
])('A13 · a flood of %s is closed with 4429', async (_name, frame) => {
  await using rig = await openRig({ limits: { framesBurst: 500 } });
  const user = await rig.dial();
  const raw = await rig.dialRaw();
  await raw.upgrade();
  raw.write(Buffer.concat(Array.from({ length: 1_000 }, () => frame)));
  expect(await raw.closeCode()).toBe(4429);
  expect(await slowestMs(rig, user)).toBeLessThan(500);
});

test('A14 · who takes nothing is fed 1 MiB at most, and closed with 4408', async () => {
  await using rig = await openRig();
  const log = await rig.begin('long');
  await log.append(encodeRecord('step.started', 1, 1, { model: 'm' }));
  await log.tell(...Array.from({ length: 40 }, () => 'x'.repeat(1024 * 1024)));
  const user = await rig.dial();
  const slow = await rig.dialRaw();
  await slow.upgrade();
  slow.socket.pause();
  slow.write(clientFrame(TEXT, JSON.stringify({ t: 'attach', ch: 1, run: log.run })));
  await rig.turn();
  expect(await slowestMs(rig, user)).toBeLessThan(500);
  for (let s = 0; s < 122; s++) await rig.clock.advance(1_000);
  slow.socket.resume();
  expect(await slow.closeCode()).toBe(4408);
  expect(await slowestMs(rig, user)).toBeLessThan(500);
}, 30_000);

test('A15 · slow headers, slow bodies and slow readers are cut; others do not notice', async () => {
  await using rig = await openRig({ limits: { requestMs: 500, stalledMs: 500 } });
  const log = await rig.begin('long');
  await log.append(encodeRecord('step.started', 1, 1, { model: 'm' }));
  for (let i = 0; i < 64; i++) await log.say('.'.repeat(256 * 1024));
  await log.finish();
  const user = await rig.dial();
  const attacks = [
    { first: 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n', drip: 'X-A: b\r\n', cut: /^HTTP\/1\.1 408 / },
    { first: 'POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n', drip: ' ', cut: /^HTTP\/1\.1 408 / },
    { first: '', drip: '', cut: undefined },
  ];
  const gone = attacks.map(async ({ first, drip, cut }) => {
    const raw = await rig.dialRaw();
    raw.write(first);
    const drips = setInterval(() => raw.write(drip), 50);
    await raw.ended;
    clearInterval(drips);
    if (cut) expect(raw.text()).toMatch(cut);
  });
  const reader = await rig.dialRaw();
  reader.socket.pause();
  reader.write(`GET /v1/runs/${log.run} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  const readerGone = new Promise<void>((resolve) => reader.socket.once('error', () => resolve()));
  const poke = setInterval(() => reader.write('x'), 50);
  expect(await slowestMs(rig, user)).toBeLessThan(500);
  const began = performance.now();
  await Promise.all([...gone, readerGone]);
  clearInterval(poke);
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(await slowestMs(rig, user)).toBeLessThan(500);
});
