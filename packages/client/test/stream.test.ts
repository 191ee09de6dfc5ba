import { expect, test } from 'vitest';
import { OpenClawClient, OpenClawError, type RunItem } from '../src/index.ts';
import { openFakePeer, RUN } from './fake-peer.ts';
import { CREATED, createLog, ENDED, FINISHED, STEP, saying } from './log.ts';
import { watch } from './screen.ts';

const started = (ch: number, head = 0): Record<string, unknown> => ({ t: 'started', ch, run: RUN, epoch: 1, head });

test('a run is streamed: hello, start, tokens, done (2.4, 3.2, 5.1)', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient({ streaming: true, autoReconnect: true, token: 'secret' });
  const screen = watch(client);
  const connecting = client.connect(peer.url);
  const session = await peer.accept();
  expect(await session.take('hello')).toEqual({ t: 'hello', v: 1, client: 'openclaw-runtime', token: 'secret' });
  session.send({ t: 'welcome', v: 1, server: 'fake', limits: { maxFrameBytes: 1e6, maxChannels: 10, heartbeatMs: 15_000 } });
  await connecting;

  const run = client.send('hi');
  expect(run.id).toBeUndefined();
  const { ch, run: request, hold } = await session.take('start');
  expect(request).toEqual({ input: 'hi' });
  expect(hold).toBeUndefined();
  session.send(started(ch));
  expect(await run.started).toBe(RUN);
  const log = saying('Hel', 'lo');
  session.batches(log.batch(ch, 1, 3));
  session.batches(log.batch(ch, 4));
  const result = await screen.done;
  expect(result).toEqual(await run.result());
  expect(result).toMatchObject({ status: 'completed', reason: 'stop', text: 'Hello', thinking: '', toolCalls: [], cost: undefined });
  expect(await run.text()).toBe('Hello');
  expect(screen.story).toEqual(['token Hel', 'token lo', 'done completed']);
  const items: RunItem[] = [];
  for await (const item of run) items.push(item);
  expect(items.map((item) => item.seq)).toEqual([1, 2, 3, 4, 5, 6]);
  client.close();
  await session.gone;
});

test('all that a run may be asked travels, and a run may be asked for before there is a connection', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient({ tokenInterval: 50, clusters: { 'production/cluster-a': peer.url } });
  client.run({ input: 'x', model: 'm', level: 3, complexity: 'complex', session: 's', idempotencyKey: 'key', budget: 1, tokenInterval: 0 });
  void client.connect('agent://production/cluster-a/poet');
  const session = await peer.welcome();
  const start = await session.take('start');
  expect(start).toMatchObject({ idem: 'key' });
  expect(start.run).toEqual({
    input: 'x',
    agent: 'poet',
    model: 'm',
    level: 3,
    complexity: 'complex',
    session: 's',
    budget: 1,
    tokenInterval: 0,
  });
  client.run({ input: 'y', agent: 'other' });
  expect((await session.take('start')).run).toEqual({ input: 'y', agent: 'other', tokenInterval: 50 });
  client.close();
});

test('the level that was chosen is told, and is the result’s; a level can be set on the way', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  const levels: unknown[] = [];
  client.on('level', (level, { seq }) => levels.push([level, seq]));
  void client.connect(peer.url);
  const session = await peer.welcome();
  const run = client.run({ input: 'hi', level: 'auto' });
  const { ch } = await session.take('start');
  session.send(started(ch));
  await run.started;
  const setting = run.setLevel(4);
  const command = await session.take('command');
  expect(command).toMatchObject({ run: RUN, kind: 'level', data: { level: 4 } });
  session.send({ t: 'ok', id: command.id });
  await setting;
  const log = createLog(CREATED, ['level.chosen', 1, 0, { level: 2, model: 'm', why: ['predicted'] }], STEP, ENDED, FINISHED);
  session.batches(log.batch(ch, 1));
  expect((await run.result()).level).toBe(2);
  expect(levels).toEqual([[2, 2]]);
  client.close();
});

