import {
  type Attach,
  type Command,
  ERRORS,
  LIMITS,
  OpenClawError,
  PROTOCOL_VERSION,
  parseJson,
  type Start,
  type UpFrame,
} from '@openclaw-runtime/protocol';
import { upFrameSchema } from '@openclaw-runtime/protocol/schema';
import { type RunKey, runKey } from '@openclaw-runtime/store';
import { checkToken } from '../admission/access.ts';
import { type CreateDeps, createRun } from '../admission/create-run.ts';
import type { GatewayContext } from '../admission/options.ts';
import { locate } from '../admission/position.ts';
import { createRate } from '../admission/rate.ts';
import { submitCommand } from '../admission/submit.ts';
import { Channel } from './channel.ts';
import { createFeed } from './feed.ts';
import type { Peer } from './peer.ts';
import { addresseeOf, longHello, problemOf, versionProblem } from './problem.ts';
import { snapFrame } from './snap-frame.ts';
import { createTurns } from './turns.ts';

/**
 * One client's socket. Phases: a stranger, who may say hello and nothing else; a client, with channels; closed.
 *
 * 1. What is sent on a channel was read from the store at the channel's cursor (feed.ts); nothing is kept for a peer that is slow.
 * 2. An error of a channel or command leaves the connection; an error of the protocol ends it.
 */
export interface Connection {
  /** Every second: heartbeats, pings, and the end of peers that are gone or take nothing. */
  tick(now: number): void;
  goAway(retryMs: number): void;
  /** Ends it; the client may come back. */
  close(): void;
  readonly known: boolean;
  /** Who reads this run here, whose last record is `head`. */
  readers(key: RunKey, head: number): readonly Reader[];
}

/** How one reader of a run fares. */
export interface Reader {
  /** Records that it was not sent yet. */
  readonly behind: number;
  /** Bytes that it was sent and has not taken. */
  readonly unsentBytes: number;
  /** Milliseconds since it was sent something of this run, and for which it has taken nothing; absent where it takes what it is sent. */
  readonly forMs: number;
  readonly stalledMs?: number;
}

type Phase =
  | { readonly kind: 'stranger'; readonly until: number }
  | { readonly kind: 'client'; readonly tenant: string }
  | { readonly kind: 'closed' };

/** More than a frame's own bytes take. */
const FRAME_BYTES = 32;
/** Milliseconds in which a peer must answer a close. */
const ATTACHES_AT_ONCE = 4;
const CLOSE_MS = 5_000;

