/** Requests that mean two things, or another protocol. */
import { expect, test } from 'vitest';
import { openRig } from '../../packages/gateway/test/rig.ts';

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
])('A17 · %s: 400, and the connection ends', async (_name, bytes) => {
  await using rig = await openRig();
  const raw = await rig.dialRaw();
  raw.write(bytes);
  await raw.until(/^HTTP\/1\.1 400 /);
  raw.socket.end();
  await raw.ended;
  expect(rig.gateway.connections).toBe(0);
  expect(rig.defects).toEqual([]);
});

test('A17 · headers of more than 16 KiB are refused with 431', async () => {
  await using rig = await openRig();
  const raw = await rig.dialRaw();
  raw.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ${'a'.repeat(17 * 1024)}\r\n\r\n`);
  await raw.until(/^HTTP\/1\.1 431 /);
});

test('A17 · a refused body is not taken for the next request', async () => {
  await using rig = await openRig({ token: () => 'secret' });
  const raw = await rig.dialRaw();
  const inner = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
  raw.write(`POST /v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`);
  await raw.until(/^HTTP\/1\.1 401 /);
  raw.socket.end();
  await raw.ended;
  expect(raw.text().match(/HTTP\/1\.1 /g)).toHaveLength(1);
});

function upgradeWith(headers: string, target = '/'): string {
  return `GET ${target} HTTP/1.1\r\n${headers}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
}
