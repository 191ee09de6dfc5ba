import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { newId } from '@openclaw-runtime/kit';
import { HTTP_STATUS, LIMITS, OpenClawError, SUBPROTOCOL } from '@openclaw-runtime/protocol';
import type { RunKey } from '@openclaw-runtime/store';
import { WebSocketServer } from 'ws';
import { checkListen, checkRequest } from './admission/access.ts';
import { createCatalogue } from './admission/catalogue.ts';
import type { CreateDeps } from './admission/create-run.ts';
import { GATEWAY_LIMITS, type GatewayContext, type GatewayOptions } from './admission/options.ts';
import { createRouter, TENANT } from './http/router.ts';
import { createOpenAiDoor } from './openai/door.ts';
import { createLeases } from './openai/house/leases.ts';
import { type Connection, type Reader, serveConnection } from './socket/connection.ts';
import { createWebSocketPeer } from './socket/web-socket-peer.ts';

export interface Gateway {
  readonly host: string;
  readonly port: number;
  /** `ws://host:port`. */
  readonly url: string;
  readonly connections: number;
  /** Says goaway to everybody and takes no new connections. What is started on the others is durable, and goes on at the next start. */
  drain(retryMs: number): void;
  /** Ends all connections and stops listening. */
  close(): Promise<void>;
}

/** HTTP and WebSocket on one port. Rejects with `FORBIDDEN` for a public address without a token, `BAD_CONFIG` when the port is taken. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  checkListen(options.host, options.token !== undefined);
  const context = contextOf(options);
  const { limits, clock } = context;
  const create: CreateDeps = { store: options.store, clock, random: options.random, catalogue: createCatalogue(options.store) };
  const connections = new Set<Connection>();
  const perAddress = new Map<string, number>();
  let phase: 'open' | 'draining' = 'open';

  const server = createServer({
    headersTimeout: limits.requestMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 5_000,
    maxHeaderSize: 16 * 1024,
  });
  server.timeout = limits.stalledMs;
  const readers = (key: RunKey, head: number): readonly Reader[] => [...connections].flatMap((each) => each.readers(key, head));
  const leases = createLeases(context);
  const doors = [createOpenAiDoor(context, create, leases)];
  server.on('request', createRouter(context, create, { ready: () => phase === 'open', readers }, doors));
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.maxFrameBytes,
    maxFragments: LIMITS.maxFragments,
    maxBufferedChunks: 4_096,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });

  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const address = request.socket.remoteAddress ?? '';
    stream.on('error', () => undefined);
    try {
      admit(request, address);
    } catch (error) {
      return refuseUpgrade(stream, context.shown(error));
    }
    sockets.handleUpgrade(request, stream, head, (socket) => {
      perAddress.set(address, (perAddress.get(address) ?? 0) + 1);
      const connection = serveConnection(context, create, createWebSocketPeer(socket, stream), () => {
        connections.delete(connection);
        const left = (perAddress.get(address) ?? 1) - 1;
        if (left > 0) perAddress.set(address, left);
        else perAddress.delete(address);
      });
      connections.add(connection);
    });
  });

  const admit = (request: IncomingMessage, address: string): void => {
    const { pathname } = checkRequest(request, context);
    if (request.headers.upgrade?.toLowerCase() !== 'websocket')
      throw new OpenClawError('BAD_REQUEST', 'Only the websocket upgrade is served.');
    if (pathname !== '/') throw new OpenClawError('NOT_FOUND', `There is no WebSocket at ${pathname}. Connect to /.`);
    if (phase !== 'open')
      throw new OpenClawError('SHUTTING_DOWN', 'The server drains; connect again in a moment.', { retryAfterMs: 1_000 });
    const strangers = (): number => [...connections].reduce((sum, connection) => sum + (connection.known ? 0 : 1), 0);
    const full =
      connections.size >= limits.connections ||
      (perAddress.get(address) ?? 0) >= limits.connectionsPerAddress ||
      (connections.size >= limits.strangers && strangers() >= limits.strangers);
    if (full) throw new OpenClawError('RATE_LIMITED', 'Too many connections. Close some, or try again later.', { retryAfterMs: 1_000 });
  };

  let cancelTick: () => void = () => undefined;
  const tick = (): void => {
    const now = clock.now();
    for (const connection of connections) connection.tick(now);
    cancelTick = clock.after(Math.min(1_000, limits.silenceMs), tick);
  };

  const port = await listen(server, options.host, options.port);
  tick();
  leases.recover(TENANT).catch(context.shown);
  return {
    host: options.host,
    port,
    url: `ws://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    get connections() {
      return connections.size;
    },
    drain(retryMs) {
      phase = 'draining';
      leases.stop();
      for (const connection of connections) connection.goAway(retryMs);
    },
    async close() {
      phase = 'draining';
      leases.stop();
      cancelTick();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of [...connections]) connection.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function contextOf(options: GatewayOptions): GatewayContext {
  return {
    ...options,
    origins: options.origins ?? [],
    limits: { ...GATEWAY_LIMITS, ...options.limits },
    shown(error) {
      if (error instanceof OpenClawError && error.code !== 'INTERNAL') return error;
      const id = newId(options.random).slice(0, 8);
      options.onDefect(id, error);
      return new OpenClawError('INTERNAL', `Something went wrong here that should not have. Report it with the id ${id}.`);
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? `The port ${port} of ${host} is taken. Stop what listens there, or choose another with --port.`
          : error.message;
      reject(new OpenClawError('BAD_CONFIG', why, { cause: error }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function refuseUpgrade(stream: Duplex, error: OpenClawError): void {
  const body = JSON.stringify({ error: error.toBody() });
  const retry = error.retryAfterMs === undefined ? '' : `retry-after: ${Math.ceil(error.retryAfterMs / 1000)}\r\n`;
  const http = HTTP_STATUS[error.code];
  stream.once('finish', () => stream.destroy());
  stream.end(
    `HTTP/1.1 ${http} ${error.code}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${retry}connection: close\r\n\r\n${body}`,
  );
}
