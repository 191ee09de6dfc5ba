import type { SocketEvent, SocketLike, WebSocketClass } from '@openclaw-runtime/client';
import type { Peer, PeerEvents } from '../../packages/gateway/src/socket/peer.ts';
import type { Chance } from './chance.ts';
import type { Kernel } from './kernel.ts';
import type { Process } from './process.ts';

/** TCP between machines: in order, at most once, late, and now and then broken. */
export interface Network {
  /** The server takes connections until its process dies. */
  listen(process: Process, accept: (peer: Peer) => void): void;
  /** The class of sockets with which a client's process connects. */
  socketsOf(process: Process): WebSocketClass;
  /** What is sent from or to this client stays on the way until it is unclogged. */
  clog(client: string): void;
  unclog(client: string): void;
  /** Breaks the client's connections: `reset` tells both sides, `half-open` one side at most. Of what is on the way a part is lost. */
  cut(client: string, how: 'reset' | 'half-open'): void;
  /** The server's machine went dark: nobody is told, and nothing that is on the way arrives. */
  darken(): void;
  /** Everything works again from now on. */
  heal(): void;
  /** Bytes that were taken for one client and had not left, at most. */
  readonly peakUnsent: number;
}

export interface NetworkOptions {
  readonly kernel: Kernel;
  readonly chance: Chance;
  /** Milliseconds on the way. */
  readonly latencyMs: readonly [low: number, high: number];
}

/** Bytes that the kernels hold for a connection; what is beyond them is unsent. */
const WINDOW = 1_500;

type Message =
  | { readonly t: 'text'; readonly text: string }
  | { readonly t: 'ping' }
  | { readonly t: 'pong' }
  | { readonly t: 'close'; readonly code: number };

/** One direction of a connection. */
interface Pipe {
  readonly queue: { readonly message: Message; readonly at: number }[];
  bytes: number;
  lastAt: number;
  armed: boolean;
  paused: boolean;
}

interface Connection {
  readonly client: string;
  readonly up: Pipe;
  readonly down: Pipe;
  /** Each side: whether it still believes in the connection. */
  clientOpen: boolean;
  serverOpen: boolean;
  /** Nothing arrives any more. */
  dead: boolean;
  toClient(message: Message): void;
  toServer(message: Message): void;
  serverLost(): void;
  clientLost(): void;
  drained(): void;
}

