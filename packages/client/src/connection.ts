/**
 * Keeps one connection to a cluster, over however many wires that takes.
 *
 * 1. A drop is told once, and after it the phase already says what happens next, so that `reconnect` in the listener joins.
 * 2. Attempts count from the last frame that answered something: a server that greets and then fails does not reset them.
 * 3. All who wait for the connection share one promise, which is settled by `opened`, by giving up, or by `close`.
 */
import { backoffMs, type Clock, type Random } from '@openclaw-runtime/kit';
import { type DownFrame, type Limits, OpenClawError } from '@openclaw-runtime/protocol';
import type { Outgoing } from './outgoing.ts';
import { createPromise } from './promise.ts';
import type { WebSocketClass } from './socket.ts';
import { openWire, type Token, type Wire } from './wire.ts';

const FIRST_ATTEMPT_MS = 100;
const CAP_MS = 30_000;

type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; cancel(): void }
  | { readonly kind: 'connecting'; readonly wire: Wire }
  | { readonly kind: 'open'; readonly wire: Wire; readonly limits: Limits }
  /** Dropped, and nobody asked for another attempt. */
  | { readonly kind: 'lost'; readonly error: OpenClawError }
  /** Given up, or closed: whoever comes now is refused. */
  | { readonly kind: 'failed'; readonly error: OpenClawError };

export interface ConnectionOptions {
  readonly autoReconnect: boolean;
  readonly maxReconnectAttempts: number;
  readonly reconnectDelayMs: number;
  readonly token: Token | undefined;
  readonly WebSocket: WebSocketClass | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ConnectionEvents {
  /** Attempt `n` to connect again begins. */
  attempt(n: number): void;
  /** Frames can be sent. `n` is 0 for the first connection. */
  opened(n: number): void;
  frame(frame: DownFrame): void;
  /** An open connection was lost. */
  dropped(error: OpenClawError): void;
  /** No further attempt follows. */
  failed(error: OpenClawError): void;
}

export interface Connection {
  /** The first of `urls` that answers. Resolves when frames can be sent. */
  connect(urls: readonly string[]): Promise<void>;
  /** Joins what is under way, or begins it. */
  reconnect(): Promise<void>;
  /** Lost when the connection is not open: whoever sent it sends it again on `opened`. */
  send(frame: Outgoing): void;
  /** Returns what those are told who still wait for something. */
  close(): OpenClawError;
  readonly limits: Limits | undefined;
  /** Why no connection will come unless somebody asks for one. */
  readonly refusal: OpenClawError | undefined;
}

export function createConnection(options: ConnectionOptions, events: ConnectionEvents): Connection {
  const { autoReconnect, maxReconnectAttempts, reconnectDelayMs, clock, random } = options;
  let phase: Phase = { kind: 'idle' };
  let urls: readonly string[] = [];
  let turn = 0;
  let attempt = 0;
  /** Whether a failed attempt is followed by another. */
  let persists = autoReconnect;
  let opening: PromiseWithResolvers<void> | undefined;

  const join = (): Promise<void> => {
    opening ??= createPromise<void>();
    return opening.promise;
  };

  const settle = (error?: OpenClawError): void => {
    const joined = opening;
    opening = undefined;
    if (error) joined?.reject(error);
    else joined?.resolve();
  };

  /** The phase that follows a loss or a failed attempt. */
  const next = (error: OpenClawError | undefined): Phase => {
    if (error && !error.retryable) return { kind: 'failed', error };
    if (++attempt > maxReconnectAttempts) {
      const message = `No connection after ${attempt - 1} attempts. ${error?.message ?? ''}`;
      return { kind: 'failed', error: new OpenClawError('RECONNECT_FAILED', message, { cause: error }) };
    }
    const ownMs =
      attempt === 1 ? FIRST_ATTEMPT_MS * random.float() : backoffMs({ baseMs: reconnectDelayMs, capMs: CAP_MS }, attempt - 1, random);
    return { kind: 'waiting', cancel: clock.after((error?.retryAfterMs ?? 0) + ownMs, dial) };
  };

  const enter = (mine: Phase, drop?: OpenClawError): void => {
    phase = mine;
    if (drop && !(mine.kind === 'failed' && mine.error === drop)) events.dropped(asDrop(drop));
    if (phase !== mine) return;
    if (mine.kind === 'lost') settle(mine.error);
    if (mine.kind !== 'failed') return;
    persists = autoReconnect;
    settle(mine.error);
    events.failed(mine.error);
  };

  const lost = (error: OpenClawError): void => {
    enter(persists ? next(error) : { kind: 'lost', error }, phase.kind === 'open' ? error : undefined);
  };

  const goaway = (wire: Wire, retryMs: number): void => {
    wire.close();
    lost(new OpenClawError('STREAM_DISCONNECTED', 'The server is about to stop.', { retryAfterMs: retryMs }));
  };

  const dial = (): void => {
    const mine = attempt;
    const url = urls[turn++ % urls.length] as string;
    const wire = openWire({
      ...options,
      url,
      lost,
      welcomed(limits) {
        phase = { kind: 'open', wire, limits };
        persists = autoReconnect;
        settle();
        events.opened(mine);
      },
      frame(frame) {
        if (frame.t === 'goaway') return goaway(wire, frame.retryMs);
        attempt = 0;
        events.frame(frame);
      },
    });
    phase = { kind: 'connecting', wire };
    if (mine > 0) events.attempt(mine);
  };

  return {
    connect(addresses) {
      if (phase.kind !== 'idle' && phase.kind !== 'failed') {
        throw new OpenClawError('BAD_REQUEST', 'The client has an address. Close it first.');
      }
      urls = addresses;
      turn = attempt = 0;
      const joined = join();
      dial();
      return joined;
    },
    reconnect() {
      if (phase.kind === 'open') return Promise.resolve();
      const joined = join();
      if (urls.length === 0) settle(new OpenClawError('BAD_REQUEST', 'The client has no address. Call connect first.'));
      else if (phase.kind === 'lost' || phase.kind === 'failed') {
        if (phase.kind === 'failed') attempt = 0;
        persists = true;
        enter(next(phase.kind === 'lost' ? phase.error : undefined));
      }
      return joined;
    },
    send(frame) {
      if (phase.kind === 'open') phase.wire.send(frame);
    },
    close() {
      if (phase.kind === 'waiting') phase.cancel();
      if (phase.kind === 'connecting' || phase.kind === 'open') phase.wire.close();
      urls = [];
      const error = new OpenClawError('STREAM_DISCONNECTED', 'The client was closed; its runs go on.');
      phase = { kind: 'failed', error };
      settle(error);
      return error;
    },
    get limits() {
      return phase.kind === 'open' ? phase.limits : undefined;
    },
    get refusal() {
      return phase.kind === 'failed' ? phase.error : undefined;
    },
  };
}

/** Whatever ended the connection, an application looks for this one code. */
function asDrop(error: OpenClawError): OpenClawError {
  return error.code === 'STREAM_DISCONNECTED' ? error : new OpenClawError('STREAM_DISCONNECTED', error.message, { cause: error });
}