export function serveConnection(context: GatewayContext, create: CreateDeps, peer: Peer, onClose: () => void): Connection {
  const { clock, limits, store } = context;
  const channels = new Map<number, Channel>();
  const frames = createRate(clock, limits.framesPerSecond, limits.framesBurst);
  const pings = createRate(clock, limits.pingsPerSecond, limits.pingsBurst);
  let phase: Phase = { kind: 'stranger', until: clock.now() + limits.helloMs };
  let heardAt = clock.now();
  let pingedAt = heardAt;
  let beatAt = heardAt;
  let stalledAt: number | undefined;
  let cancelEnd: () => void = () => undefined;

  const send = (frame: string): void => {
    if (phase.kind !== 'closed') peer.send(frame);
  };
  const say = (frame: object): void => send(JSON.stringify(frame));

  const feed = createFeed(context, {
    unsent: () => peer.unsent(),
    send,
    finished: (channel) => close(channel),
    failed(channel, error) {
      if (!channel.open) return;
      close(channel);
      say({ t: 'err', ch: channel.ch, ...context.shown(error).toBody() });
    },
  });

  const end = (error: OpenClawError): void => {
    if (phase.kind === 'closed') return;
    say({ t: 'err', ...error.toBody() });
    peer.close(ERRORS[error.code].close ?? 4400, error.code);
    leave();
  };
  /** The socket may outlive this a little, since the peer has to answer the close; it counts until it is gone. */
  const leave = (withinMs = CLOSE_MS): void => {
    phase = { kind: 'closed' };
    for (const channel of channels.values()) close(channel);
    cancelEnd();
    cancelEnd = clock.after(withinMs, () => peer.terminate());
  };
  const close = (channel: Channel): void => {
    channel.close();
    if (channels.get(channel.ch) === channel) channels.delete(channel.ch);
  };

  /** Takes the channel's number before the store is asked, so that a second use of it is noticed. */
  const reserve = (ch: number, hold: boolean): Channel => {
    const taken = channels.get(ch);
    if (taken) {
      close(taken);
      throw new OpenClawError('BAD_REQUEST', `Channel ${ch} was open already and is closed now. Detach it first, or use another number.`);
    }
    if (channels.size >= LIMITS.maxChannels) {
      throw new OpenClawError('RATE_LIMITED', `A connection has at most ${LIMITS.maxChannels} channels. Detach some.`);
    }
    const channel = new Channel(ch, hold);
    channels.set(ch, channel);
    return channel;
  };

  const follow = (channel: Channel, key: RunKey, after: number): void => {
    channel.key = key;
    channel.after = after;
    channel.fedAt = clock.now();
    channel.unfollow = store.runs.follow(key, () => feed.mark(channel));
    feed.mark(channel);
  };

  const start = async (tenant: string, { ch, idem, run: asked, hold = false }: Start): Promise<void> => {
    const channel = reserve(ch, hold);
    try {
      const { run, key, head, dup } = await createRun(create, tenant, asked, idem);
      if (!channel.open) return;
      send(`{"t":"started","ch":${ch},"run":"${run}","epoch":${head.epoch},"head":${head.seq}${dup ? ',"dup":true' : ''}}`);
      follow(channel, key, 0);
    } catch (error) {
      if (!channel.open) return;
      close(channel);
      throw error;
    }
  };

  /** Each may bring a snapshot, which is sent whole. */
  const attaches = createTurns(ATTACHES_AT_ONCE, () => peer.unsent() < limits.unsentBytes);

  const attach = async (tenant: string, frame: Attach): Promise<void> => {
    const channel = reserve(frame.ch, frame.hold ?? false);
    return attaches.take(() => join(tenant, frame, channel));
  };

  const join = async (tenant: string, { ch, run, epoch, after, h, hold = false }: Attach, channel: Channel): Promise<void> => {
    if (!channel.open) return;
    try {
      const key = runKey(tenant, run);
      const distance = hold ? Number.POSITIVE_INFINITY : limits.snapshotDistance;
      const { mode, head, from, snapshot } = await locate(store, key, { epoch, after, h, hold }, distance);
      if (!channel.open) return;
      say({ t: 'attached', ch, run, epoch: head.epoch, mode, from, head: head.seq, done: head.done });
      if (snapshot) send(snapFrame(ch, head.epoch, snapshot));
      follow(channel, key, from);
    } catch (error) {
      if (!channel.open) return;
      close(channel);
      throw error;
    }
  };

  const command = async (tenant: string, { run, id, kind, data }: Command): Promise<void> => {
    const { dup } = await submitCommand(store, runKey(tenant, run), { id, kind, ...(data === undefined ? {} : { data }) });
    say({ t: 'ok', id, ...(dup ? { dup: true } : {}) });
  };

  const greet = (frame: UpFrame): void => {
    if (frame.t !== 'hello') throw new OpenClawError('UNAUTHENTICATED', 'The first frame must be hello.');
    checkToken(frame.token, context);
    phase = { kind: 'client', tenant: 'default' };
    const { maxFrameBytes, maxChannels } = LIMITS;
    say({
      t: 'welcome',
      v: PROTOCOL_VERSION,
      server: context.serverName,
      limits: { maxFrameBytes, maxChannels, heartbeatMs: limits.heartbeatMs },
    });
  };

  const receive = (frame: UpFrame): void => {
    if (phase.kind === 'stranger') return greet(frame);
    if (phase.kind === 'closed') return;
    const { tenant } = phase;
    switch (frame.t) {
      case 'start':
        return answer(start(tenant, frame), { ch: frame.ch });
      case 'attach':
        return answer(attach(tenant, frame), { ch: frame.ch });
      case 'command':
        return answer(command(tenant, frame), { id: frame.id });
      case 'detach': {
        const channel = channels.get(frame.ch);
        if (channel) close(channel);
        return;
      }
      case 'hello':
        throw new OpenClawError('BAD_FRAME', 'hello is said once.');
    }
  };

  const hear = (given: unknown): void => {
    const outdated = phase.kind === 'stranger' && versionProblem(given);
    if (outdated) throw outdated;
    const parsed = upFrameSchema.safeParse(given);
    if (parsed.success) return receive(parsed.data);
    const problem = problemOf(parsed.error);
    const where = phase.kind === 'client' && addresseeOf(given);
    if (!where) throw new OpenClawError('BAD_FRAME', `The frame is not of the protocol: ${problem}.`);
    const taken = 'ch' in where && channels.get(where.ch);
    if (taken) close(taken);
    say({ t: 'err', ...where, code: 'BAD_REQUEST', message: `${problem}.` });
  };

  const answer = (work: Promise<void>, where: object): void => {
    work.catch((error: unknown) => say({ t: 'err', ...where, ...context.shown(error).toBody() }));
  };

  /** Before hello, what a peer makes us hold is bounded while it comes, not when the message is complete. */
  let strange = 0;
  peer.listen({
    message(text, bytes, binary) {
      if (phase.kind === 'closed') return;
      heardAt = clock.now();
      if (peer.unsent() >= limits.unsentBytes) peer.pause();
      try {
        if (!frames.take()) throw new OpenClawError('RATE_LIMITED', `More than ${limits.framesPerSecond} frames a second. Slow down.`);
        if (binary) throw new OpenClawError('BAD_FRAME', 'Frames are text.');
        if (phase.kind === 'stranger' && bytes > LIMITS.maxHelloBytes) throw longHello();
        hear(parseJson(text));
      } catch (error) {
        end(context.shown(error));
      }
    },
    received(bytes) {
      if (phase.kind !== 'stranger') return false;
      strange += bytes;
      if (strange > LIMITS.maxHelloBytes + FRAME_BYTES) end(longHello());
      return true;
    },
    pinged() {
      heardAt = clock.now();
      if (!pings.take()) end(new OpenClawError('RATE_LIMITED', 'Too many pings.'));
    },
    ponged() {
      heardAt = clock.now();
      if (!frames.take()) end(new OpenClawError('RATE_LIMITED', 'Too many pongs.'));
    },
    drained() {
      stalledAt = undefined;
      heardAt = clock.now();
      peer.resume();
      if (phase.kind === 'closed') return;
      attaches.stir();
      feed.flush();
    },
    failed: () => leave(),
    closed() {
      leave();
      cancelEnd();
      onClose();
    },
  });

  const beat = (now: number): void => {
    const live = [...channels.values()].filter(({ key }) => key !== undefined);
    const silent = live.filter((channel) => now - channel.fedAt >= limits.silenceMs);
    for (const channel of silent) feed.mark(channel);
    if (silent.length > 0) feed.flush();
    else if (now - beatAt < limits.heartbeatMs) return;
    beatAt = now;
    say({ t: 'hb', heads: live.filter(({ open }) => open).map(({ ch, after }) => [ch, after]) });
  };

  return {
    tick(now) {
      if (phase.kind === 'closed') return;
      if (phase.kind === 'stranger') {
        if (now >= phase.until) end(new OpenClawError('UNAUTHENTICATED', `No hello within ${limits.helloMs} ms.`));
        return;
      }
      if (feed.stalled || attaches.stalled) {
        stalledAt ??= now;
        if (now - stalledAt >= limits.stalledMs)
          end(new OpenClawError('SLOW_CONSUMER', `Nothing was taken for ${limits.stalledMs} ms. Resume from the cursor.`));
        return;
      }
      if (now - heardAt >= limits.pongMs) return peer.terminate();
      if (now - pingedAt >= limits.heartbeatMs) {
        pingedAt = now;
        peer.ping();
      }
      beat(now);
    },
    close() {
      peer.close(1012, 'SHUTTING_DOWN');
      leave(500);
    },
    readers(key, head) {
      const now = clock.now();
      const ours = [...channels.values()].filter((channel) => channel.key === key && channel.open && !channel.hold);
      return ours.map((channel) => ({
        behind: Math.max(head - channel.after, 0),
        unsentBytes: peer.unsent(),
        forMs: Math.max(Math.round(now - channel.fedAt), 0),
        ...(stalledAt !== undefined && { stalledMs: Math.max(Math.round(now - stalledAt), 0) }),
      }));
    },
    goAway: (retryMs) => say({ t: 'goaway', retryMs }),
    get known() {
      return phase.kind === 'client';
    },
  };
}