test('streaming: false holds the channel and delivers one token (3.7)', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient({ streaming: false });
  const screen = watch(client);
  void client.connect(peer.url);
  client.send('hi');
  const session = await peer.welcome();
  const { ch, hold } = await session.take('start');
  expect(hold).toBe(true);
  session.send(started(ch));
  session.send({ t: 'hb', heads: [[ch, 4]] });
  session.batches(saying('a', 'b', 'c').batch(ch, 1));
  await screen.done;
  expect(screen.story).toEqual(['token abc', 'done completed']);
  client.close();
});

test('a superseded attempt is rewound (4.6)', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  const screen = watch(client);
  void client.connect(peer.url);
  const run = client.send('hi');
  const session = await peer.welcome();
  const { ch } = await session.take('start');
  session.send(started(ch));
  const log = createLog(
    CREATED,
    STEP,
    ['thinking', 1, 1, 'hm'],
    ['text', 1, 1, 'one two'],
    ['step.started', 1, 2, { model: 'sim', supersedes: 1, keep: 4, keepThinking: 1 }],
    ['text', 1, 2, 'three'],
    ['step.ended', 1, 2, { finish: 'stop', usage: { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 } }],
    FINISHED,
  );
  session.batches(log.batch(ch, 1));
  expect(await run.result()).toMatchObject({ text: 'one three', thinking: 'h' });
  expect(screen.rewinds).toEqual([{ run: RUN, step: 1, keep: 4, keepThinking: 1 }]);
  expect([screen.text, screen.thinking]).toEqual(['one three', 'h']);
  client.close();
});

test('cancel resolves when acknowledged, once per id, and again when the run has ended (3.8)', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  void client.connect(peer.url);
  const run = client.send('hi');
  const cancelling = run.cancel();
  expect(run.cancel()).toBe(cancelling);
  const session = await peer.welcome();
  const { ch } = await session.take('start');
  session.send(started(ch));
  const { id, kind } = await session.take('command');
  expect(kind).toBe('cancel');
  session.send({ t: 'ok', id });
  session.send({ t: 'ok', id });
  await cancelling;
  const log = createLog(
    CREATED,
    STEP,
    ['text', 1, 1, 'so far'],
    [
      'run.finished',
      0,
      0,
      { status: 'cancelled', by: 'client', usage: { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 } },
    ],
  );
  session.batches(log.batch(ch, 1));
  expect(await run.result()).toMatchObject({ status: 'cancelled', text: 'so far' });
  expect(await run.text()).toBe('so far');

  const feedback = run.feedback({ stars: 5 });
  const command = await session.take('command');
  expect(command).toMatchObject({ run: RUN, kind: 'feedback', data: { stars: 5 } });
  session.send({ t: 'err', id: command.id, code: 'NOT_FOUND', message: 'no such run' });
  await expect(feedback).rejects.toMatchObject({ code: 'NOT_FOUND' });
  client.close();
});

test('a command without an answer is sent again with the same id on the next connection', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient({ reconnectDelay: 1 });
  void client.connect(peer.url);
  const run = client.attach(RUN);
  const cancelling = run.cancel();
  const first = await peer.welcome();
  const { id } = await first.take('command');
  first.drop();
  const second = await peer.welcome();
  expect(await second.take('command')).toMatchObject({ id });
  second.send({ t: 'err', id, code: 'RUN_FINISHED', message: 'over' });
  await cancelling;
  client.close();
});

test('a failed run has its error in the result, and text() throws it', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  void client.connect(peer.url);
  const run = client.send('hi');
  const session = await peer.welcome();
  const { ch } = await session.take('start');
  session.send(started(ch));
  const error = { code: 'PROVIDER_TIMEOUT', message: 'silent' } as const;
  const usage = { inputTokens: 1, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 };
  session.batches(createLog(CREATED, ['run.finished', 0, 0, { status: 'timed_out', error, usage }]).batch(ch, 1));
  expect(await run.result()).toMatchObject({ status: 'timed_out', error, usage });
  await expect(run.text()).rejects.toMatchObject({ code: 'PROVIDER_TIMEOUT' });
  client.close();
});

