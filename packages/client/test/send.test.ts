import { expect, test } from 'vitest';
import { OpenClawClient } from '../src/index.ts';
import { openFakePeer, RUN } from './fake-peer.ts';

const OTHER = 'BBBBBBBBBBBBBBBBBBBBBB';

test('a message travels with its mode, queues by default, and resolves when it is durable (3.8)', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  void client.connect(peer.url);
  const run = client.attach(RUN);
  const session = await peer.welcome();
  await session.take('attach');
  let durable = false;
  const sending = run.send('more').then(() => {
    durable = true;
  });
  const queued = await session.take('command');
  expect(queued).toMatchObject({ run: RUN, kind: 'send', data: { text: 'more', mode: 'queue' } });
  const steering = run.send('rather this', { mode: 'steer', id: 'mine' });
  expect(await session.take('command')).toEqual({
    t: 'command',
    run: RUN,
    id: 'mine',
    kind: 'send',
    data: { text: 'rather this', mode: 'steer' },
  });
  expect(durable).toBe(false);
  session.send({ t: 'ok', id: queued.id });
  await sending;
  session.send({ t: 'err', id: 'mine', code: 'RUN_FINISHED', message: 'over' });
  await expect(steering).rejects.toMatchObject({ code: 'RUN_FINISHED' });
  client.close();
});

test('a message that got no answer is sent again as it was, on each new connection; each has an id of its own', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient({ reconnectDelay: 1 });
  void client.connect(peer.url);
  const run = client.attach(RUN);
  const first = await peer.welcome();
  await first.take('attach');
  const sending = [run.send('same', { mode: 'interrupt' }), run.send('same', { mode: 'interrupt' })];
  const frames = [await first.take('command'), await first.take('command')];
  expect(frames[0]?.id).not.toBe(frames[1]?.id);
  first.drop();
  const second = await peer.welcome();
  expect([await second.take('command'), await second.take('command')]).toEqual(frames);
  for (const { id } of frames) second.send({ t: 'ok', id, dup: true });
  await Promise.all(sending);
  client.close();
});

test('an id that is under way is not mistaken for another: the second waits for the first one’s answer', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  void client.connect(peer.url);
  const [one, other] = [client.attach(RUN), client.attach(OTHER)];
  const session = await peer.welcome();
  await session.take('attach');
  await session.take('attach');
  const sending = [one.send('a', { id: 'm' }), other.send('b', { id: 'm' })];
  expect(await session.take('command')).toMatchObject({ run: RUN, id: 'm' });
  session.send({ t: 'ok', id: 'm' });
  await sending[0];
  expect(await session.take('command')).toMatchObject({ run: OTHER, id: 'm' });
  session.send({ t: 'ok', id: 'm' });
  await sending[1];
  client.close();
});

test('a message to a run that was never started, or after the client was closed, is refused', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  void client.connect(peer.url);
  const run = client.send('hi');
  const session = await peer.welcome();
  const { ch } = await session.take('start');
  const early = run.send('more');
  session.send({ t: 'err', ch, code: 'BAD_REQUEST', message: 'no' });
  await expect(early).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  const late = client.attach(RUN);
  await session.take('attach');
  client.close();
  await expect(late.send('more')).rejects.toMatchObject({ code: 'STREAM_DISCONNECTED' });
});
