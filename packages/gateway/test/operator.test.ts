/** `GET /v1/backup` and `POST /v1/verify`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemRandom } from '@openclaw-runtime/kit';
import { encodeRecord } from '@openclaw-runtime/protocol';
import { openSqliteStore, restoreBackup, runKey, type Store } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { startGateway } from '../src/index.ts';

interface Served extends AsyncDisposable {
  readonly folder: string;
  readonly store: Store;
  readonly http: string;
  readonly port: number;
}

/** A gateway over a data folder with so many characters in one run. */
async function serve(chars: number, token?: string): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-operator-'));
  const store = await openSqliteStore({ folder: join(folder, 'data') });
  const input = 'x'.repeat(chars);
  await store.runs.create(
    runKey('default', 'r'.repeat(22)),
    encodeRecord('run.created', 0, 0, { agent: 'default', input, at: 0, fingerprint: 'f' }),
    'f',
  );
  const defects: unknown[] = [];
  const gateway = await startGateway({
    store,
    clock: systemClock,
    random: systemRandom,
    host: '127.0.0.1',
    port: 0,
    ...(token === undefined ? {} : { token: () => token }),
    serverName: 'test',
    onDefect: (_id, error) => defects.push(error),
  });
  return {
    folder,
    store,
    http: gateway.url.replace('ws', 'http'),
    port: gateway.port,
    async [Symbol.asyncDispose]() {
      await gateway.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
      expect(defects).toEqual([]);
    },
  };
}

test('a backup over HTTP is one that can be restored, and has the length that it announces', async () => {
  await using served = await serve(1_000);
  const response = await fetch(`${served.http}/v1/backup`);
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(response.headers.get('content-length')).toBe(String(bytes.length));
  writeFileSync(join(served.folder, 'copy'), bytes);
  await restoreBackup({ file: join(served.folder, 'copy'), folder: join(served.folder, 'other') });
  await using other = Object.assign(await openSqliteStore({ folder: join(served.folder, 'other') }), {
    async [Symbol.asyncDispose](this: Store) {
      await this.close();
    },
  });
  expect((await other.runs.read(runKey('default', 'r'.repeat(22)), 0, 1)).head.seq).toBe(1);
});

test('one at a time; a peer that goes makes room for the next', async () => {
  await using served = await serve(20_000_000);
  const socket = connect(served.port, '127.0.0.1');
  socket.write('GET /v1/backup HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  expect((await fetch(`${served.http}/v1/backup`)).status).toBe(429);
  socket.destroy();
  for (;;) {
    const response = await fetch(`${served.http}/v1/backup`);
    await response.body?.cancel();
    if (response.status === 200) break;
    expect(response.status).toBe(429);
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test('a verification answers with its report, or with lines that say how far it is', async () => {
  await using served = await serve(1_000);
  const report = { damaged: [], counts: { journal: 1, records: 1 } };
  expect(await (await fetch(`${served.http}/v1/verify`, { method: 'POST' })).json()).toMatchObject(report);
  const lines = await (await fetch(`${served.http}/v1/verify`, { method: 'POST', headers: { accept: 'application/x-ndjson' } })).text();
  const said = lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(said.at(-1)).toMatchObject({ report });
  expect(said.slice(0, -1)).toEqual(said.slice(0, -1).map(() => ({ share: expect.any(Number) })));
});

test.each([
  ['GET', '/v1/backup', 401],
  ['POST', '/v1/verify', 401],
])('%s %s wants the token', async (method, path, status) => {
  await using served = await serve(10, 'a-token-of-this-test');
  expect((await fetch(`${served.http}${path}`, { method })).status).toBe(status);
  const other = await fetch(`${served.http}${path}`, { method: 'PUT', headers: { authorization: 'Bearer a-token-of-this-test' } });
  expect(other.status).toBe(405);
});
