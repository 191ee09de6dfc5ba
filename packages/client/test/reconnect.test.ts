import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type ClientOptions, OpenClawClient } from '../src/index.ts';
import { createFakeClock } from './fake-clock.ts';
import { type FakePeer, openFakePeer, RUN } from './fake-peer.ts';
import { saying } from './log.ts';
import { type Screen, watch } from './screen.ts';

const started = (ch: number, head = 0): Record<string, unknown> => ({ t: 'started', ch, run: RUN, epoch: 1, head });
const attached = (ch: number, from: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  t: 'attached',
  ch,
  run: RUN,
  epoch: 1,
  mode: 'replay',
  from,
  head: 0,
  done: false,
  ...more,
});

function begin(peer: FakePeer, options: ClientOptions = {}): { client: OpenClawClient; screen: Screen; connecting: Promise<void> } {
  const client = new OpenClawClient({ reconnectDelay: 2, ...options });
  const screen = watch(client);
  const connecting = client.connect(peer.url);
  connecting.catch(() => {});
  return { client, screen, connecting };
}

/** A run of which records 1..4 of `saying('a', 'b', 'c')` have arrived. */
async function midway(peer: FakePeer, options?: ClientOptions) {
  const log = saying('a', 'b', 'c');
  const all = begin(peer, options);
  const run = all.client.send('hi');
  const session = await peer.welcome();
  const { ch } = await session.take('start');
  session.send(started(ch));
  const told = new Promise<void>((resolve) => {
    all.client.on('token', (text) => text === 'b' && resolve());
  });
  session.batches(log.batch(ch, 1, 4));
  await told;
  return { ...all, log, run, session, ch };
}

test('a drop in the middle loses nothing and doubles nothing, and is told once (5.2, 5.3)', async () => {
  await using peer = await openFakePeer();
  const { client, screen, log, run, session } = await midway(peer);
  session.drop();
  const again = await peer.welcome();
  const attach = await again.take('attach');
  expect(attach).toEqual({ t: 'attach', ch: attach.ch, run: RUN, epoch: 1, after: 4, h: log.h(4) });
  again.send(attached(attach.ch, 4, { head: log.head }));
  again.batches(log.batch(attach.ch, 3));
  expect(await run.text()).toBe('abc');
  expect(screen.story).toEqual([
    'token a',
    'token b',
    'error STREAM_DISCONNECTED',
    'reconnect 1',
    'reconnected 1',
    'token c',
    'done completed',
  ]);
  client.close();
});

test('a start without an answer is sent again with the same key (3.3)', async () => {
  await using peer = await openFakePeer();
  const { client } = begin(peer);
  const run = client.send('hi');
  const first = await peer.welcome();
  const { idem, run: request } = await first.take('start');
  first.drop();
  const session = await peer.welcome();
  const again = await session.take('start');
  expect(again).toMatchObject({ idem, run: request });
  session.send({ ...started(again.ch, 6), dup: true });
  session.send({ ...started(again.ch, 6), run: 'BBBBBBBBBBBBBBBBBBBBBB' });
  session.batches(saying('a', 'b').batch(again.ch, 1));
  expect(await run.text()).toBe('ab');
  expect(run.id).toBe(RUN);
  client.close();
});

test('batches twice, late, and with a hole end in the same text (5.2)', async () => {
  await using peer = await openFakePeer();
  const { client, screen, log, run, session, ch } = await midway(peer);
  session.batches(log.batch(ch, 1, 4), log.batch(ch, 2, 3));
  session.batches(log.batch(ch, 6));
  expect(await session.take('detach')).toEqual({ t: 'detach', ch });
  const attach = await session.take('attach');
  expect(attach).toMatchObject({ after: 4 });
  expect(attach.ch).not.toBe(ch);
  session.batches(log.batch(ch, 5));
  session.batches(log.batch(attach.ch, 5, 5));
  session.send(attached(attach.ch, 4));
  session.send(attached(attach.ch, 4));
  session.batches(log.batch(attach.ch, 5));
  expect(await run.text()).toBe('abc');
  expect(screen.tokens).toEqual(['a', 'b', 'c']);
  expect(screen.errors).toEqual([]);
  client.close();
});

