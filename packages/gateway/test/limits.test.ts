import { LIMITS } from '@openclaw-runtime/protocol';
import { createMemoryStore, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { checkListen, GATEWAY_LIMITS } from '../src/index.ts';
import { clientFrame, HELLO, type Log, openRig, type Rig } from './rig.ts';

const TEXT = 0x81;
const PING = 0x89;

describe('who may come in', () => {
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
});

describe('who takes nothing', () => {
  test('A14 a slow reader costs 1 MiB and no more, harms nobody, and is closed with 4408 after 120 s', { timeout: 60_000 }, async () => {
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

    for (let passed = 0; passed < 119_000; passed += 7_000) {
      await rig.clock.advance(7_000);
      // The quick one has time to answer pings.
      await rig.turn();
    }
    expect(rig.gateway.connections).toBe(2);
    await rig.clock.advance(3_000);
    slow.socket.resume();
    expect(await slow.closeCode()).toBe(4408);
    slow.socket.destroy();
    await rig.turn();
    expect(rig.gateway.connections).toBe(1);
  });

  test('A14 a reader that was slow and takes up again goes on from its cursors and is not taken for gone', {
    timeout: 60_000,
  }, async () => {
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
});

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
