import { SlotMap } from '@openclaw-runtime/kit';
import { type Attach, LIMITS, OpenClawError, type Start } from '@openclaw-runtime/protocol';
import { type RunKey, runKey } from '@openclaw-runtime/store';
import { type CreateDeps, createRun } from '../admission/create-run.ts';
import type { GatewayContext } from '../admission/options.ts';
import { locate } from '../admission/position.ts';
import type { Asker } from '../limits/admission.ts';
import { Channel } from './channel.ts';
import { snapFrame } from './snap-frame.ts';
import { createTurns } from './turns.ts';

/** The channels of one connection. */
export interface Channels {
  /** Those that are open, also where the store has not answered yet. */
  all(): readonly Channel[];
  /** Rejects with what speaks against it; the channel is then closed. */
  start(asker: Asker, frame: Start): Promise<void>;
  /** Likewise. */
  attach(tenant: string, frame: Attach): Promise<void>;
  /** Also where there is none of that number. */
  drop(ch: number): void;
  close(channel: Channel): void;
  /** The peer takes something again. */
  stir(): void;
  /** Something waits to be attached until the peer takes what it has. */
  readonly stalled: boolean;
}

/** What channels need of their connection. */
export interface Line {
  send(frame: string): void;
  hasRoom(): boolean;
  /** There may be something to send on it. */
  mark(channel: Channel): void;
}

const ATTACHES_AT_ONCE = 4;

export function createChannels(context: Pick<GatewayContext, 'store' | 'clock' | 'limits'>, create: CreateDeps, line: Line): Channels {
  const { store, clock, limits } = context;
  const channels = new SlotMap<number, Channel>();
  /** Each may bring a snapshot, which is sent whole. */
  const attaches = createTurns(ATTACHES_AT_ONCE, () => line.hasRoom());

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
    channel.unfollow = store.runs.follow(key, () => line.mark(channel));
    line.mark(channel);
  };

  /** Throws the error unless the channel was closed meanwhile: then nobody is told how it went. */
  const fail = (channel: Channel, error: unknown): void => {
    if (!channel.open) return;
    close(channel);
    throw error;
  };

  const join = async ({ ch, run, epoch, after, h, hold = false }: Attach, tenant: string, channel: Channel): Promise<void> => {
    if (!channel.open) return;
    try {
      const key = runKey(tenant, run);
      const distance = hold ? Number.POSITIVE_INFINITY : limits.snapshotDistance;
      const { mode, head, from, snapshot } = await locate(store, key, { epoch, after, h, hold }, distance);
      if (!channel.open) return;
      line.send(JSON.stringify({ t: 'attached', ch, run, epoch: head.epoch, mode, from, head: head.seq, done: head.done }));
      if (snapshot) line.send(snapFrame(ch, head.epoch, snapshot));
      follow(channel, key, from);
    } catch (error) {
      fail(channel, error);
    }
  };

  return {
    all: () => [...channels.values()],
    async start(asker, { ch, idem, run: asked, hold = false }) {
      const channel = reserve(ch, hold);
      try {
        const { run, key, head, dup } = await createRun({ ...create, asker }, asker.principal.tenant, asked, idem);
        if (!channel.open) return;
        line.send(`{"t":"started","ch":${ch},"run":"${run}","epoch":${head.epoch},"head":${head.seq}${dup ? ',"dup":true' : ''}}`);
        follow(channel, key, 0);
      } catch (error) {
        fail(channel, error);
      }
    },
    async attach(tenant, frame) {
      const channel = reserve(frame.ch, frame.hold ?? false);
      return attaches.take(() => join(frame, tenant, channel));
    },
    drop(ch) {
      const channel = channels.get(ch);
      if (channel) close(channel);
    },
    close,
    stir: () => attaches.stir(),
    get stalled() {
      return attaches.stalled;
    },
  };
}