test('a damaged batch is dropped and asked for again (4.3)', async () => {
  await using peer = await openFakePeer();
  const { client, screen, log, run, session, ch } = await midway(peer);
  const [, first, records] = log.batch(ch, 5);
  session.send({ t: 'ev', b: [[ch, first, records, 7]] });
  await session.take('detach');
  const attach = await session.take('attach');
  expect(attach).toMatchObject({ after: 4, h: log.h(4) });
  session.send(attached(attach.ch, 4));
  session.batches(log.batch(attach.ch, 5));
  expect(await run.text()).toBe('abc');
  expect(screen.errors).toEqual([]);
  client.close();
});

test('damage three times in a row ends the following with DATA_DAMAGED; what was shown is right', async () => {
  await using peer = await openFakePeer();
  const { client, screen, log, run, session, ch } = await midway(peer);
  const [, first, records] = log.batch(ch, 5);
  let on = ch;
  for (let i = 0; i < 3; i++) {
    session.send({ t: 'ev', b: [[on, first, records, 7]] });
    if (i === 2) break;
    await session.take('detach');
    on = (await session.take('attach')).ch;
    session.send(attached(on, 4));
  }
  await expect(run.result()).rejects.toMatchObject({ code: 'DATA_DAMAGED' });
  expect(screen.story).toEqual(['token a', 'token b', 'error DATA_DAMAGED']);
  client.close();
});

test('a heartbeat beyond what is known finds the lost tail (5.6)', async () => {
  await using peer = await openFakePeer();
  const { client, log, run, session, ch } = await midway(peer);
  session.send({ t: 'hb', heads: [[ch, 4]] });
  session.send({ t: 'hb', heads: [[ch, log.head]] });
  await session.take('detach');
  const attach = await session.take('attach');
  expect(attach).toMatchObject({ after: 4 });
  session.send(attached(attach.ch, 4));
  session.batches(log.batch(attach.ch, 5));
  expect(await run.text()).toBe('abc');
  client.close();
});

test('a channel that heartbeats name no more is attached again (5.6)', async () => {
  await using peer = await openFakePeer();
  const clock = createFakeClock();
  const { client, session, run } = await midway(peer, { clock });
  clock.pass(15_000);
  const feedback = run.feedback('fine');
  const { id } = await session.take('command');
  session.send({ t: 'hb', heads: [] });
  session.send({ t: 'ok', id });
  await feedback;
  clock.pass(15_000);
  session.send({ t: 'hb', heads: [] });
  await session.take('detach');
  expect(await session.take('attach')).toMatchObject({ run: RUN, after: 4 });
  client.close();
});

test('goaway: the client leaves, waits as told, and resumes; one error, no storm (2.6)', async () => {
  await using peer = await openFakePeer();
  const { client, screen, log, run, session } = await midway(peer);
  session.send({ t: 'goaway', retryMs: 30 });
  await session.gone;
  const again = await peer.welcome();
  const { ch } = await again.take('attach');
  again.send(attached(ch, 4));
  again.batches(log.batch(ch, 5));
  expect(await run.text()).toBe('abc');
  expect(screen.errors).toEqual(['STREAM_DISCONNECTED']);
  client.close();
});

test('a log that lost its end is a new epoch: what no longer stands is rewound (5.4)', async () => {
  await using peer = await openFakePeer();
  const { client, screen, run, session } = await midway(peer);
  session.drop();
  const again = await peer.welcome();
  const { ch } = await again.take('attach');
  const other = saying('a', 'B!');
  again.send(attached(ch, 0, { epoch: 2, mode: 'reset', head: 3 }));
  again.batches(other.batch(ch, 1, 3));
  again.batches(other.batch(ch, 4));
  expect(await run.text()).toBe('aB!');
  expect(screen.text).toBe('aB!');
  expect(screen.rewinds).toEqual([{ run: RUN, step: 1, keep: 1, keepThinking: 0 }]);
  const kinds: string[] = [];
  for await (const item of run) kinds.push(`${item.kind} ${item.seq}`);
  expect(kinds.slice(4)).toEqual(['snapshot 3', 'text 4', 'step.ended 5', 'run.finished 6']);
  client.close();
});

