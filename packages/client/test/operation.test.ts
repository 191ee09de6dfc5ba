/** Operations, what their runs tell of tools and people, and the answers. */
import { NO_USAGE, type Payloads } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { OpenClawClient } from '../src/index.ts';
import { openFakePeer, RUN } from './fake-peer.ts';
import { CREATED, createLog, ENDED, type Entry, STEP } from './log.ts';
import { watch } from './screen.ts';

const asked: Payloads['approval.asked'] = {
  id: 'a1',
  about: 'tool',
  name: 'shell',
  text: '{"argv":["ls"]}',
  hash: 'h'.repeat(64),
  expiresAt: 1,
};

test('an operation travels with its args; what it is called is its name where nothing else is said', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  void client.connect(peer.url);
  client.run({ operation: 'train', args: { epochs: 3 } });
  client.run({ operation: 'train', args: null, input: 'Train it.', agent: 'a' });
  client.run({ input: 'Hello' });
  const session = await peer.welcome();
  const requests = [await session.take('start'), await session.take('start'), await session.take('start')].map(({ run }) => run);
  expect(requests).toEqual([
    { input: 'train', operation: 'train', args: { epochs: 3 } },
    { input: 'Train it.', operation: 'train', args: null, agent: 'a' },
    { input: 'Hello' },
  ]);
  client.close();
});

test('args that JSON cannot hold are refused at once, and disturb no other run', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  void client.connect(peer.url);
  const session = await peer.welcome();
  const circle: unknown[] = [];
  circle.push(circle);
  for (const args of [circle, 1n]) expect(() => client.run({ operation: 'x', args })).toThrow(TypeError);
  client.send('hi');
  expect((await session.take('start')).run).toEqual({ input: 'hi' });
  client.close();
});

test('what was returned is in the result, as the server wrote it', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  void client.connect(peer.url);
  const run = client.attach(RUN);
  const session = await peer.welcome();
  const { ch } = await session.take('attach');
  const finished: Entry = ['run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE, value: '{"loss":0.5}' }];
  const log = createLog(CREATED, finished);
  session.send({ t: 'attached', ch, run: RUN, epoch: 1, mode: 'replay', from: 0, head: 2, done: true });
  session.batches(log.batch(ch, 1));
  expect(await run.result()).toMatchObject({ status: 'completed', value: '{"loss":0.5}', error: undefined });
  client.close();
});

test('calls and results, questions and answers are told in order, behind the text that was before', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient({ tokenBatchSize: 10, tokenBatchDelay: 60_000 });
  const screen = watch(client);
  void client.connect(peer.url);
  client.attach(RUN);
  const session = await peer.welcome();
  const { ch } = await session.take('attach');
  const call = { id: 'c', name: 'shell', arguments: '{}' };
  const log = createLog(
    CREATED,
    STEP,
    ['text', 1, 1, 'a'],
    ['text', 1, 1, 'b'],
    ['tool.called', 1, 1, call],
    ENDED,
    ['approval.asked', 0, 0, asked],
    ['approval.given', 0, 0, { id: 'a1', answer: 'allow', command: 'x' }],
    ['tool.started', 0, 0, { id: 'c', name: 'shell', key: 'k' }],
    ['tool.result', 0, 0, { id: 'c', name: 'shell', ms: 5, content: 'done' }],
    ['run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE }],
  );
  session.send({ t: 'attached', ch, run: RUN, epoch: 1, mode: 'replay', from: 0, head: log.head, done: true });
  session.batches(log.batch(ch, 1));
  await screen.done;
  expect(screen.story).toEqual(['token a', 'token b', 'tool c', 'tool a1', 'allow a1', 'result c', 'done completed']);
  client.close();
});

test('3.10 an answer names the approval and its hash, allows by default, and is sent again until it is durable', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient({ reconnectDelay: 1 });
  void client.connect(peer.url);
  const run = client.attach(RUN);
  const first = await peer.welcome();
  await first.take('attach');
  const sending = [run.approve(asked), run.approve(asked, { answer: 'deny', text: 'no' })];
  const frames = [await first.take('command'), await first.take('command')];
  const { id: approval, hash } = asked;
  expect(frames).toMatchObject([
    { run: RUN, kind: 'approve', data: { approval, hash, answer: 'allow' } },
    { run: RUN, kind: 'approve', data: { approval, hash, answer: 'deny', text: 'no' } },
  ]);
  expect(frames[0]?.data).not.toHaveProperty('text');
  first.drop();
  const second = await peer.welcome();
  expect([await second.take('command'), await second.take('command')]).toEqual(frames);
  second.send({ t: 'ok', id: frames[0]!.id });
  await sending[0];
  second.send({ t: 'err', id: frames[1]!.id, code: 'RUN_FINISHED', message: 'over' });
  await expect(sending[1]).rejects.toMatchObject({ code: 'RUN_FINISHED' });
  client.close();
});