test('a run that is refused fails alone; the connection stays (2.5)', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  const screen = watch(client);
  void client.connect(peer.url);
  const bad = client.run({ input: 'x', model: 'none' });
  const good = client.send('y');
  const session = await peer.welcome();
  const first = await session.take('start');
  const second = await session.take('start');
  session.send({ t: 'err', ch: first.ch, code: 'NOT_FOUND', message: 'There is no model none.' });
  session.send(started(second.ch));
  session.batches(saying('ok').batch(second.ch, 1));
  await expect(bad.result()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(bad.started).rejects.toBeInstanceOf(OpenClawError);
  expect(await good.text()).toBe('ok');
  expect(screen.errors).toEqual(['NOT_FOUND']);
  expect(peer.count).toBe(1);
  client.close();
});

test('a request that the server would refuse for its size is not sent', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  void client.connect(peer.url);
  const run = client.send('é'.repeat(600_000));
  const session = await peer.welcome();
  await expect(run.result()).rejects.toMatchObject({ code: 'TOO_LARGE' });
  client.send('small');
  expect((await session.take('start')).run.input).toBe('small');
  client.close();
});

test('a name that the server would refuse costs that run only, and is not sent', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  const long = 'x'.repeat(129);
  const early = client.attach('short');
  void client.connect(peer.url);
  const session = await peer.welcome();
  const bad = [
    early,
    client.attach('short'),
    client.run({ input: 'x', idempotencyKey: '' }),
    client.run({ input: 'x', idempotencyKey: long }),
    client.run({ input: 'x', session: long }),
    client.run({ input: 'x', session: '' }),
    client.run({ input: 'x', agent: long }),
  ];
  for (const run of bad) await expect(run.result()).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  await expect(early.cancel()).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  client.run({ input: 'good', idempotencyKey: long.slice(1), session: '\n' });
  expect((await session.take('start')).run.input).toBe('good');
  client.attach(RUN);
  await session.take('attach');
  expect(peer.count).toBe(1);
  client.close();
});

test('a listener that throws breaks nothing, and is reported', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  client.on('token', () => {
    throw new Error('mine');
  });
  const screen = watch(client);
  void client.connect(peer.url);
  const run = client.send('hi');
  const session = await peer.welcome();
  const { ch } = await session.take('start');
  session.send(started(ch));
  session.batches(saying('a', 'b').batch(ch, 1));
  expect(await run.text()).toBe('ab');
  expect(screen.text).toBe('ab');
  expect(screen.errors).toEqual(['INTERNAL', 'INTERNAL']);
  client.close();
});

test('detach ends the following, not the run; what still comes is told to nobody', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  const screen = watch(client);
  void client.connect(peer.url);
  const run = client.send('hi');
  const session = await peer.welcome();
  const { ch } = await session.take('start');
  session.send(started(ch));
  await run.started;
  run.detach();
  expect(await session.take('detach')).toEqual({ t: 'detach', ch });
  session.batches(saying('a').batch(ch, 1));
  const items: RunItem[] = [];
  for await (const item of run) items.push(item);
  expect(items).toEqual([]);
  await expect(run.result()).rejects.toMatchObject({ code: 'STREAM_DISCONNECTED' });
  expect(screen.story).toEqual([]);
  client.close();
});

test('leaving the loop ends the iteration, and close() the rest, with a typed error', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient();
  void client.connect(peer.url);
  const left = client.send('a');
  const kept = client.send('b');
  const session = await peer.welcome();
  const log = createLog(CREATED, STEP, ['text', 1, 1, 'x'], ['text', 1, 1, 'y'], ENDED);
  for (const _ of [left, kept]) {
    const { ch } = await session.take('start');
    session.send(started(ch));
    session.batches(log.batch(ch, 1));
  }
  for await (const item of left) if (item.kind === 'text') break;
  expect(left.cursor).toMatchObject({ run: RUN, epoch: 1, seq: 3, h: log.h(3) });
  const seen: number[] = [];
  await expect(
    (async () => {
      for await (const item of kept) {
        seen.push(item.seq);
        if (item.seq === 5) client.close();
      }
    })(),
  ).rejects.toMatchObject({ code: 'STREAM_DISCONNECTED' });
  expect(seen).toEqual([1, 2, 3, 4, 5]);
  await expect(left.result()).rejects.toMatchObject({ code: 'STREAM_DISCONNECTED' });
  await expect(client.send('c').started).rejects.toMatchObject({ code: 'STREAM_DISCONNECTED' });
  await session.gone;
});