test('a snapshot with another text is shown as the log has it (5.5)', async () => {
  await using peer = await openFakePeer();
  const { client, screen, run, session } = await midway(peer);
  session.drop();
  const again = await peer.welcome();
  const { ch } = await again.take('attach');
  const other = saying('a', 'x', 'y', 'z');
  again.send(attached(ch, 0, { epoch: 2, mode: 'reset', head: 6 }));
  again.send({ t: 'snap', ch, epoch: 2, s: 6, h: other.h(6), fold: other.fold(6) });
  again.batches(other.batch(ch, 7));
  expect(await run.text()).toBe('axyz');
  expect(screen.text).toBe('axyz');
  expect(screen.rewinds).toMatchObject([{ step: 1, keep: 1 }]);
  client.close();
});

test('a peer that accepts and never greets is given up on; the next URL is tried (2.4)', async () => {
  await using mute = await openFakePeer();
  await using peer = await openFakePeer();
  const clock = createFakeClock();
  const client = new OpenClawClient({ clock, reconnectDelay: 2, clusters: { 'a/b': [mute.url, peer.url] } });
  const screen = watch(client);
  const connecting = client.connect('agent://a/b');
  await (await mute.accept()).take('hello');
  clock.pass(9_999);
  expect(screen.story).toEqual([]);
  clock.pass(101);
  await peer.welcome();
  await connecting;
  expect(screen.story).toEqual(['reconnect 1', 'reconnected 1']);
  client.close();
});

test('40 s of silence is a lost connection (2.7)', async () => {
  await using peer = await openFakePeer();
  const clock = createFakeClock();
  const { client, screen, connecting } = begin(peer, { clock });
  const session = await peer.welcome();
  await connecting;
  clock.pass(39_999);
  expect(screen.errors).toEqual([]);
  clock.pass(1);
  expect(screen.errors).toEqual(['STREAM_DISCONNECTED']);
  await session.gone;
  clock.pass(100);
  await peer.welcome();
  client.close();
});

