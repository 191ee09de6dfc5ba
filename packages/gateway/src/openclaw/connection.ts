import { newId } from '@openclaw-runtime/kit';
import { OpenClawError, parseJson } from '@openclaw-runtime/protocol';
import { NOBODY } from '../admission/gate.ts';
import { createRate } from '../admission/rate.ts';
import { noteRefusal } from '../audit/audit.ts';
import { ANONYMOUS, type From } from '../identity/identity.ts';
import type { Principal } from '../identity/principal.ts';
import type { Connection } from '../socket/connection.ts';
import type { Peer } from '../socket/peer.ts';
import { type Desk, openDesk } from './desk.ts';
import { helloOk } from './hello.ts';
import type { House } from './methods/call.ts';
import { parseConnect } from './words/client.ts';
import { Refusal, shapeOf } from './words/errors.ts';
import { errorFrame, eventFrame, parseRequest, type Request, resultFrame } from './words/frames.ts';
import { grant } from './words/scopes.ts';

/** Bytes of what a stranger says, and milliseconds in which it must have said it. */
const STRANGER_BYTES = 64 * 1024;
const STRANGER_MS = 15_000;
/** More than a frame's own bytes take. */
const FRAME_BYTES = 32;
const CLOSE_MS = 5_000;

/** Close codes of this protocol. */
const CLOSES = { version: 1002, policy: 1008, tooBig: 1009, silence: 1000, restart: 1012 } as const;

type Phase =
  | { readonly kind: 'stranger'; readonly until: number }
  /** Whoever it is is being found out: nothing else is heard. */
  | { readonly kind: 'connecting'; readonly desk?: Desk }
  | { readonly kind: 'client'; readonly desk: Desk }
  | { readonly kind: 'closed' };

