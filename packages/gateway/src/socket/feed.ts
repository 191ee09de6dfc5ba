import type { Head, Page } from '@openclaw-runtime/store';
import type { GatewayContext } from '../admission/options.ts';
import type { Channel } from './channel.ts';
import { snapFrame } from './snap-frame.ts';

/** What the feed needs of its connection. */
export interface Outlet {
  /** Nothing more should be sent before the peer has taken some of it. */
  full(): boolean;
  /** Bytes of one frame; one record may be more. */
  frameBytes(): number;
  send(frame: string): void;
  /** The channel's run has ended and its last record was sent. */
  finished(channel: Channel): void;
  failed(channel: Channel, error: unknown): void;
}

/** Feeds the channels of one connection from their cursors: one frame holds what all of them have, and there is no queue behind it. */
export interface Feed {
  /** The channel may have something to send. */
  mark(channel: Channel): void;
  /** Sends what there is, until the connection is full. Called after marks, and when the connection has drained. */
  flush(): void;
  /** The connection is full, and channels wait for it to drain. */
  readonly stalled: boolean;
}

/** Reads from disk at once for one connection: each brings a page that somebody has to hold. */
const READS_AT_ONCE = 4;

export function createFeed(context: GatewayContext, outlet: Outlet): Feed {
  const { store, clock } = context;
  let dirty: Channel[] = [];
  /** Dirty too, and waiting for a read to end. */
  let queued: Channel[] = [];
  let reads = 0;
  let scheduled = false;
  let stalled = false;

  const flush = (): void => {
    scheduled = false;
    const now = clock.now();
    while (dirty.length > 0) {
      stalled = outlet.full();
      if (stalled) return;
      const most = outlet.frameBytes();
      const taken = dirty;
      dirty = [];
      let frame = '';
      for (let i = 0; i < taken.length; i++) {
        const channel = taken[i] as Channel;
        if (frame.length >= most) {
          dirty.push(channel);
          continue;
        }
        if (reads >= READS_AT_ONCE && channel.open && !channel.warm) {
          queued.push(channel);
          continue;
        }
        channel.dirty = false;
        channel.moved = channel.reading;
        if (!channel.open || channel.reading) continue;
        const page = readPage(channel, most);
        if (page) frame += take(channel, page, now, frame === '');
      }
      if (frame !== '') outlet.send(`{"t":"ev","b":[${frame}]}`);
      for (const channel of taken) if (channel.done && channel.open) outlet.finished(channel);
    }
  };

  /** What follows the cursor, or nothing yet: then it comes back by itself. */
  const readPage = (channel: Channel, most: number): Page | undefined => {
    const { key } = channel;
    if (key === undefined) return undefined;
    let page: Page | Promise<Page>;
    try {
      // A held channel needs to know where the head is, and no page.
      page = store.runs.read(key, channel.hold ? Number.MAX_SAFE_INTEGER : channel.after, most);
    } catch (error) {
      outlet.failed(channel, error);
      return undefined;
    }
    channel.warm = !(page instanceof Promise);
    if (!(page instanceof Promise)) return page;
    channel.reading = true;
    reads++;
    page
      .then((late) => deliver(channel, late))
      .catch((error: unknown) => {
        if (channel.open) outlet.failed(channel, error);
      })
      .finally(() => {
        reads--;
        dirty.push(...queued);
        queued = [];
        schedule();
      });
    return undefined;
  };

  /** A page that comes when the connection has filled up meanwhile is let go, and read again when there is room. */
  const deliver = (channel: Channel, page: Page): void => {
    channel.reading = false;
    if (!channel.open) return;
    stalled ||= outlet.full();
    if (stalled) return mark(channel);
    const frame = take(channel, page, clock.now(), true);
    if (frame !== '') outlet.send(`{"t":"ev","b":[${frame}]}`);
    if (channel.done) outlet.finished(channel);
    else if (channel.moved || channel.dirty) mark(channel);
  };

  const take = (channel: Channel, { head, chunk, snapshot }: Page, now: number, first: boolean): string => {
    if (channel.hold) {
      // What waits for a budget may wait for its reader.
      channel.hold = !(head.done || head.waits);
      if (!channel.hold) again(channel);
      return '';
    }
    if (snapshot) {
      outlet.send(snapFrame(channel.ch, head.epoch, snapshot));
      advance(channel, head, snapshot.seq, now);
      return '';
    }
    if (!chunk) {
      channel.done = head.done && channel.after >= head.seq;
      return '';
    }
    advance(channel, head, chunk.first + chunk.count - 1, now);
    return `${first ? '' : ','}[${channel.ch},${chunk.first},[${chunk.body}],${chunk.h}]`;
  };

  const advance = (channel: Channel, head: Head, after: number, now: number): void => {
    channel.after = after;
    channel.fedAt = now;
    if (after < head.seq) again(channel);
    else channel.done = head.done;
  };

  const schedule = (): void => {
    if (scheduled || stalled) return;
    scheduled = true;
    queueMicrotask(flush);
  };

  const again = (channel: Channel): void => {
    if (!channel.dirty) dirty.push(channel);
    channel.dirty = true;
  };

  const mark = (channel: Channel): void => {
    again(channel);
    schedule();
  };

  return {
    mark,
    flush() {
      stalled = false;
      flush();
    },
    get stalled() {
      return stalled;
    },
  };
}
