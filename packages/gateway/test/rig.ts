import { type AddressInfo, connect, type Socket } from 'node:net';
import { type Clock, seededRandom } from '@openclaw-runtime/kit';
import { chain, type DownFrame, encodeRecord, PROTOCOL_VERSION, SUBPROTOCOL, type WireRecord } from '@openclaw-runtime/protocol';
import { createMemoryStore, type Lease, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { type ClientOptions, WebSocket } from 'ws';
import { type Gateway, type GatewayOptions, startGateway } from '../src/index.ts';

/** Time that moves only when told to. */
export interface ManualClock extends Clock {
  /** Lets so much time pass, timer by timer; what each of them writes is on its way before the next runs. */
  advance(ms: number): Promise<void>;
}

/** A gateway over a memory store, without any runtime: the tests write the logs by hand. */
export interface Rig extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly store: Store;
  readonly clock: ManualClock;
  readonly http: string;
  readonly defects: readonly unknown[];
  /** A WebSocket that has said hello and was welcomed. */
  dial(options?: ClientOptions): Promise<Peer>;
  /** A WebSocket that has said nothing. */
  dialStranger(options?: ClientOptions, path?: string): Promise<Peer>;
  /** A bare TCP connection. */
  dialRaw(): Promise<RawPeer>;
  /** A run, and the right to write its log. */
  begin(name: string): Promise<Log>;
  /** Resolves when the gateway has taken all that any peer in this process sent before. */
  turn(): Promise<void>;
}

export interface Log {
  readonly run: string;
  readonly key: RunKey;
  readonly lease: Lease;
  /** All records so far, as encoded. */
  readonly records: readonly string[];
  /** The chain after record `seq`. */
  h(seq: number): number;
  append(...records: string[]): Promise<void>;
  say(...texts: string[]): Promise<void>;
  finish(): Promise<void>;
  /** The same, with these texts right before the end. */
  tell(...texts: string[]): Promise<void>;
}

export interface Peer {
  readonly socket: WebSocket;
  /** Code and reason of the close. */
  readonly closed: Promise<readonly [code: number, reason: string]>;
  send(frame: object | string | Buffer): void;
  /** The next frame that is of type `t`; those before it are kept. */
  next<T extends DownFrame['t']>(t: T): Promise<Extract<DownFrame, { t: T }>>;
  /** Collects the records of a channel until there are `count`, with the chain checked. */
  records(ch: number, count: number, after?: number, h?: number): Promise<string[]>;
  /** Frames that came and that nobody asked for yet. */
  readonly waiting: readonly DownFrame[];
}

export interface RawPeer {
  readonly socket: Socket;
  /** All bytes so far, as latin1. */
  readonly text: () => string;
  write(data: string | Buffer): void;
  /** Resolves when the text matches; rejects when the connection ends first. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when the connection has ended, in whatever way. */
  readonly ended: Promise<void>;
  /** WebSocket handshake, and the welcome unless it is a stranger. */
  upgrade(headers?: string, hello?: boolean): Promise<void>;
  /** The code of the server’s close frame; `undefined` when the connection ends without one. */
  closeCode(): Promise<number | undefined>;
}

export const FINISHED = encodeRecord('run.finished', 0, 0, {
  status: 'completed',
  reason: 'stop',
  usage: { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 },
});

export const HELLO = { t: 'hello', v: PROTOCOL_VERSION, client: 'test' };

const TENANT = 'default';

export async function openRig(options: Partial<GatewayOptions> = {}): Promise<Rig> {
  const clock = createManualClock();
  const store = options.store ?? createMemoryStore();
  const defects: unknown[] = [];
  await store.state.put('_house', 'catalogue', JSON.stringify({ agents: [{ name: 'default' }] }), 0);
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    clock,
    random: seededRandom(1),
    serverName: 'test',
    onDefect: (_id, error) => defects.push(error),
    ...options,
    store,
  });
  const peers: Peer[] = [];
  const raws: RawPeer[] = [];
  const http = `http://127.0.0.1:${gateway.port}`;

  const dialStranger = async (how: ClientOptions = {}, path = '/'): Promise<Peer> => {
    const peer = createPeer(new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, SUBPROTOCOL, { perMessageDeflate: false, ...how }));
    peers.push(peer);
    await opened(peer.socket);
    return peer;
  };

  return {
    gateway,
    store,
    clock,
    http,
    defects,
    dialStranger,
    async dial(how) {
      const peer = await dialStranger(how);
      peer.send(HELLO);
      await peer.next('welcome');
      return peer;
    },
    async dialRaw() {
      const raw = await createRaw(gateway.port);
      raws.push(raw);
      return raw;
    },
    begin: (name) => beginLog(store, name),
    async turn() {
      for (let i = 0; i < 2; i++) await (await fetch(`${http}/healthz`, { headers: { connection: 'close' } })).text();
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of peers) socket.terminate();
      for (const { socket } of raws) socket.destroy();
      const closed = gateway.close();
      await clock.advance(1_000);
      await closed;
      await store.close();
    },
  };
}

async function beginLog(store: Store, name: string): Promise<Log> {
  const run = store.runId(TENANT, name);
  const key = runKey(TENANT, run);
  const created = encodeRecord('run.created', 0, 0, { agent: 'default', input: name, at: 0, fingerprint: name });
  await store.runs.create(key, created, name);
  const lease = await store.queue.claim(key, 'test');
  const records = [lease.creation];
  const append = async (given: readonly string[], done = false): Promise<void> => {
    records.push(...given);
    lease.append(given, 'process', done);
    await lease.settled();
  };
  return {
    run,
    key,
    lease,
    records,
    h: (seq) => records.slice(0, seq).reduce(chain, 0),
    append: (...given) => append(given),
    say: (...texts) => append(texts.map((text) => encodeRecord('text', 1, 1, text))),
    finish: () => append([FINISHED], true),
    tell: (...texts) => append([...texts.map((text) => encodeRecord('text', 1, 1, text)), FINISHED], true),
  };
}

