import { encodeRecord, LIMITS } from '@openclaw-runtime/protocol';
import { createMemoryStore, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { checkListen, GATEWAY_LIMITS } from '../src/index.ts';
import { clientFrame, HELLO, type Log, openRig, type Rig } from './rig.ts';

const TEXT = 0x81;
const PING = 0x89;
const PONG = 0x8a;

describe('who may come in', () => {
  test.each([
    ['A1 a foreign origin', { origin: 'http://evil.example' }],
    ['A2 the origin null', { origin: 'null' }],
    ['A2 an origin with ours as its prefix', { origin: 'http://127.0.0.1.evil.example' }],
    ['A3 a foreign host on loopback', { headers: { host: 'evil.example' } }],
    ['A3 a host with ours as its prefix', { headers: { host: '127.0.0.1.evil.example' } }],
  ])('%s is refused with 403 before the upgrade', async (_name, options) => {
    await using rig = await openRig();
    await expect(rig.dialStranger(options)).rejects.toThrow(/^403 .*FORBIDDEN/);
    expect(rig.gateway.connections).toBe(0);
  });

  test('A1 a listed origin and the server’s own are let in, on exact match', async () => {
    await using rig = await openRig({ origins: ['https://app.example'] });
    await rig.dial({ origin: 'https://app.example' });
    await rig.dial({ origin: rig.http });
    await expect(rig.dialStranger({ origin: 'https://app.example:8443' })).rejects.toThrow(/^403/);
    await expect(rig.dialStranger({ origin: 'http://app.example' })).rejects.toThrow(/^403/);
  });

  test.each(['token', 'access_token', 'api_key', 'auth', '%74oken'])('A5 ?%s= is refused with 400, by WebSocket and HTTP', async (name) => {
    await using rig = await openRig({ token: () => 'secret' });
    await expect(rig.dialStranger({}, `/?${name}=secret`)).rejects.toThrow(/^400 .*BAD_REQUEST/);
    const response = await fetch(`${rig.http}/v1/runs?${name}=secret`, { method: 'POST', headers: { authorization: 'Bearer secret' } });
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain('secret');
  });

  test.each(['0.0.0.0', '::', '192.0.2.1', 'example.org'])('A5/C19 %s without a token is not listened on', async (host) => {
    expect(() => checkListen(host, false)).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
    expect(() => checkListen(host, true)).not.toThrow();
    await expect(openRig({ host })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  test.each([undefined, '', ' ', 'undefined', 'secret ', 'Secret'])('A6/C1 the token %j is refused with 4401', async (token) => {
    await using rig = await openRig({ token: () => 'secret' });
    const peer = await rig.dialStranger();
    peer.send(token === undefined ? HELLO : { ...HELLO, token });
    expect(await peer.next('err')).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect((await peer.closed)[0]).toBe(4401);
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token.trim()}x` };
    const response = await fetch(`${rig.http}/v1/runs`, { method: 'POST', headers });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });

  test('A6 the right token is welcome', async () => {
    await using rig = await openRig({ token: () => 'secret' });
    const peer = await rig.dialStranger();
    peer.send({ ...HELLO, token: 'secret' });
    expect(await peer.next('welcome')).toMatchObject({ v: 1 });
  });

  test('A6 without hello a connection is closed with 4401 after 5 s, and not before', async () => {
    await using rig = await openRig();
    const peer = await rig.dialStranger();
    await rig.clock.advance(4_900);
    await rig.turn();
    expect(peer.socket.readyState).toBe(peer.socket.OPEN);
    await rig.clock.advance(1_100);
    expect((await peer.closed)[0]).toBe(4401);
  });

  test('A6 a stranger makes the server hold no more than a hello: a frame that claims more is refused while it comes', async () => {
    await using rig = await openRig();
    const raw = await rig.dialRaw();
    await raw.upgrade('', false);
    raw.write(clientFrame(TEXT, Buffer.alloc(LIMITS.maxHelloBytes + 64, 0x20), 900_000));
    expect(await raw.closeCode()).toBe(4401);
  });

  test('A7 strangers beyond the limit are refused with 429, users are served, and room comes back', async () => {
    await using rig = await openRig({ limits: { strangers: 4 } });
    const user = await rig.dial();
    for (let i = 0; i < 4; i++) await rig.dialStranger();
    await expect(rig.dialStranger()).rejects.toThrow(/^429 .*RATE_LIMITED/);
    user.send({ t: 'start', ch: 1, idem: 'a', run: { input: 'hi' } });
    expect(await user.next('started')).toMatchObject({ ch: 1 });
    await rig.clock.advance(6_000);
    await rig.turn();
    await rig.dial();
  });

  test('A7 a stranger that was told to go counts until its socket is gone', async () => {
    await using rig = await openRig({ limits: { strangers: 1 } });
    const raw = await rig.dialRaw();
    await raw.upgrade('', false);
    await rig.clock.advance(6_000);
    await raw.until(/UNAUTHENTICATED/);
    await expect(rig.dialStranger()).rejects.toThrow(/^429/);
    await rig.clock.advance(5_000);
    await raw.ended;
    await rig.dial();
  });

  test.each(['connections', 'connectionsPerAddress'] as const)('A7 %s are limited, and count down', async (name) => {
    await using rig = await openRig({ limits: { [name]: 2 } });
    const [first] = [await rig.dial(), await rig.dial()];
    await expect(rig.dialStranger()).rejects.toThrow(/^429/);
    expect(rig.gateway.connections).toBe(2);
    first.socket.close();
    await first.closed;
    await rig.turn();
    await rig.dial();
  });

  test('A7 a refused upgrade leaves no half-open socket behind', async () => {
    await using rig = await openRig();
    const raw = await rig.dialRaw();
    await raw.upgrade('Origin: http://evil.example\r\n');
    await raw.ended;
    expect(raw.text()).toMatch(/^HTTP\/1\.1 403 /);
    const gone = new Promise<void>((resolve) => raw.socket.once('close', () => resolve()));
    const poke = setInterval(() => raw.write('x'), 20);
    await gone;
    clearInterval(poke);
  });
});

describe('what a peer may send', () => {
  test.each([
    ['no JSON', '{"t":', 'BAD_FRAME', 4400],
    ['JSON but no object', '[1]', 'BAD_FRAME', 4400],
    ['null', 'null', 'BAD_FRAME', 4400],
    ['an unknown type', '{"t":"rm"}', 'BAD_FRAME', 4400],
    ['an unknown field', '{"t":"detach","ch":1,"x":1}', 'BAD_FRAME', 4400],
    ['a wrong type', '{"t":"detach","ch":"1"}', 'BAD_FRAME', 4400],
    ['a fraction as channel', '{"t":"detach","ch":1.5}', 'BAD_FRAME', 4400],
    ['a channel beyond safe integers', '{"t":"detach","ch":9007199254740993}', 'BAD_FRAME', 4400],
    ['a second hello', JSON.stringify(HELLO), 'BAD_FRAME', 4400],
    ['nothing', '', 'BAD_FRAME', 4400],
    ['a prototype', '{"t":"detach","ch":1,"__proto__":{"x":1}}', 'BAD_FRAME', 4400],
    ['33 levels', `${'['.repeat(33)}${']'.repeat(33)}`, 'TOO_LARGE', 1009],
    ['200,000 levels', '['.repeat(200_000), 'TOO_LARGE', 1009],
  ])('A8 %s is answered by a typed error and a close', async (_name, frame, code, close) => {
    await using rig = await openRig();
    const peer = await rig.dial();
    peer.send(frame);
    expect(await peer.next('err')).toMatchObject({ code });
    expect((await peer.closed)[0]).toBe(close);
    expect(rig.defects).toEqual([]);
  });

  test('A8 a message of 1 MiB is read, one byte more is refused with 1009', async () => {
    await using rig = await openRig();
    const peer = await rig.dial();
    const bare = JSON.stringify({ t: 'start', ch: 1, idem: 'a', run: { input: '' } });
    const fill = (bytes: number): string => bare.replace('""', `"${'a'.repeat(bytes - bare.length)}"`);
    peer.send(fill(LIMITS.maxFrameBytes));
    expect(await peer.next('started')).toMatchObject({ ch: 1 });
    peer.send(fill(LIMITS.maxFrameBytes + 1));
    expect((await peer.closed)[0]).toBe(1009);
  });

  test('A8 a binary message is refused with 4400', async () => {
    await using rig = await openRig();
    const peer = await rig.dial();
    peer.send(Buffer.from('{"t":"detach","ch":1}'));
    expect(await peer.next('err')).toMatchObject({ code: 'BAD_FRAME' });
    expect((await peer.closed)[0]).toBe(4400);
  });

  test('A9 64 fragments are one message; the 65th, with or without an end, is refused with 1008', async () => {
    await using rig = await openRig();
    const raw = await rig.dialRaw();
    await raw.upgrade();
    const parts = Buffer.from(JSON.stringify({ t: 'start', ch: 7, idem: 'fragments', run: { input: 'x'.repeat(30) } }));
    const fragment = (i: number, of: number): Buffer => {
      const opcode = i === 0 ? 0x01 : 0x00;
      const end = i === of - 1;
      return clientFrame(end ? 0x80 | opcode : opcode, parts.subarray(i, end ? undefined : i + 1));
    };
    for (let i = 0; i < 64; i++) raw.write(fragment(i, 64));
    await raw.until(/"started","ch":7/);
    for (let i = 0; i < 65; i++) raw.write(fragment(i, 1_000));
    expect(await raw.closeCode()).toBe(1008);
  });

  test('A9 a flood of empty fragments is refused with 1008', async () => {
    await using rig = await openRig();
    const raw = await rig.dialRaw();
    await raw.upgrade();
    raw.write(Buffer.concat([clientFrame(0x01), ...Array.from({ length: 5_000 }, () => clientFrame(0x00))]));
    expect(await raw.closeCode()).toBe(1008);
  });

  test.each([100 * 1024 * 1024, 2 ** 40])(
    'A10 a header that announces %i bytes is refused with 1009, before any of them',
    async (bytes) => {
      await using rig = await openRig();
      const raw = await rig.dialRaw();
      await raw.upgrade();
      raw.write(clientFrame(TEXT, '', bytes));
      expect(await raw.closeCode()).toBe(1009);
    },
  );

  test('A11 compression is not negotiated, and a compressed frame is refused', async () => {
    await using rig = await openRig();
    const raw = await rig.dialRaw();
    await raw.upgrade('Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n');
    expect(raw.text().toLowerCase()).not.toContain('sec-websocket-extensions');
    raw.write(clientFrame(TEXT | 0x40, 'x'));
    expect(await raw.closeCode()).toBe(1002);
  });

  const twoBytes = (code: number): Buffer => Buffer.from([code >> 8, code & 0xff]);
  const unmasked = Buffer.from([TEXT, 2, 0x7b, 0x7d]);
  test.each([
    ['UTF-8 that is none', clientFrame(TEXT, Buffer.from([0xc3, 0x28])), 1007],
    ['an overlong encoding', clientFrame(TEXT, Buffer.from([0xc0, 0xaf])), 1007],
    ['an encoded surrogate', clientFrame(TEXT, Buffer.from([0xed, 0xa0, 0x80])), 1007],
    ['UTF-8 cut off', clientFrame(TEXT, Buffer.from([0x22, 0xf0, 0x9f, 0x98, 0x22])), 1007],
    ['UTF-8 beyond U+10FFFF', clientFrame(TEXT, Buffer.from([0xf4, 0x90, 0x80, 0x80])), 1007],
    ['reserved bit 2', clientFrame(TEXT | 0x20, 'x'), 1002],
    ['reserved bit 3', clientFrame(TEXT | 0x10, 'x'), 1002],
    ['reserved opcode 3', clientFrame(0x83, 'x'), 1002],
    ['reserved opcode 11', clientFrame(0x8b, 'x'), 1002],
    ['a frame without mask', unmasked, 1002],
    ['a continuation of nothing', clientFrame(0x80, 'x'), 1002],
    ['a message within a message', Buffer.concat([clientFrame(0x01, 'x'), clientFrame(TEXT, 'x')]), 1002],
    ['a fragmented ping', clientFrame(0x09, 'x'), 1002],
    ['a ping of 126 bytes', clientFrame(PING, Buffer.alloc(126)), 1002],
    ['a close of one byte', clientFrame(0x88, 'x'), 1002],
    ['close code 1005', clientFrame(0x88, twoBytes(1005)), 1002],
    ['close code 999', clientFrame(0x88, twoBytes(999)), 1002],
    ['a close reason that is no UTF-8', clientFrame(0x88, Buffer.concat([twoBytes(1000), Buffer.from([0xff])])), 1007],
    ['a length beyond 2^53', clientFrame(TEXT, '', 2 ** 60), 1009],
  ])('A12 %s is answered as RFC 6455 says', async (_name, bytes, code) => {
    await using rig = await openRig();
    const raw = await rig.dialRaw();
    await raw.upgrade();
    raw.write(bytes);
    expect(await raw.closeCode()).toBe(code);
    await rig.dial();
  });

  test('A13 a ping flood is closed with 4429; pings at a decent pace are answered', async () => {
    await using rig = await openRig();
    const raw = await rig.dialRaw();
    await raw.upgrade();
    for (let i = 0; i < 30; i++) {
      raw.write(clientFrame(PING, `p${i}.`));
      await raw.until(new RegExp(`p${i}\\.`));
      await rig.clock.advance(1_000 / GATEWAY_LIMITS.pingsPerSecond);
    }
    raw.write(Buffer.concat(Array.from({ length: GATEWAY_LIMITS.pingsBurst + 1 }, () => clientFrame(PING, 'x'))));
    expect(await raw.closeCode()).toBe(4429);
  });

  test.each([
    ['pongs nobody asked for', clientFrame(PONG)],
    ['frames', clientFrame(TEXT, '{"t":"detach","ch":1}')],
  ])('A13 a flood of %s is closed with 4429', async (_name, frame) => {
    await using rig = await openRig({ limits: { framesBurst: 500 } });
    const raw = await rig.dialRaw();
    await raw.upgrade();
    raw.write(Buffer.concat(Array.from({ length: 501 }, () => frame)));
    expect(await raw.closeCode()).toBe(4429);
  });
});

describe('who takes nothing', () => {
  test('A14 a slow reader costs 1 MiB and no more, harms nobody, and is closed with 4408 after 120 s', async () => {
    const { store, fed } = countReads();
    await using rig = await openRig({ store });
    const logs = await endedRuns(rig);
    const all = logs.length * RUN_CHARS;
    const slow = await rig.dialRaw();
    await slow.upgrade();
    slow.socket.pause();
    for (const [ch, { run }] of logs.entries()) slow.write(clientFrame(TEXT, JSON.stringify({ t: 'attach', ch, run })));
    await rig.turn();
    expect(fed()).toBeLessThan(all * 0.6);

    const quick = await rig.dial();
    for (const [ch, { run, records }] of logs.entries()) {
      quick.send({ t: 'attach', ch, run });
      expect(await quick.records(ch, records.length)).toEqual(records);
    }

    await rig.clock.advance(119_000);
    expect(rig.gateway.connections).toBe(2);
    await rig.clock.advance(3_000);
    slow.socket.resume();
    expect(await slow.closeCode()).toBe(4408);
    slow.socket.destroy();
    await rig.turn();
    expect(rig.gateway.connections).toBe(1);
  });

  test('A14 a reader that was slow and takes up again goes on from its cursors and is not taken for gone', async () => {
    await using rig = await openRig();
    const logs = await endedRuns(rig);
    const peer = await rig.dial();
    peer.socket.pause();
    for (const [ch, { run }] of logs.entries()) peer.send({ t: 'attach', ch, run });
    await rig.turn();
    await rig.clock.advance(60_000);
    peer.socket.resume();
    const seen = new Map<number, number>();
    while (seen.size < logs.length || [...seen].some(([ch, seq]) => seq < (logs[ch]?.records.length ?? 0))) {
      for (const [ch, first, records] of (await peer.next('ev')).b) {
        expect(first).toBe((seen.get(ch) ?? 0) + 1);
        seen.set(ch, first + records.length - 1);
      }
    }
    await rig.clock.advance(2_000);
    await rig.turn();
    expect(peer.socket.readyState).toBe(peer.socket.OPEN);
  });

  test('A15 headers that come too slowly are cut with 408', async () => {
    await using rig = await openRig({ limits: { requestMs: 300 } });
    const raw = await rig.dialRaw();
    raw.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n');
    const drip = setInterval(() => raw.write('X-A: b\r\n'), 50);
    await raw.ended;
    clearInterval(drip);
    expect(raw.text()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('A15 a body that comes too slowly is cut with 408, while others are served', async () => {
    await using rig = await openRig({ limits: { requestMs: 300 } });
    const raw = await rig.dialRaw();
    raw.write('POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n');
    const drip = setInterval(() => raw.write(' '), 50);
    await rig.turn();
    await raw.ended;
    clearInterval(drip);
    expect(raw.text()).toMatch(/^HTTP\/1\.1 408 /);
    expect(rig.defects).toEqual([]);
  });

  test('A15 who asks for much and reads none of it is cut', async () => {
    await using rig = await openRig({ limits: { stalledMs: 400 } });
    const log = await rig.begin('long');
    await log.append(encodeRecord('step.started', 1, 1, { model: 'm' }));
    await log.tell('.'.repeat(16 * 1024 * 1024));
    const raw = await rig.dialRaw();
    raw.socket.pause();
    raw.write(`GET /v1/runs/${log.run} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    const gone = new Promise<void>((resolve) => raw.socket.once('error', () => resolve()));
    const poke = setInterval(() => raw.write('x'), 50);
    await gone;
    clearInterval(poke);
    await rig.turn();
  });

  test('A15 a body over 1 MiB is refused with 413, announced or not', async () => {
    await using rig = await openRig();
    const announced = await rig.dialRaw();
    announced.write(`POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${LIMITS.maxBodyBytes + 1}\r\n\r\n`);
    await announced.until(/^HTTP\/1\.1 413 [^]*TOO_LARGE/);
    const chunked = await rig.dialRaw();
    chunked.write('POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n');
    chunked.write(`${(LIMITS.maxBodyBytes + 1).toString(16)}\r\n${' '.repeat(LIMITS.maxBodyBytes + 1)}\r\n`);
    await chunked.until(/^HTTP\/1\.1 413 [^]*TOO_LARGE/);
  });

  test('A16 a half-open peer is ended after 40 s without a pong; one that answers stays', async () => {
    await using rig = await openRig();
    const dead = await rig.dialRaw();
    await dead.upgrade();
    const alive = await rig.dial();
    for (let second = 1; second <= 39; second++) {
      await rig.clock.advance(1_000);
      await rig.turn();
    }
    expect(rig.gateway.connections).toBe(2);
    await rig.clock.advance(2_000);
    await dead.ended;
    await rig.turn();
    expect(rig.gateway.connections).toBe(1);
    expect(alive.socket.readyState).toBe(alive.socket.OPEN);
  });
});

describe('A17 requests that mean two things', () => {
  test.each([
    ['two Host headers', 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n'],
    ['two Host headers on an upgrade', upgradeWith('Host: 127.0.0.1\r\nHost: evil.example\r\n')],
    ['no Host header', 'GET /healthz HTTP/1.1\r\n\r\n'],
    ['no Host header in HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n'],
    [
      'Content-Length and Transfer-Encoding',
      'POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two Content-Lengths', 'POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n{}  '],
    ['an unknown Transfer-Encoding', 'POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    [
      'h2c',
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
    ],
    ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an upgrade to two things', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n'],
    ['a header folded over lines', 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: a\r\n b\r\n\r\n'],
    ['a target that is no URL', 'GET // HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
    ['an absolute target that is no URL', 'GET http://[ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
    ['an upgrade of a target that is no URL', upgradeWith('Host: 127.0.0.1\r\n', '//')],
    ['a WebSocket version of long ago', upgradeWith('Host: 127.0.0.1\r\n').replace('Version: 13', 'Version: 7')],
    ['a WebSocket key that is none', upgradeWith('Host: 127.0.0.1\r\n').replace(/Key: \S+/, 'Key: x')],
    ['a subprotocol that is no token', upgradeWith('Host: 127.0.0.1\r\nSec-WebSocket-Protocol: a b\r\n')],
  ])('A17 %s: 400, and the connection ends', async (_name, bytes) => {
    await using rig = await openRig();
    const raw = await rig.dialRaw();
    raw.write(bytes);
    await raw.until(/^HTTP\/1\.1 400 /);
    raw.socket.end();
    await raw.ended;
    expect(rig.gateway.connections).toBe(0);
    expect(rig.defects).toEqual([]);
  });

  test('A17 headers of more than 16 KiB are refused with 431', async () => {
    await using rig = await openRig();
    const raw = await rig.dialRaw();
    raw.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ${'a'.repeat(17 * 1024)}\r\n\r\n`);
    await raw.until(/^HTTP\/1\.1 431 /);
  });

  test('A17 a refused body is not taken for the next request', async () => {
    await using rig = await openRig({ token: () => 'secret' });
    const raw = await rig.dialRaw();
    const inner = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    raw.write(`POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`);
    await raw.until(/^HTTP\/1\.1 401 /);
    raw.socket.end();
    await raw.ended;
    expect(raw.text().match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });
});

function upgradeWith(headers: string, target = '/'): string {
  return `GET ${target} HTTP/1.1\r\n${headers}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
}

const RUN_CHARS = 200_000;

/** Runs that have ended, 32 MB of them: more than the kernel's buffers hold. */
async function endedRuns(rig: Rig): Promise<Log[]> {
  const logs = await Promise.all(Array.from({ length: 160 }, (_, i) => rig.begin(`long ${i}`)));
  for (const log of logs) await log.tell('a'.repeat(RUN_CHARS / 2), 'b'.repeat(RUN_CHARS / 2));
  return logs;
}

/** A store that counts the characters of records it gave out. */
function countReads(): { readonly store: Store; readonly fed: () => number } {
  const inner = createMemoryStore();
  let fed = 0;
  const store: Store = {
    ...inner,
    runs: {
      ...inner.runs,
      read(key, after, maxBytes) {
        const page = inner.runs.read(key, after, maxBytes);
        if (!(page instanceof Promise)) fed += page.chunk?.body.length ?? 0;
        return page;
      },
    },
  };
  return { store, fed: () => fed };
}
