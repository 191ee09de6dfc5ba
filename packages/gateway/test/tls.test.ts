import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { HELLO, openRig } from './rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'openclaw-tls-'));
const made: { one?: Pair; two?: Pair } = {};

interface Pair {
  readonly cert: string;
  readonly key: string;
}

beforeAll(() => {
  made.one = makePair('one.example');
  made.two = makePair('two.example');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function makePair(name: string): Pair {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`];
  execFileSync('openssl', [...args, '-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** The name on the certificate, or why there was no handshake. */
function shake(port: number, options: ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'one.example', ...options }, () => {
      resolve(`${socket.getProtocol()} ${String(socket.getPeerCertificate().subject.CN)}`);
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

test('with a certificate the line is encrypted, by HTTP and by WebSocket, and this machine’s own line is plain', async () => {
  const { one } = made;
  await using rig = await openRig({ tls: one as Pair, token: () => 'secret' });
  const { port, url, localUrl } = rig.gateway;
  expect(url).toBe(`wss://127.0.0.1:${port}`);
  const status = await new Promise((resolve, reject) => {
    httpsRequest({ port, host: '127.0.0.1', path: '/healthz', ca: one?.cert, servername: 'one.example', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(200);
  const socket = new WebSocket(url, { ca: one?.cert, servername: 'one.example' } as object);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.terminate();
  // What is not TLS gets no answer there.
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();

  const http = localUrl.replace('ws', 'http');
  expect((await fetch(`${http}/v1/runs`)).status).toBe(401);
  expect((await fetch(`${http}/v1/runs`, { headers: { authorization: 'Bearer secret' } })).status).toBe(200);
  const local = new WebSocket(localUrl, 'openclaw-runtime.v1');
  await new Promise((resolve) => local.once('open', resolve));
  local.send(JSON.stringify({ ...HELLO, token: 'secret' }));
  const [welcome] = await new Promise<Buffer[]>((resolve) => local.once('message', (data: Buffer) => resolve([data])));
  expect(String(welcome)).toContain('"welcome"');
  local.terminate();
});

test('A18 old versions and weak ciphers get no handshake, a strange name does no harm', async () => {
  await using rig = await openRig({ tls: made.one as Pair });
  const { port } = rig.gateway;
  const old = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  expect(await shake(port)).toBe('TLSv1.3 one.example');
  expect(await shake(port, { maxVersion: 'TLSv1.2' })).toBe('TLSv1.2 one.example');
  expect(await shake(port, { ...old, maxVersion: 'TLSv1.1' })).toMatch(/ERR_SSL|ECONNRESET|EPROTO/);
  expect(await shake(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' })).toMatch(/ERR_SSL|ECONNRESET|EPROTO/);
  expect(await shake(port, { servername: 'nobody.example' })).toBe('TLSv1.3 one.example');
  expect(await shake(port)).toBe('TLSv1.3 one.example');
});

test('a renewed certificate is used from the next handshake on; one that is none changes nothing', async () => {
  await using rig = await openRig({ tls: made.one as Pair });
  const { port } = rig.gateway;
  const rest = { origins: [], connections: 10, connectionsPerAddress: 10 };
  expect(() => rig.gateway.change({ ...rest, tls: { cert: made.one?.cert ?? '', key: made.two?.key ?? '' } })).toThrow(
    expect.objectContaining({ code: 'BAD_CONFIG' }),
  );
  expect(await shake(port)).toBe('TLSv1.3 one.example');
  rig.gateway.change({ ...rest, tls: made.two as Pair });
  expect(await shake(port)).toBe('TLSv1.3 two.example');
});

test('a certificate that is none is said before anything listens', async () => {
  await expect(openRig({ tls: { cert: 'nonsense', key: 'nonsense' } })).rejects.toMatchObject({ code: 'BAD_CONFIG' });
});
