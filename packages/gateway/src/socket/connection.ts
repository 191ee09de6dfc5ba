import { type Command, ERRORS, LIMITS, OpenClawError, PROTOCOL_VERSION, parseJson, type UpFrame } from '@openclaw-runtime/protocol';
import { isPlainStart, judge, upFrameSchema } from '@openclaw-runtime/protocol/schema';
import { type RunKey, runKey } from '@openclaw-runtime/store';
import type { CreateDeps } from '../admission/create-run.ts';
import { NOBODY } from '../admission/gate.ts';
import type { GatewayContext } from '../admission/options.ts';
import { createRate } from '../admission/rate.ts';
import { submitCommand } from '../admission/submit.ts';
import { argsHashOf, noteRefusal } from '../audit/audit.ts';
import { frameProblem } from '../identity/check.ts';
import type { From } from '../identity/identity.ts';
import type { Principal } from '../identity/principal.ts';
import type { Asker } from '../limits/admission.ts';
import { createChannels } from './channels.ts';
import { createFeed } from './feed.ts';
import { createHolding } from './holding.ts';
import type { Peer } from './peer.ts';
import { addresseeOf, longHello, problemOf, startedBy, versionProblem } from './problem.ts';
import { createWindow } from './window.ts';

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
  /** Said hello; who that is, is being found out. What it says meanwhile waits. */
  | { readonly kind: 'greeted'; readonly until: number; readonly waiting: unknown[] }
  | { readonly kind: 'client'; readonly principal: Principal; readonly asker: Asker }
  | { readonly kind: 'closed' };

/** More than a frame's own bytes take. */
const FRAME_BYTES = 32;
/** Milliseconds in which a peer must answer a close. */
const CLOSE_MS = 5_000;
/** Frames that may come together with hello. */
const MOST_WAITING = 1_000;