/** What one side of a connection hears, frame by frame. */
export function createPeer(socket: WebSocket): Peer {
  const waiting: DownFrame[] = [];
  let wake = Promise.withResolvers<void>();
  let over: string | undefined;
  const stir = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  socket.on('message', (data: Buffer) => {
    waiting.push(JSON.parse(data.toString()) as DownFrame);
    stir();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<readonly [number, string]>((resolve) => {
    socket.on('close', (code, reason) => {
      over = `closed with ${code} ${reason}`;
      stir();
      resolve([code, reason.toString()]);
    });
  });
  const next = async <T extends DownFrame['t']>(t: T): Promise<Extract<DownFrame, { t: T }>> => {
    for (;;) {
      const at = waiting.findIndex((frame) => frame.t === t);
      if (at >= 0) return waiting.splice(at, 1)[0] as Extract<DownFrame, { t: T }>;
      if (over !== undefined) throw new Error(`${over} before a frame ${t}; there were ${JSON.stringify(waiting)}`);
      await wake.promise;
    }
  };
  return {
    socket,
    closed,
    waiting,
    next,
    send: (frame) => socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame)),
    async records(ch, count, after = 0, h = 0) {
      const got: string[] = [];
      let last = h;
      while (got.length < count) {
        const { b } = await next('ev');
        for (const [at, first, records, chained] of b) {
          if (at !== ch) continue;
          if (first !== after + got.length + 1) throw new Error(`channel ${ch} goes on with ${first} after ${after + got.length}`);
          const texts = (records as readonly WireRecord[]).map((record) => JSON.stringify(record));
          got.push(...texts);
          last = texts.reduce(chain, last);
          if (last !== chained) throw new Error(`the chain after ${after + got.length} is ${chained}, not ${last}`);
        }
      }
      return got;
    },
  };
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => reject(new Error(`${response.statusCode} ${Buffer.concat(parts)}`)));
    });
  });
}

/** One masked frame of a client. `first` is the first byte: FIN, reserved bits and opcode. */
export function clientFrame(first: number, payload: Buffer | string = '', claimedLength?: number): Buffer {
  const body = Buffer.from(payload);
  const length = claimedLength ?? body.length;
  const head = length < 126 ? Buffer.from([first, 0x80 | length]) : Buffer.alloc(length < 65_536 ? 4 : 10);
  if (length >= 126) {
    head[0] = first;
    head[1] = 0x80 | (length < 65_536 ? 126 : 127);
    if (length < 65_536) head.writeUInt16BE(length, 2);
    else head.writeBigUInt64BE(BigInt(length), 2);
  }
  const mask = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([head, mask, body.map((byte, i) => byte ^ (mask[i & 3] as number))]);
}

async function createRaw(port: number): Promise<RawPeer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const parts: Buffer[] = [];
  let wake = Promise.withResolvers<void>();
  let over = false;
  const stir = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  const text = (): string => Buffer.concat(parts).toString('latin1');
  socket.on('data', (part: Buffer) => {
    parts.push(part);
    stir();
  });
  socket.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      over = true;
      stir();
      resolve();
    };
    socket.on('end', end);
    socket.on('close', end);
  });
  await new Promise((resolve) => socket.once('connect', resolve));

  const raw: RawPeer = {
    socket,
    text,
    ended,
    write: (data) => void socket.write(data),
    async until(pattern) {
      for (;;) {
        const hit = pattern.exec(text());
        if (hit) return hit;
        if (over) throw new Error(`the connection ended before ${pattern}; it said ${JSON.stringify(text())}`);
        await wake.promise;
      }
    },
    async upgrade(headers = '', hello = true) {
      socket.write(
        `GET / HTTP/1.1\r\nHost: 127.0.0.1:${(socket.address() as AddressInfo).port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n${headers}\r\n`,
      );
      await raw.until(/\r\n\r\n/);
      if (!text().startsWith('HTTP/1.1 101 ')) return;
      if (!hello) return;
      socket.write(clientFrame(0x81, JSON.stringify(HELLO)));
      await raw.until(/"welcome"/);
    },
    async closeCode() {
      const body = text().indexOf('\r\n\r\n') + 4;
      for (;;) {
        const code = closeCodeOf(Buffer.concat(parts).subarray(body));
        if (code !== undefined || over) return code;
        await wake.promise;
      }
    },
  };
  return raw;
}

function closeCodeOf(frames: Buffer): number | undefined {
  let at = 0;
  while (at + 2 <= frames.length) {
    const short = (frames[at + 1] as number) & 0x7f;
    const size = short < 126 ? 2 : short === 126 ? 4 : 10;
    const length = short < 126 ? short : short === 126 ? frames.readUInt16BE(at + 2) : Number(frames.readBigUInt64BE(at + 2));
    if (((frames[at] as number) & 0x0f) === 8) return length >= 2 ? frames.readUInt16BE(at + size) : 1005;
    at += size + length;
  }
  return undefined;
}

function createManualClock(): ManualClock {
  interface Timer {
    readonly at: number;
    readonly fn: () => void;
  }
  let now = 1_000;
  let timers: Timer[] = [];
  return {
    now: () => now,
    wall: () => now,
    after(ms, fn) {
      const timer = { at: now + ms, fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    async advance(ms) {
      const until = now + ms;
      for (;;) {
        const due = timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
        now = due?.at ?? until;
        if (!due) return;
        timers = timers.filter((timer) => timer !== due);
        due.fn();
        await new Promise(setImmediate);
      }
    },
  };
}