export function createNetwork({ kernel, chance, latencyMs }: NetworkOptions): Network {
  let peakUnsent = 0;
  /** Goes up when everything that is on the way is lost. */
  let era = 0;
  const clogged = new Set<string>();
  const connections = new Set<Connection>();
  let server: { readonly process: Process; accept(peer: Peer): void } | undefined;

  const latency = (): number => chance.between(latencyMs[0], latencyMs[1]) * (chance.may(0.02) ? 20 : 1);

  const pump = (connection: Connection, pipe: Pipe, deliver: (message: Message) => void): void => {
    if (pipe.armed || pipe.paused || connection.dead || clogged.has(connection.client)) return;
    const next = pipe.queue[0];
    if (!next) return;
    pipe.armed = true;
    kernel.at(next.at, () => {
      pipe.armed = false;
      if (connection.dead || pipe.paused || clogged.has(connection.client) || pipe.queue[0] !== next) return;
      pipe.queue.shift();
      const before = pipe.bytes;
      pipe.bytes -= sizeOf(next.message);
      deliver(next.message);
      if (pipe === connection.down && before > WINDOW && pipe.bytes <= WINDOW && connection.serverOpen) connection.drained();
      pump(connection, pipe, deliver);
    });
  };
  const pumpBoth = (connection: Connection): void => {
    pump(connection, connection.up, connection.toServer);
    pump(connection, connection.down, connection.toClient);
  };
  const put = (connection: Connection, pipe: Pipe, deliver: (message: Message) => void, message: Message): void => {
    if (connection.dead) return;
    pipe.lastAt = Math.max(pipe.lastAt, kernel.now + latency());
    pipe.queue.push({ message, at: pipe.lastAt });
    pipe.bytes += sizeOf(message);
    if (pipe === connection.down) peakUnsent = Math.max(peakUnsent, pipe.bytes);
    pump(connection, pipe, deliver);
  };

  /** Ends it: of what is on the way a part still arrives; then the sides that are told learn of it. */
  const sever = (connection: Connection, told: { readonly client: boolean; readonly server: boolean }): void => {
    if (connection.dead) return;
    for (const pipe of [connection.up, connection.down]) {
      const kept = told.client || told.server ? chance.below(pipe.queue.length + 1) : 0;
      const deliver = pipe === connection.up ? connection.toServer : connection.toClient;
      const arrives = clogged.has(connection.client) || pipe.paused ? [] : pipe.queue.slice(0, kept);
      const mine = era;
      for (const { message, at } of arrives) kernel.at(at, () => mine === era && deliver(message));
      pipe.queue.length = 0;
    }
    connection.dead = true;
    const lastAt = Math.max(connection.up.lastAt, connection.down.lastAt, kernel.now);
    if (told.client) kernel.at(lastAt + latency(), () => connection.clientLost());
    if (told.server) kernel.at(lastAt + latency(), () => connection.serverLost());
  };

  const connect = (process: Process, socket: SimulatedSocket): void => {
    const attempt = (): void => {
      if (!process.alive || socket.closed) return;
      if (clogged.has(process.name)) return void process.after(500, attempt);
      const listener = server;
      if (!listener?.process.alive) return socket.lost();
      const connection = establish(process, socket, listener.process);
      listener.accept(peerOf(connection, listener.process));
      kernel.after(latency(), () => {
        if (process.alive && connection.clientOpen) socket.opened();
      });
    };
    process.after(latency(), attempt);
  };

  const establish = (process: Process, socket: SimulatedSocket, host: Process): Connection => {
    const events: { current: PeerEvents | undefined } = { current: undefined };
    const connection: Connection & { events: typeof events } = {
      events,
      client: process.name,
      up: newPipe(),
      down: newPipe(),
      clientOpen: true,
      serverOpen: true,
      dead: false,
      toClient(message) {
        if (!process.alive || !connection.clientOpen) return;
        if (message.t === 'ping') put(connection, connection.up, connection.toServer, { t: 'pong' });
        else if (message.t === 'close') {
          connection.clientOpen = false;
          put(connection, connection.up, connection.toServer, { t: 'close', code: message.code });
          socket.closedBy(message.code);
        } else if (message.t === 'text') socket.received(message.text);
      },
      toServer(message) {
        if (!host.alive || !connection.serverOpen) return;
        const heard = events.current;
        if (message.t === 'text') {
          heard?.received(message.text.length);
          heard?.message(message.text, message.text.length, false);
        } else if (message.t === 'pong') heard?.ponged();
        else if (message.t === 'ping') heard?.pinged();
        else {
          connection.serverOpen = false;
          connections.delete(connection);
          if (connection.clientOpen) put(connection, connection.down, connection.toClient, { t: 'close', code: message.code });
          heard?.closed();
        }
      },
      serverLost() {
        if (!connection.serverOpen || !host.alive) return;
        connection.serverOpen = false;
        connections.delete(connection);
        events.current?.failed();
        events.current?.closed();
      },
      clientLost() {
        if (!connection.clientOpen || !process.alive) return;
        connection.clientOpen = false;
        connections.delete(connection);
        socket.lost();
      },
      drained: () => events.current?.drained(),
    };
    connections.add(connection);
    socket.attach({
      send(text) {
        if (connection.clientOpen) put(connection, connection.up, connection.toServer, { t: 'text', text });
        // A machine that has come back knows nothing of this connection, and says so.
        if (connection.dead && connection.clientOpen && server?.process.alive && server.process !== host && chance.may(0.5))
          kernel.after(latency(), () => connection.clientLost());
      },
      close() {
        connection.clientOpen = false;
        put(connection, connection.up, connection.toServer, { t: 'close', code: 1005 });
      },
    });
    process.onDeath(() => sever(connection, { client: false, server: true }));
    host.onDeath(() => sever(connection, { client: connection.clientOpen, server: false }));
    return connection;
  };

  const peerOf = (connection: Connection & { events?: { current: PeerEvents | undefined } }, host: Process): Peer => ({
    send(text) {
      if (host.alive && connection.serverOpen) put(connection, connection.down, connection.toClient, { t: 'text', text });
    },
    unsent: () => Math.max(0, connection.down.bytes - WINDOW),
    pause() {
      connection.up.paused = true;
    },
    resume() {
      connection.up.paused = false;
      pumpBoth(connection);
    },
    ping() {
      put(connection, connection.down, connection.toClient, { t: 'ping' });
    },
    close(code) {
      put(connection, connection.down, connection.toClient, { t: 'close', code });
    },
    terminate() {
      if (!connection.serverOpen) return;
      sever(connection, { client: true, server: false });
      connection.serverOpen = false;
      connections.delete(connection);
      kernel.after(0, () => {
        if (host.alive) connection.events?.current?.closed();
      });
    },
    listen(events) {
      if (connection.events) connection.events.current = events;
    },
  });

  return {
    listen(process, accept) {
      server = { process, accept };
    },
    socketsOf: (process) =>
      class extends SimulatedSocket {
        constructor() {
          super();
          connect(process, this);
        }
      },
    get peakUnsent() {
      return peakUnsent;
    },
    clog: (client) => void clogged.add(client),
    unclog(client) {
      clogged.delete(client);
      for (const connection of connections) if (connection.client === client) pumpBoth(connection);
    },
    cut(client, how) {
      for (const connection of [...connections]) {
        if (connection.client !== client) continue;
        const halfKnown = chance.below(3);
        sever(connection, how === 'reset' ? { client: true, server: true } : { client: halfKnown === 1, server: halfKnown === 2 });
      }
    },
    darken() {
      era++;
      for (const connection of [...connections]) sever(connection, { client: false, server: false });
    },
    heal() {
      for (const client of [...clogged]) this.unclog(client);
    },
  };
}

function newPipe(): Pipe {
  return { queue: [], bytes: 0, lastAt: 0, armed: false, paused: false };
}

function sizeOf(message: Message): number {
  return message.t === 'text' ? message.text.length : 8;
}

interface Wire {
  send(text: string): void;
  close(): void;
}

/** The client's end, as a browser's WebSocket. */
class SimulatedSocket implements SocketLike {
  closed = false;
  #wire: Wire | undefined;
  readonly #listeners: { readonly type: string; readonly listener: (event: SocketEvent) => void }[] = [];

  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: SocketEvent) => void): void {
    this.#listeners.push({ type, listener });
  }

  send(data: string): void {
    if (!this.closed) this.#wire?.send(data);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#wire?.close();
  }

  attach(wire: Wire): void {
    this.#wire = wire;
  }

  opened(): void {
    if (!this.closed) this.#tell({ type: 'open' });
  }

  received(data: string): void {
    if (!this.closed) this.#tell({ type: 'message', data });
  }

  lost(): void {
    if (this.closed) return;
    this.#tell({ type: 'error' });
    this.closedBy(1006);
  }

  closedBy(code: number): void {
    if (this.closed) return;
    this.closed = true;
    this.#tell({ type: 'close', code });
  }

  #tell(event: SocketEvent): void {
    for (const { type, listener } of this.#listeners) if (type === event.type) listener(event);
  }
}
