import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Page, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { GATEWAY_LIMITS, type GatewayContext } from '../src/admission/options.ts';
import { Channel } from '../src/socket/channel.ts';
import { createFeed, type Feed } from '../src/socket/feed.ts';

const PAGE = 'x'.repeat(GATEWAY_LIMITS.feedBytes);

interface Bench {
  readonly feed: Feed;
  readonly channels: readonly Channel[];
  readonly frames: string[];
  readonly failed: Channel[];
  /** Reads that were asked for and not answered yet. */
  readonly asked: PromiseWithResolvers<Page>[];
  /** After which record each read was asked for. */
  readonly places: number[];
  /** The peer takes all there is. */
  drain(): void;
}

/** A feed whose store answers when the test says so, and whose peer takes nothing by itself. */
function bench(count: number, hold = false): Bench {
  const asked: PromiseWithResolvers<Page>[] = [];
  const places: number[] = [];
  const frames: string[] = [];
  const failed: Channel[] = [];
  let unsent = 0;
  const read = (_key: RunKey, after: number): Promise<Page> => {
    places.push(after);
    const answer = Promise.withResolvers<Page>();
    asked.push(answer);
    return answer.promise;
  };
  const context = {
    store: { runs: { read } } as unknown as Store,
    limits: GATEWAY_LIMITS,
    clock: { now: () => 0 },
  } as unknown as GatewayContext;
  const feed = createFeed(context, {
    full: () => unsent >= GATEWAY_LIMITS.unsentBytes,
    frameBytes: () => GATEWAY_LIMITS.feedBytes,
    send(frame) {
      frames.push(frame);
      unsent += frame.length;
    },
    finished: (channel) => channel.close(),
    failed: (channel) => failed.push(channel),
  });
  const channels = Array.from({ length: count }, (_, ch) => {
    const channel = new Channel(ch, hold);
    channel.key = runKey('t', `run-${ch}`);
    return channel;
  });
  const drain = (): void => {
    unsent = 0;
    feed.flush();
  };
  return { feed, channels, frames, failed, asked, places, drain };
}

function page(first: number, last: number): Page {
  return { head: { epoch: 1, seq: last, h: 0, done: true }, before: 0, chunk: { first, count: 1, body: `"${PAGE}"`, h: 0 } };
}

/** Of a frame that feeds one. */
function channelOf(frame: string): number {
  return Number(/^\{"t":"ev","b":\[\[(\d+),/.exec(frame)?.[1]);
}

/** Until nothing that is under way without the test can happen any more. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('A14 many runs that are read from disk for one peer: few pages are fetched at once, and none for a peer that is full', async () => {
  const { feed, channels, frames, asked, drain } = bench(200);
  for (const channel of channels) feed.mark(channel);
  await settled();
  let most = 0;
  let fetched = 0;
  for (; asked.length > 0; await settled()) {
    most = Math.max(most, asked.length);
    fetched++;
    asked.shift()?.resolve(page(1, 1));
  }
  const held = frames.reduce((sum, frame) => sum + frame.length, 0);
  expect(most).toBeLessThanOrEqual(4);
  expect(held).toBeLessThan(GATEWAY_LIMITS.unsentBytes + 2 * GATEWAY_LIMITS.feedBytes);
  expect(fetched).toBeLessThan(12);
  expect(feed.stalled).toBe(true);

  while (channels.some(({ open }) => open)) {
    drain();
    for (await settled(); asked.length > 0; await settled()) asked.shift()?.resolve(page(1, 1));
  }
  const delivered = frames.map(channelOf);
  expect(delivered.toSorted((a, b) => a - b)).toEqual(channels.map(({ ch }) => ch));
});

test('3.7 a held channel looks once after each advance, reads no records before the run has ended, and then all of them', async () => {
  const { feed, channels, frames, asked, places } = bench(1, true);
  const [channel] = channels as [Channel];
  const running: Page = { head: { epoch: 1, seq: 9, h: 0, done: false }, before: 0 };
  feed.mark(channel);
  await settled();
  asked.shift()?.resolve(running);
  await settled();
  expect(asked).toHaveLength(0);

  feed.mark(channel);
  await settled();
  feed.mark(channel);
  await settled();
  expect(asked).toHaveLength(1);
  asked.shift()?.resolve(running);
  await settled();
  expect(asked, 'the run advanced while the answer was on its way').toHaveLength(1);
  expect(places.every((after) => after > running.head.seq)).toBe(true);

  asked.shift()?.resolve({ ...running, head: { ...running.head, done: true } });
  await settled();
  expect(frames).toEqual([]);
  expect(places.at(-1)).toBe(0);
  asked.shift()?.resolve(page(1, 1));
  await settled();
  expect(frames).toHaveLength(1);
  expect(channel.open).toBe(false);
});

test('an error of a read concerns the channel that asked, and nobody once that is closed', async () => {
  const { feed, channels, failed, asked } = bench(2);
  for (const channel of channels) feed.mark(channel);
  await settled();
  channels[0]?.close();
  for (const answer of asked.splice(0)) answer.reject(new OpenClawError('DATA_DAMAGED', 'It failed its checksum.'));
  await settled();
  expect(failed).toEqual([channels[1]]);
});

test('a page for a channel that was closed meanwhile is not sent, and the others get theirs', async () => {
  const { feed, channels, frames, asked, drain } = bench(6);
  for (const channel of channels) feed.mark(channel);
  await settled();
  channels[0]?.close();
  for (; asked.length > 0; await settled()) {
    asked.shift()?.resolve(page(1, 1));
    await settled();
    drain();
  }
  expect(frames.map(channelOf)).toEqual([1, 2, 3, 4, 5]);
});