export function serveConnection(context: GatewayContext, create: CreateDeps, peer: Peer, from: From, onClose: () => void): Connection {
  const { clock, limits, store, admission } = context;
  const frames = createRate(clock, limits.framesPerSecond, limits.framesBurst);
  const pings = createRate(clock, limits.pingsPerSecond, limits.pingsBurst);
  let phase: Phase = { kind: 'stranger', until: clock.now() + limits.helloMs };
  let heardAt = clock.now();
  let pingedAt = heardAt;
  let beatAt = heardAt;
  let stalledAt: number | undefined;
  let cancelEnd: () => void = () => undefined;
  let uncount: () => void = () => undefined;
  const holding = createHolding(clock, peer);

  const window = createWindow(clock, limits.unsentBytes, () => peer.ping());
  const send = (frame: string): void => {
    if (phase.kind === 'closed') return;
    peer.send(frame);
    window.sent(frame.length);
  };
  const say = (frame: object): void => send(JSON.stringify(frame));

  const channels = createChannels(context, create, {
    send,
    hasRoom: () => peer.unsent() < limits.unsentBytes,
    mark: (channel) => feed.mark(channel),
  });

  const feed = createFeed(context, {
    full: () => window.full || peer.unsent() >= limits.unsentBytes,
    frameBytes: () => Math.min(limits.feedBytes, window.size),
    send,
    finished: (channel) => channels.close(channel),
    failed(channel, error) {
      if (!channel.open) return;
      channels.close(channel);
      say({ t: 'err', ch: channel.ch, ...context.shown(error).toBody() });
    },
  });

  const end = (error: OpenClawError): void => {
    if (phase.kind === 'closed') return;
    if (phase.kind !== 'client') note(error, NOBODY);
    else if (error.code === 'UNAUTHENTICATED') note(error, phase.principal);
    // It is to hear the answer to the close.
    if (phase.kind === 'greeted') peer.resume();
    say({ t: 'err', ...error.toBody() });
    peer.close(ERRORS[error.code].close ?? 4400, error.code);
    leave();
  };
  /** The socket may outlive this a little, since the peer has to answer the close; it counts until it is gone. */
  const leave = (withinMs = CLOSE_MS): void => {
    phase = { kind: 'closed' };
    for (const channel of channels.all()) channels.close(channel);
    cancelEnd();
    cancelEnd = clock.after(withinMs, () => peer.terminate());
  };
  const command = async (principal: Principal, { run, id, kind, data }: Command): Promise<void> => {
    const { tenant } = principal;
    if (kind === 'approve' || kind === 'topup')
      context.audit.note({
        principal,
        address: from.address,
        action: `command.${kind}`,
        target: run,
        decision: 'allowed',
        argsHash: argsHashOf(data),
      });
    const { dup } = await submitCommand(store, runKey(tenant, run), { id, kind, ...(data === undefined ? {} : { data }) });
    say({ t: 'ok', id, ...(dup ? { dup: true } : {}) });
  };

  const greet = (frame: UpFrame, until: number): void => {
    if (frame.t !== 'hello') throw new OpenClawError('UNAUTHENTICATED', 'The first frame must be hello.');
    const found = context.identity.identify(frame.token, from);
    if (!(found instanceof Promise)) return welcome(found, []);
    const waiting: unknown[] = [];
    phase = { kind: 'greeted', until, waiting };
    peer.pause();
    found.then((principal) => welcome(principal, waiting)).catch((error: unknown) => end(context.shown(error)));
  };

  const welcome = (principal: Principal, waiting: readonly unknown[]): void => {
    if (phase.kind === 'closed') return;
    if (phase.kind === 'greeted') peer.resume();
    const asker = { principal, address: from.address };
    try {
      uncount = admission.connection(asker);
    } catch (error) {
      return end(context.shown(error));
    }
    phase = { kind: 'client', principal, asker };
    const { maxFrameBytes, maxChannels } = LIMITS;
    say({
      t: 'welcome',
      v: PROTOCOL_VERSION,
      server: context.serverName,
      limits: { maxFrameBytes, maxChannels, heartbeatMs: limits.heartbeatMs },
    });
    for (const frame of waiting) hear(frame);
  };

  const receive = (frame: UpFrame): void => {
    if (phase.kind === 'stranger') return greet(frame, phase.until);
    if (phase.kind !== 'client') return;
    const { principal, asker } = phase;
    const { tenant } = principal;
    const problem = frameProblem(principal, frame);
    if (problem) return refuse(problem, principal, addresseeOf(frame) ?? {});
    switch (frame.t) {
      case 'start':
        return mayStart(asker, frame.ch) ? answer(channels.start(asker, frame), { ch: frame.ch }) : undefined;
      case 'attach':
        return answer(channels.attach(tenant, frame), { ch: frame.ch });
      case 'command':
        return answer(command(principal, frame), { id: frame.id });
      case 'detach':
        return channels.drop(frame.ch);
      case 'hello':
        throw new OpenClawError('BAD_FRAME', 'hello is said once.');
    }
  };

  const hear = (given: unknown): void => {
    if (phase.kind === 'greeted') return wait(phase.waiting, given);
    const outdated = phase.kind === 'stranger' && versionProblem(given);
    if (outdated) throw outdated;
    if (isPlainStart(given)) return receive(given);
    const parsed = judge(upFrameSchema, given);
    if (parsed.success) return receive(parsed.data);
    const problem = problemOf(parsed.error);
    const where = phase.kind === 'client' && addresseeOf(given);
    if (!where) throw new OpenClawError('BAD_FRAME', `The frame is not of the protocol: ${problem}.`);
    drop(where);
    say({ t: 'err', ...where, code: 'BAD_REQUEST', message: `${problem}.` });
  };

  /** Nothing is read meanwhile: that is what came together with hello. */
  const wait = (waiting: unknown[], given: unknown): void => {
    if (waiting.push(given) > MOST_WAITING) throw longHello();
  };

  const mayStart = (asker: Asker, ch: number): boolean => {
    try {
      admission.run(asker);
      return true;
    } catch (error) {
      refuse(context.shown(error), asker.principal, { ch });
      return false;
    }
  };

  const refuse = (
    error: OpenClawError,
    principal: Asker['principal'],
    where: Partial<NonNullable<ReturnType<typeof addresseeOf>>>,
  ): void => {
    drop(where);
    note(error, principal);
    say({ t: 'err', ...where, ...error.toBody() });
  };

  const drop = (where: object): void => {
    if ('ch' in where) channels.drop(where.ch as number);
  };

  const note = (error: OpenClawError, principal: Asker['principal']): void =>
    noteRefusal(context.audit, error, { principal, address: from.address, target: 'socket' });

  const answer = (work: Promise<void>, where: object): void => {
    work.catch((thrown: unknown) => {
      const error = context.shown(thrown);
      if (error.code === 'NOT_FOUND' && phase.kind === 'client') note(error, phase.principal);
      say({ t: 'err', ...where, ...error.toBody() });
    });
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
        if (phase.kind === 'client') {
          holding.hold(admission.frameMs(phase.asker, bytes));
          // Where there is too much to do, a start is refused before it is parsed.
          const ch = admission.closed ? startedBy(text) : undefined;
          if (ch !== undefined && !mayStart(phase.asker, ch)) return;
        }
        hear(parseJson(text));
      } catch (error) {
        end(context.shown(error));
      }
    },
    received(bytes) {
      if (phase.kind === 'client' || phase.kind === 'closed') return false;
      if (phase.kind === 'greeted') return true;
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
      if (window.answered()) {
        if (!feed.stalled || phase.kind === 'closed') return;
        stalledAt = undefined;
        return feed.flush();
      }
      if (!frames.take()) end(new OpenClawError('RATE_LIMITED', 'Too many pongs.'));
    },
    drained() {
      stalledAt = undefined;
      heardAt = clock.now();
      holding.resume();
      if (phase.kind === 'closed') return;
      channels.stir();
      feed.flush();
    },
    failed: () => leave(),
    closed() {
      leave();
      cancelEnd();
      uncount();
      onClose();
    },
  });

  const beat = (now: number): void => {
    const live = channels.all().filter(({ key }) => key !== undefined);
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
      if (phase.kind === 'stranger' || phase.kind === 'greeted') {
        if (now >= phase.until) end(new OpenClawError('UNAUTHENTICATED', `No hello within ${limits.helloMs} ms.`));
        return;
      }
      if (!context.identity.still(phase.principal))
        return end(new OpenClawError('UNAUTHENTICATED', 'What you came in with was revoked or has expired. Connect with another.'));
      if (feed.stalled || channels.stalled) {
        stalledAt ??= now;
        if (now - stalledAt >= limits.stalledMs)
          end(new OpenClawError('SLOW_CONSUMER', `Nothing was taken for ${limits.stalledMs} ms. Resume from the cursor.`));
        return;
      }
      if (now - heardAt >= limits.pongMs) return peer.terminate();
      if (now - pingedAt >= limits.heartbeatMs) {
        pingedAt = now;
        window.probe();
      }
      beat(now);
    },
    close() {
      peer.close(1012, 'SHUTTING_DOWN');
      leave(500);
    },
    readers(key, head) {
      const now = clock.now();
      const ours = channels.all().filter((channel) => channel.key === key && channel.open && !channel.hold);
      return ours.map((channel) => ({
        behind: Math.max(head - channel.after, 0),
        unsentBytes: Math.max(peer.unsent(), window.full ? window.ahead : 0),
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
