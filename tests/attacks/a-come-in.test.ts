/** Who may open a connection at all. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SUBPROTOCOL } from '@openclaw-runtime/protocol';
import { OpenClawClient } from 'openclaw-runtime';
import { expect, test } from 'vitest';
import { HELLO, openRig } from '../../packages/gateway/test/rig.ts';

test.each([
  ['A1 · a foreign origin', { origin: 'http://evil.example' }],
  ['A2 · the origin null', { origin: 'null' }],
  ['A2 · an origin with ours as its prefix', { origin: 'http://127.0.0.1.evil.example' }],
  ['A2 · an origin with another scheme', { origin: 'chrome-extension://127.0.0.1' }],
  ['A2 · our host with another port', { origin: 'http://127.0.0.1:1' }],
  ['A2 · our host behind a name and a password', { origin: 'http://127.0.0.1@evil.example' }],
  ['A2 · our host written in capitals with a dot', { origin: 'HTTP://127.0.0.1.' }],
  ['A2 · an origin that is a list', { origin: 'http://evil.example http://127.0.0.1' }],
  ['A2 · an empty origin', { headers: { origin: '' } }],
  ['A3 · a foreign host on loopback', { headers: { host: 'evil.example' } }],
  ['A3 · a host with ours as its prefix', { headers: { host: '127.0.0.1.evil.example' } }],
])('%s is refused with 403 before the upgrade', async (_name, options) => {
  await using rig = await openRig();
  await expect(rig.dialStranger(options)).rejects.toThrow(/^403 .*FORBIDDEN/);
  expect(rig.gateway.connections).toBe(0);
});

test('A1 · a listed origin and the server’s own are let in, on exact match', async () => {
  await using rig = await openRig({ origins: ['https://app.example'] });
  await rig.dial({ origin: 'https://app.example' });
  await rig.dial({ origin: rig.http });
  await expect(rig.dialStranger({ origin: 'https://app.example:8443' })).rejects.toThrow(/^403/);
  await expect(rig.dialStranger({ origin: 'http://app.example' })).rejects.toThrow(/^403/);
});

test.each(['token', 'access_token', 'api_key', 'auth', '%74oken'])('A5 · ?%s= is refused with 400, by WebSocket and HTTP', async (name) => {
  await using rig = await openRig({ token: () => 'secret' });
  await expect(rig.dialStranger({}, `/?${name}=secret`)).rejects.toThrow(/^400 .*BAD_REQUEST/);
  const response = await fetch(`${rig.http}/v1/runs?${name}=secret`, { method: 'POST', headers: { authorization: 'Bearer secret' } });
  expect(response.status).toBe(400);
  expect(await response.text()).not.toContain('secret');
});

test('A2 · without an origin it is no page: a token is asked for as of everybody', async () => {
  await using rig = await openRig({ token: () => 'secret' });
  const peer = await rig.dialStranger();
  peer.send(HELLO);
  expect((await peer.closed)[0]).toBe(4401);
  const known = await rig.dialStranger();
  known.send({ ...HELLO, token: 'secret' });
  await known.next('welcome');
});

test.each([
  'evil.example',
  '127.0.0.1.evil.example',
  'localhost.evil.example:80',
  '0x7f.1',
  '2130706433',
  '127.0.0.1:80:80',
  '[::ffff:7f00:1]',
  '',
])('A3 · with the Host %j nothing is answered, by HTTP either', async (host) => {
  await using rig = await openRig();
  const raw = await rig.dialRaw();
  raw.write(`GET /v1/runs HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  await raw.ended;
  expect(raw.text()).toMatch(/^HTTP\/1\.1 40[03] /);
  expect(raw.text()).not.toContain('"runs"');
  await rig.dial();
});

test('A4 · a client asks the address that it was given, not one that an address names or an answer points to, and puts no token into one', async () => {
  const heard: string[] = [];
  const other = createServer((request) => heard.push(`${request.url}`)).on('upgrade', (request, stream) => {
    heard.push(`${request.url}`);
    stream.destroy();
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const elsewhere = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const asked: string[] = [];
  const leading = createServer().on('upgrade', (request, stream) => {
    asked.push(`${request.url} ${JSON.stringify(request.rawHeaders)}`);
    stream.end(`HTTP/1.1 307 Temporary Redirect\r\nLocation: ws://${elsewhere}/\r\nContent-Length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve) => leading.listen(0, '127.0.0.1', resolve));
  try {
    const client = new OpenClawClient({ token: 'canary-token', maxReconnectAttempts: 1, reconnectDelay: 10 });
    const { port } = leading.address() as AddressInfo;
    await expect(client.connect(`ws://127.0.0.1:${port}/?gatewayUrl=ws://${elsewhere}`)).rejects.toThrow();
    client.close();
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.join()).not.toContain('canary-token');
    expect(heard).toEqual([]);

    await using rig = await openRig({ token: () => 'canary-token' });
    const known = new OpenClawClient({ token: 'canary-token' });
    await known.connect(`${rig.gateway.url}/?gatewayUrl=ws://${elsewhere}`);
    known.close();
    expect(heard).toEqual([]);
  } finally {
    other.close();
    leading.close();
  }
});

test('A5 · a token in a URL stands in no answer and no note', async () => {
  const notes: unknown[] = [];
  await using rig = await openRig({
    token: () => 'secret',
    audit: {
      note: (entry) => void notes.push(entry),
      async ensure(entry) {
        notes.push(entry);
      },
    },
  });
  for (const path of ['/v1/runs', '/v1/responses/x', '/mcp', '/v1/nothing']) {
    const response = await fetch(`${rig.http}${path}?a=b&token=canary-token`);
    expect([response.status, await response.text()]).toEqual([400, expect.not.stringContaining('canary-token')]);
  }
  expect(JSON.stringify(notes)).not.toContain('canary-token');
  expect(rig.defects).toEqual([]);
});

test.each([
  ['a line end in a subprotocol', 'Sec-WebSocket-Protocol: openclaw.v1\rX-Evil: 1'],
  ['a zero byte', 'Sec-WebSocket-Protocol: a\0b'],
  ['a subprotocol that is no token', 'Sec-WebSocket-Protocol: a b'],
  ['a subprotocol twice', 'Sec-WebSocket-Protocol: x, x'],
  ['nothing between commas', 'Sec-WebSocket-Protocol: x,,y'],
  ['a second key', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
  ['a second version', 'Sec-WebSocket-Version: 8'],
])('A20 · %s: 400, and nothing of it is repeated', async (_name, line) => {
  await using rig = await openRig();
  const raw = await rig.dialRaw();
  raw.write(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${line}\r\n\r\n`,
  );
  await raw.until(/\r\n\r\n/);
  expect(raw.text()).toMatch(/^HTTP\/1\.1 400 /);
  expect(raw.text()).not.toContain('X-Evil');
  await rig.dial();
  expect(rig.defects).toEqual([]);
});

test('A20 · of many subprotocols ours is chosen, and none that is only alike', async () => {
  await using rig = await openRig();
  for (const [offered, chosen] of [
    [`x, ${SUBPROTOCOL}`, SUBPROTOCOL],
    [`${SUBPROTOCOL}x`, undefined],
    [SUBPROTOCOL.toUpperCase(), undefined],
  ] as const) {
    const raw = await rig.dialRaw();
    raw.write(
      `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${offered}\r\n\r\n`,
    );
    await raw.until(/\r\n\r\n/);
    expect(/sec-websocket-protocol: (\S+)/i.exec(raw.text())?.[1]).toBe(chosen);
  }
});
