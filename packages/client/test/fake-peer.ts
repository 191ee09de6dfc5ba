import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Batch, DownFrame, UpFrame } from '@openclaw-runtime/protocol';
import { type WebSocket, WebSocketServer } from 'ws';

export const RUN = 'AAAAAAAAAAAAAAAAAAAAAA';

type FrameOf<T extends UpFrame['t']> = Extract<UpFrame, { readonly t: T }>;

/** A server of whose behaviour the test writes every frame, over real sockets. */
export interface FakePeer extends AsyncDisposable {
  readonly url: string;
  /** The next connection, before its hello was answered. */
  accept(): Promise<Session>;
  /** The next connection, welcomed. */
  welcome(): Promise<Session>;
  /** Connections so far. */
  readonly count: number;
}

export interface Session {
  next(): Promise<UpFrame>;
  /** The next frame, which must be a `t`. */
  take<T extends UpFrame['t']>(t: T): Promise<FrameOf<T>>;
  send(frame: DownFrame | Record<string, unknown> | string): void;
  batches(...batches: readonly Batch[]): void;
  /** Without a close frame. */
  drop(): void;
  close(code: number): void;
  readonly gone: Promise<void>;
}

export async function openFakePeer(): Promise<FakePeer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const sessions = createQueue<Session>();
  let count = 0;
  server.on('connection', (socket) => {
    count++;
    sessions.push(createSession(socket));
  });
  const accept = (): Promise<Session> => sessions.next();
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accept,
    async welcome() {
      const session = await accept();
      await session.take('hello');
      session.send({ t: 'welcome', v: 1, server: 'fake', limits: { maxFrameBytes: 1_048_576, maxChannels: 10, heartbeatMs: 15_000 } });
      return session;
    },
    get count() {
      return count;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

function createSession(socket: WebSocket): Session {
  const frames = createQueue<UpFrame>();
  socket.on('message', (data) => frames.push(JSON.parse(String(data)) as UpFrame));
  const gone = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
  });
  const send: Session['send'] = (frame) => {
    if (socket.readyState === socket.OPEN) socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  };
  return {
    next: frames.next,
    async take<T extends UpFrame['t']>(t: T) {
      const frame = await frames.next();
      if (frame.t !== t) throw new Error(`expected ${t}, got ${JSON.stringify(frame)}`);
      return frame as FrameOf<T>;
    },
    send,
    batches: (...b) => send({ t: 'ev', b }),
    drop: () => socket.terminate(),
    close: (code) => socket.close(code),
    gone,
  };
}

function createQueue<T>(): { push(item: T): void; next(): Promise<T> } {
  const items: T[] = [];
  const readers: ((item: T) => void)[] = [];
  return {
    push(item) {
      const reader = readers.shift();
      if (reader) reader(item);
      else items.push(item);
    },
    next: () =>
      new Promise((resolve) => {
        if (items.length > 0) resolve(items.shift() as T);
        else readers.push(resolve);
      }),
  };
}