test('attempts are counted, delays double with full jitter, and after the last there is one error', async () => {
  await using peer = await openFakePeer();
  const clock = createFakeClock();
  const random = { float: () => 0.5, bytes: (n: number) => new Uint8Array(n) };
  const dials: number[] = [];
  class Refusing {
    #listen: (event: { type: string; code: number }) => void = () => {};
    constructor() {
      dials.push(clock.now());
      queueMicrotask(() => this.#listen({ type: 'close', code: 1006 }));
    }
    send(): void {}
    close(): void {}
    addEventListener(type: string, listener: (event: { type: string; code: number }) => void): void {
      if (type === 'close') this.#listen = listener;
    }
  }
  const client = new OpenClawClient({ clock, random, WebSocket: Refusing, maxReconnectAttempts: 5, reconnectDelay: 1000 });
  const screen = watch(client);
  const run = client.send('hi');
  const connecting = client.connect(peer.url);
  const outcome = expect(connecting).rejects.toMatchObject({ code: 'RECONNECT_FAILED' });
  for (let ms = 0; ms < 8_000; ms++) {
    for (let turn = 0; turn < 3; turn++) await Promise.resolve();
    clock.pass(1);
  }
  await outcome;
  const delays = dials.slice(1).map((at, i) => at - (dials[i] as number));
  expect(delays).toEqual([50, 500, 1000, 2000, 4000]);
  expect(screen.story).toEqual([...[1, 2, 3, 4, 5].map((n) => `reconnect ${n}`), 'error RECONNECT_FAILED']);
  await expect(run.result()).rejects.toMatchObject({ code: 'RECONNECT_FAILED' });
  await expect(client.send('again').started).rejects.toMatchObject({ code: 'RECONNECT_FAILED' });
});

test('an answered attach resets the count; a greeting alone does not', async () => {
  await using peer = await openFakePeer();
  const { client, screen, session } = await midway(peer);
  session.drop();
  (await peer.welcome()).drop();
  const third = await peer.welcome();
  const { ch } = await third.take('attach');
  const whole = new Promise<void>((resolve) => {
    client.on('token', (text) => text === 'c' && resolve());
  });
  third.send(attached(ch, 4));
  third.batches(saying('a', 'b', 'c').batch(ch, 5, 5));
  await whole;
  third.drop();
  await peer.welcome();
  expect(screen.story.filter((line) => line.startsWith('reconnect '))).toEqual(['reconnect 1', 'reconnect 2', 'reconnect 1']);
  client.close();
});

test.each([
  ['is harmless beside the automatic one', true],
  ['does the work when there is none', false],
])('reconnect() from an error listener %s', async (_, autoReconnect) => {
  await using peer = await openFakePeer();
  const { client, log, run, session, screen } = await midway(peer, { autoReconnect });
  client.on('error', (error) => {
    if (error.code === 'STREAM_DISCONNECTED') {
      void client.reconnect();
      void client.reconnect();
    }
  });
  session.drop();
  const again = await peer.welcome();
  const { ch } = await again.take('attach');
  again.send(attached(ch, 4));
  again.batches(log.batch(ch, 5));
  expect(await run.text()).toBe('abc');
  expect(peer.count).toBe(2);
  expect(screen.errors).toEqual(['STREAM_DISCONNECTED']);
  client.close();
});

test('without autoReconnect nothing happens by itself', async () => {
  await using peer = await openFakePeer();
  const clock = createFakeClock();
  const { client, screen, session } = await midway(peer, { autoReconnect: false, clock });
  const dropped = new Promise((resolve) => {
    client.on('error', resolve);
  });
  session.drop();
  await dropped;
  clock.pass(100_000);
  expect(peer.count).toBe(1);
  expect(screen.errors).toEqual(['STREAM_DISCONNECTED']);
  client.close();
});

test.each([
  [4401, 'UNAUTHENTICATED'],
  [4406, 'UNSUPPORTED_VERSION'],
])('close %i is final: another attempt would not help', async (close, code) => {
  await using peer = await openFakePeer();
  const { client, screen, connecting } = begin(peer);
  const run = client.send('hi');
  const session = await peer.accept();
  session.send({ t: 'err', code, message: 'because' });
  session.close(close);
  await expect(connecting).rejects.toMatchObject({ code, message: 'because' });
  await expect(run.started).rejects.toMatchObject({ code });
  expect(screen.errors).toEqual([code]);
  expect(peer.count).toBe(1);
});

test('a frame that makes no sense is a drop, not a crash', async () => {
  await using peer = await openFakePeer();
  const { client, log, run, session } = await midway(peer);
  session.send('{"t":');
  await session.gone;
  const again = await peer.welcome();
  const { ch } = await again.take('attach');
  again.send(attached(ch, 4));
  again.send({ t: 'future', ch });
  again.batches(log.batch(ch, 5));
  expect(await run.text()).toBe('abc');
  client.close();
});

test('close() during a reconnection ends it', async () => {
  await using peer = await openFakePeer();
  const clock = createFakeClock();
  const { client, session, run } = await midway(peer, { clock });
  const dropped = new Promise((resolve) => {
    client.on('error', resolve);
  });
  session.drop();
  await dropped;
  const joined = client.reconnect();
  client.close();
  await expect(joined).rejects.toMatchObject({ code: 'STREAM_DISCONNECTED' });
  await expect(run.result()).rejects.toMatchObject({ code: 'STREAM_DISCONNECTED' });
  clock.pass(100_000);
  expect(peer.count).toBe(1);
});

test('with the ws package and without any listener: a drop crashes nothing, nor does a command that nobody awaits', async () => {
  await using peer = await openFakePeer();
  const client = new OpenClawClient({ WebSocket, reconnectDelay: 2 });
  const connecting = client.connect(peer.url);
  const run = client.send('hi');
  void run.cancel();
  void run.feedback(1);
  (await peer.welcome()).drop();
  await connecting;
  const session = await peer.welcome();
  const { ch } = await session.take('start');
  session.send(started(ch));
  await session.take('command');
  client.close();
  await expect(run.result()).rejects.toMatchObject({ code: 'STREAM_DISCONNECTED' });
  await session.gone;
});

test('a token that is a function is asked for each connection; what it throws is a failed attempt', async () => {
  await using peer = await openFakePeer();
  let asked = 0;
  const token = async (): Promise<string> => {
    if (++asked === 2) throw new Error('no ticket just now');
    return `ticket ${asked}`;
  };
  const { client, screen } = begin(peer, { token });
  const first = await peer.accept();
  expect(await first.take('hello')).toMatchObject({ token: 'ticket 1' });
  first.drop();
  const second = await peer.accept();
  await second.gone;
  const third = await peer.accept();
  expect(await third.take('hello')).toMatchObject({ token: 'ticket 3' });
  expect(screen.errors).not.toContain('INTERNAL');
  client.close();
});