/** One socket of a client of the OpenClaw gateway protocol. The server speaks first; the first that the client says is `connect`. */
export function serveOpenClaw(house: House, peer: Peer, from: From, onClose: () => void): Connection {
  const { context } = house;
  const { clock, limits, identity, random } = context;
  const frames = createRate(clock, limits.framesPerSecond, limits.framesBurst);
  const pings = createRate(clock, limits.pingsPerSecond, limits.pingsBurst);
  let phase: Phase = { kind: 'stranger', until: clock.now() + STRANGER_MS };
  let heardAt = clock.now();
  let pingedAt = heardAt;
  let tickedAt = heardAt;
  let stalledAt: number | undefined;
  let seq = 0;
  let strange = 0;
  let cancelEnd: () => void = () => undefined;
  let uncount: () => void = () => undefined;

  const send = (frame: string): void => {
    if (phase.kind !== 'closed') peer.send(frame);
  };
  const say = (event: string, payload: object): void => send(eventFrame(event, payload, ++seq));

  const leave = (withinMs = CLOSE_MS): void => {
    if ('desk' in phase) phase.desk?.close();
    phase = { kind: 'closed' };
    cancelEnd();
    cancelEnd = clock.after(withinMs, () => peer.terminate());
  };
  const end = (code: number, reason: string): void => {
    if (phase.kind === 'closed') return;
    peer.close(code, reason);
    leave();
  };

  const refuse = (id: string, error: OpenClawError): void => {
    noteRefusal(context.audit, error, { principal: NOBODY, address: from.address, target: 'connect' });
    send(errorFrame(id, shapeOf(error)));
    end(error.code === 'UNSUPPORTED_VERSION' ? CLOSES.version : CLOSES.policy, closeReason(error));
  };

  const connect = async ({ id, params }: Request): Promise<void> => {
    phase = { kind: 'connecting' };
    const client = parseConnect(params);
    const principal = await whoIs(client.token);
    // It may have gone meanwhile.
    if ((phase as Phase).kind !== 'connecting') return;
    const asker = { principal, address: from.address };
    uncount = context.admission.connection(asker);
    const granted = grant(principal, client.scopes);
    const connId = newId(random);
    const desk = openDesk(
      house,
      { connId, client, principal, scopes: granted.scopes, asker },
      {
        say,
        send,
        unsent: () => peer.unsent(),
      },
    );
    phase = { kind: 'connecting', desk };
    const hello = await helloOk(house, desk.seat, granted.words, principal.id === ANONYMOUS.id ? 'none' : 'token');
    if ((phase as Phase).kind !== 'connecting') return;
    phase = { kind: 'client', desk };
    heardAt = clock.now();
    tickedAt = heardAt;
    send(resultFrame(id, hello));
  };

  const whoIs = async (token: string | undefined): Promise<Principal> => {
    try {
      return await identity.identify(token, from);
    } catch (error) {
      if (!(error instanceof OpenClawError && error.code === 'UNAUTHENTICATED')) throw error;
      const code = token === undefined ? 'AUTH_TOKEN_MISSING' : 'AUTH_TOKEN_MISMATCH';
      throw new Refusal('UNAUTHENTICATED', `unauthorized: ${error.message}`, {
        code,
        recommendedNextStep: 'update_auth_credentials',
        canRetryWithDeviceToken: false,
      });
    }
  };

  const hear = (given: unknown, bytes: number): void => {
    if (phase.kind === 'closed') return;
    const request = parseRequest(given);
    if (phase.kind === 'client') return phase.desk.take(request, bytes);
    if (phase.kind === 'connecting' || request.method !== 'connect')
      throw new OpenClawError('BAD_FRAME', 'The first request is connect, and nothing is asked before it is answered.');
    connect(request).catch((error: unknown) => refuse(request.id, context.shown(error)));
  };

  peer.listen({
    message(text, bytes, binary) {
      if (phase.kind === 'closed') return;
      heardAt = clock.now();
      if (peer.unsent() >= limits.unsentBytes) peer.pause();
      try {
        if (!frames.take()) return end(CLOSES.policy, 'too many frames');
        if (phase.kind !== 'client' && bytes > STRANGER_BYTES) return end(CLOSES.tooBig, 'too large before connect');
        if (binary) throw new OpenClawError('BAD_FRAME', 'Frames are text.');
        hear(parseJson(text), bytes);
      } catch (error) {
        end(CLOSES.policy, closeReason(context.shown(error)));
      }
    },
    received(bytes) {
      if (phase.kind === 'client' || phase.kind === 'closed') return false;
      strange += bytes;
      if (strange > STRANGER_BYTES + FRAME_BYTES) end(CLOSES.tooBig, 'too large before connect');
      return true;
    },
    pinged() {
      heardAt = clock.now();
      if (!pings.take()) end(CLOSES.policy, 'too many pings');
    },
    ponged() {
      heardAt = clock.now();
      if (!frames.take()) end(CLOSES.policy, 'too many pongs');
    },
    drained() {
      stalledAt = undefined;
      heardAt = clock.now();
      peer.resume();
      if (phase.kind === 'client') phase.desk.drained();
    },
    failed: () => leave(),
    closed() {
      leave();
      cancelEnd();
      uncount();
      onClose();
    },
  });
  send(eventFrame('connect.challenge', { nonce: newId(random), ts: Math.round(clock.wall()) }));

  return {
    tick(now) {
      if (phase.kind === 'stranger' && now >= phase.until) return end(CLOSES.silence, 'silence');
      if (phase.kind !== 'client') return;
      if (!phase.desk.isAllowed()) return end(CLOSES.policy, 'access was taken away');
      if (peer.unsent() >= limits.unsentBytes) {
        stalledAt ??= now;
        if (now - stalledAt >= limits.stalledMs) end(CLOSES.policy, 'slow consumer');
        return;
      }
      stalledAt = undefined;
      if (now - heardAt >= limits.pongMs) return peer.terminate();
      if (now - pingedAt >= limits.heartbeatMs) {
        pingedAt = now;
        peer.ping();
      }
      if (now - tickedAt < limits.heartbeatMs) return;
      tickedAt = now;
      say('tick', { ts: Math.round(clock.wall()) });
    },
    goAway(retryMs) {
      if (phase.kind === 'client') say('shutdown', { reason: 'draining', restartExpectedMs: retryMs });
    },
    close() {
      peer.close(CLOSES.restart, 'service restart');
      leave(500);
    },
    readers(key, head) {
      const reached = phase.kind === 'client' ? phase.desk.reached(key) : undefined;
      if (reached === undefined) return [];
      const stalled = stalledAt === undefined ? {} : { stalledMs: Math.max(Math.round(clock.now() - stalledAt), 0) };
      return [{ behind: Math.max(head - reached, 0), unsentBytes: peer.unsent(), forMs: 0, ...stalled }];
    },
    get known() {
      return phase.kind === 'client';
    },
  };
}

/** A close has room for 123 bytes. */
function closeReason({ message }: OpenClawError): string {
  return message.replace(/[^ -~]/g, '').slice(0, 120);
}
