import type { Clock } from '@openclaw-runtime/kit';
import {
  CLOSE_CODES,
  type DownFrame,
  type ErrorCode,
  type Limits,
  OpenClawError,
  PROTOCOL_VERSION,
  SUBPROTOCOL,
} from '@openclaw-runtime/protocol';
import type { Outgoing } from './outgoing.ts';
import type { SocketLike, WebSocketClass } from './socket.ts';

/** PROTOCOL.md §2.7: two heartbeats and then some. */
const SILENCE_MS = 40_000;
const GREETING_MS = 10_000;

/** What hello says, or what gives it anew for each connection. */
export type Token = string | (() => string | Promise<string>);

/** One WebSocket, from its opening to its loss. */
export interface Wire {
  send(frame: Outgoing): void;
  /** Ends it; nothing is told after that. */
  close(): void;
}

export interface WireOptions {
  readonly url: string;
  readonly token: Token | undefined;
  readonly clock: Clock;
  readonly WebSocket: WebSocketClass | undefined;
  /** The peers have greeted each other; frames follow. */
  welcomed(limits: Limits): void;
  frame(frame: DownFrame): void;
  /** Told once. A retryable error says that another attempt makes sense. */
  lost(error: OpenClawError): void;
}

/** Connects, greets and watches: whatever goes wrong, and silence too, ends in `lost`. */
export function openWire({ url, token, clock, WebSocket, welcomed, frame, lost }: WireOptions): Wire {
  let phase: 'greeting' | 'open' | 'over' = 'greeting';
  let socket: SocketLike | undefined;
  let heardAtMs = clock.now();
  let reason: OpenClawError | undefined;

  const close = (): void => {
    phase = 'over';
    cancelWatch();
    socket?.close();
  };

  const lose = (error: OpenClawError): void => {
    if (phase === 'over') return;
    close();
    lost(error);
  };

  const dropped = (why: unknown, cause?: unknown): void => lose(new OpenClawError('STREAM_DISCONNECTED', `${url}: ${why}`, { cause }));

  const watch = (): void => {
    const limitMs = phase === 'open' ? SILENCE_MS : GREETING_MS;
    const leftMs = heardAtMs + limitMs - clock.now();
    if (leftMs <= 0) dropped(`nothing was heard for ${limitMs / 1000} s.`);
    else cancelWatch = clock.after(leftMs, watch);
  };
  let cancelWatch = clock.after(GREETING_MS, watch);

  const send = (up: Outgoing): void => socket?.send(JSON.stringify(up));

  const receive = (down: DownFrame): void => {
    if (down.t === 'err' && down.ch === undefined && down.id === undefined) reason = OpenClawError.fromBody(down);
    else if (phase === 'open') frame(down);
    else if (down.t === 'welcome') {
      if (down.v !== PROTOCOL_VERSION)
        return lose(
          new OpenClawError('UNSUPPORTED_VERSION', `${url} speaks version ${down.v}, not ${PROTOCOL_VERSION}. Update the older one.`),
        );
      phase = 'open';
      welcomed(down.limits);
    }
  };

  try {
    if (!WebSocket) throw new Error('There is no WebSocket. Pass the option WebSocket.');
    socket = new WebSocket(url, [SUBPROTOCOL]);
  } catch (error) {
    // Not at once: the caller does not hold the wire yet.
    queueMicrotask(() => lose(OpenClawError.from(error, 'BAD_REQUEST')));
  }
  socket?.addEventListener('open', async () => {
    try {
      send({ t: 'hello', v: PROTOCOL_VERSION, client: 'openclaw-runtime', token: typeof token === 'function' ? await token() : token });
    } catch (error) {
      dropped(error, error);
    }
  });
  socket?.addEventListener('message', ({ data }) => {
    if (phase === 'over') return;
    heardAtMs = clock.now();
    try {
      receive(JSON.parse(data as string) as DownFrame);
    } catch (error) {
      dropped(`a frame made no sense: ${error}`, error);
    }
  });
  // A close always follows; but some sockets throw when nobody listens.
  socket?.addEventListener('error', () => {});
  socket?.addEventListener('close', ({ code = 1006 }) => {
    const word = codeOf(code);
    if (word) lose(reason?.code === word ? reason : new OpenClawError(word, `${url}: closed with ${code}.`));
    else dropped(`closed with ${code}. ${reason?.message ?? ''}`, reason);
  });
  return { send, close };
}

function codeOf(close: number): ErrorCode | undefined {
  return (Object.keys(CLOSE_CODES) as (keyof typeof CLOSE_CODES)[]).find((code) => CLOSE_CODES[code] === close);
}
