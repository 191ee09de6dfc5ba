import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { OpenClawClient } from '../src/index.ts';
import { createFakeSockets, type FakeSocket } from './fake-sockets.ts';

const CLUSTER = { 'a/b': ['ws://left:1', 'ws://right:1'] };

async function open() {
  const sockets = createFakeSockets();
  const client = new OpenClawClient({ poolSize: 2, reconnectDelay: 2, clusters: CLUSTER, WebSocket: sockets.WebSocket });
  await client.connect('agent://a/b');
  const [left, right] = sockets.opened as [FakeSocket, FakeSocket];
  return { client, sockets, left, right };
}

test('runs go to the connection with the fewest, and those of a cluster lead to all its servers', async () => {
  const { client, sockets, left, right } = await open();
  expect([left.url, right.url]).toEqual(['ws://left:1', 'ws://right:1']);
  const tokens: string[] = [];
  client.on('token', (token) => tokens.push(token));
  const first = client.send('one');
  const second = client.send('two');
  await sockets.answer(right, 'second');
  expect(await second.text()).toBe('second');
  // The first is still under way.
  const third = client.send('three');
  await sockets.answer(right, 'third');
  expect(await third.text()).toBe('third');
  expect([left.starts.length, tokens]).toEqual([1, ['second', 'third']]);
  client.close();
  await expect(first.result()).rejects.toMatchObject({ code: 'STREAM_DISCONNECTED' });
  expect([left.isClosed, right.isClosed]).toEqual([true, true]);
});

test('one connection that drops is made again, and the other does not notice', async () => {
  const { client, sockets, left, right } = await open();
  const story: string[] = [];
  client.on('error', ({ code }) => story.push(code)).on('reconnected', () => story.push('reconnected'));
  left.drop();
  await client.reconnect();
  expect(story).toEqual(['STREAM_DISCONNECTED', 'reconnected']);
  expect([sockets.opened.length, right.isClosed]).toEqual([3, false]);
  const run = client.send('hi');
  await sockets.answer(sockets.opened[2] as FakeSocket, 'here');
  expect(await run.text()).toBe('here');
  client.close();
});

test('one that has given up gets no more runs', async () => {
  const refused: string[] = [];
  const sockets = createFakeSockets();
  const client = new OpenClawClient({
    poolSize: 2,
    maxReconnectAttempts: 0,
    clusters: CLUSTER,
    WebSocket: sockets.WebSocket,
  });
  await client.connect('agent://a/b');
  client.on('error', ({ code }) => refused.push(code));
  const [left, right] = sockets.opened as [FakeSocket, FakeSocket];
  left.drop();
  expect(refused).toEqual(['STREAM_DISCONNECTED', 'RECONNECT_FAILED']);
  const runs = [client.send('one'), client.send('two')];
  for (const text of ['first', 'second']) await sockets.answer(right, text);
  expect(await Promise.all(runs.map((run) => run.text()))).toEqual(['first', 'second']);
  client.close();
});

test('a pool has a whole number of connections', () => {
  for (const poolSize of [0, 1.5, 65])
    expect(() => new OpenClawClient({ poolSize })).toThrow(`poolSize is ${poolSize}. Give a whole number from 1 to 64.`);
});

test('where one of them cannot be had, none is kept', async () => {
  const sockets = createFakeSockets('ws://right:1');
  const client = new OpenClawClient({ poolSize: 2, autoReconnect: false, clusters: CLUSTER, WebSocket: sockets.WebSocket });
  await expect(client.connect('agent://a/b')).rejects.toMatchObject({ code: 'STREAM_DISCONNECTED' });
  await turn();
  expect(sockets.opened.map(({ isClosed }) => isClosed)).toEqual([true, true]);
});
