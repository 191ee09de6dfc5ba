/** The encrypted line, and what is not served on it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRig, type Rig } from '../../packages/gateway/test/rig.ts';
import { makeFolder } from '../house/folder.ts';

const folder = makeFolder();
const REFUSED = /ERR_SSL|ECONNRESET|EPROTO|ended/;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
let rig: Rig;

beforeAll(async () => {
  const [key, cert] = [folder.in('key.pem'), folder.in('cert.pem')];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=one.example'];
  execFileSync('openssl', [...args, '-addext', 'subjectAltName=DNS:one.example', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  rig = await openRig({ tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') } });
});
afterAll(async () => {
  await rig?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** What the handshake came to: the version, or why there was none. */
function shake(options: ConnectionOptions = {}, then?: (socket: TLSSocket, done: (said: string) => void) => void): Promise<string> {
  return new Promise((resolve) => {
    const where = { port: rig.gateway.port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'one.example' };
    const socket = connect({ ...where, ...options }, () => (then ? then(socket, resolve) : done(String(socket.getProtocol()))));
    const done = (said: string): void => {
      resolve(said);
      socket.destroy();
    };
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
    socket.on('close', () => done('ended'));
  });
}

test('A18 · old versions and weak ciphers get no handshake', async () => {
  expect(await shake()).toBe('TLSv1.3');
  expect(await shake({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
  for (const version of ['TLSv1', 'TLSv1.1'] as const)
    expect(await shake({ minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }), version).toMatch(REFUSED);
  for (const ciphers of [
    'ECDHE-ECDSA-AES128-SHA',
    'AES128-SHA',
    'NULL@SECLEVEL=0',
    'aNULL@SECLEVEL=0',
    '3DES@SECLEVEL=0',
    'RC4@SECLEVEL=0',
  ])
    expect(await shake({ maxVersion: 'TLSv1.2', ciphers }).catch(() => 'ERR_SSL'), ciphers).toMatch(REFUSED);
  expect(await shake()).toBe('TLSv1.3');
});

test('A18 · nobody negotiates anew on a line that stands', async () => {
  const said = await shake({ maxVersion: 'TLSv1.2' }, (socket, done) => {
    socket.renegotiate({}, (error) => done(error ? 'refused' : 'renegotiated'));
  });
  expect(said).toMatch(/refused|ERR_SSL|ECONNRESET|ended/);
  expect(await shake()).toBe('TLSv1.3');
});

test('A18 · a name that is nobody’s, or none at all, and bytes that are no TLS end at most their own socket', async () => {
  await using neighbour = await rig.dialRaw().then((raw) => ({ raw, [Symbol.asyncDispose]: async () => void raw.socket.destroy() }));
  for (const servername of ['nobody.example', `${'a'.repeat(60)}.${'b'.repeat(60)}`, ''])
    expect(await shake({ servername }), servername).toBe('TLSv1.3');
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.alloc(64, 0x16),
    helloWithName(Buffer.from([0xff, 0, 0x0a, 0x2e, 0x2e])),
  ])
    await new Promise<void>((resolve) => {
      const socket = connectPlain(rig.gateway.port, '127.0.0.1', () => socket.end(bytes));
      socket.resume();
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
  expect(neighbour.raw.socket.readyState).toBe('open');
  expect(await shake()).toBe('TLSv1.3');
  expect(rig.defects).toEqual([]);
});

test('A19 · HTTP/2 is not offered: who speaks nothing else gets no handshake', async () => {
  expect(await shake({ ALPNProtocols: ['h2'] })).toMatch(REFUSED);
  const chosen = await shake({ ALPNProtocols: ['h2', 'http/1.1'] }, (socket, done) => {
    done(String(socket.alpnProtocol));
    socket.destroy();
  });
  expect(chosen).toBe('http/1.1');
});

test.each([
  [
    'rapid resets',
    (i: number) => Buffer.concat([h2Frame(1, 5, 1 + 2 * i, '\x82\x84\x86\x41\x01a'), h2Frame(3, 0, 1 + 2 * i, '\0\0\0\x08')]),
  ],
  ['continuations without an end', (i: number) => h2Frame(i === 0 ? 1 : 9, 0, 1, 'x'.repeat(1_000))],
  ['settings', () => h2Frame(4, 0, 0, '\0\x03\0\0\0\x64')],
  ['pings', () => h2Frame(6, 0, 0, 'x'.repeat(8))],
])('A19 · a flood of HTTP/2 %s ends its connection, and nothing else', async (_name, frame) => {
  const heard = await shake({}, (socket, done) => {
    let said = '';
    socket.on('data', (data: Buffer) => {
      said += data.toString('latin1');
    });
    socket.on('close', () => done(said));
    socket.write(Buffer.concat([Buffer.from(PREFACE), h2Frame(4, 0, 0, ''), ...Array.from({ length: 2_000 }, (_, i) => frame(i))]));
  });
  expect(heard).toMatch(/^HTTP\/1\.1 400 |ECONNRESET|EPIPE|ended/);
  expect(rig.gateway.connections).toBe(0);
  expect(await shake()).toBe('TLSv1.3');
  expect(rig.defects).toEqual([]);
});

function h2Frame(type: number, flags: number, stream: number, payload: string): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, Buffer.from(payload, 'latin1')]);
}

/** The beginning of a handshake whose server name is these bytes. */
function helloWithName(name: Buffer): Buffer {
  const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
  const entry = Buffer.concat([Buffer.from([0]), u16(name.length), name]);
  const list = Buffer.concat([u16(entry.length), entry]);
  const extension = Buffer.concat([u16(0), u16(list.length), list]);
  const body = Buffer.concat([
    ...[u16(0x0303), Buffer.alloc(32, 7), Buffer.from([0]), u16(2), u16(0xc02b)],
    ...[Buffer.from([1, 0]), u16(extension.length), extension],
  ]);
  const hello = Buffer.concat([Buffer.from([1, 0]), u16(body.length), body]);
  return Buffer.concat([Buffer.from([0x16, 3, 1]), u16(hello.length), hello]);
}
