import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { newId } from '@openclaw-runtime/kit';
import { HTTP_STATUS, LIMITS, OpenClawError, SUBPROTOCOL } from '@openclaw-runtime/protocol';
import type { RunKey } from '@openclaw-runtime/store';
import { WebSocketServer } from 'ws';
import { checkListen, checkRequest } from './admission/access.ts';
import { createCatalogue } from './admission/catalogue.ts';
import type { CreateDeps } from './admission/create-run.ts';
import { createGate, fromOf, NOBODY } from './admission/gate.ts';
import { GATEWAY_LIMITS, type GatewayContext, type GatewayLimits, type GatewayOptions } from './admission/options.ts';
import { type Audit, NO_AUDIT, noteRefusal } from './audit/audit.ts';
import { countedAudit } from './audit/counted.ts';
import { createRouter } from './http/router.ts';
import { notedIssuer } from './identity/keys/noted.ts';
import { type Doorkeeper, openIdentity } from './identity/proof/open-identity.ts';
import { type AdmissionStatus, createAdmission, MOST_WAIT_MS } from './limits/admission.ts';
import { networkOf, parseProxies } from './line/address.ts';
import { listen, type Tls } from './line/listener.ts';
import { createMcpDoor } from './mcp/door.ts';
import { createOpenAiDoor } from './openai/door.ts';
import { createLeases } from './openai/house/leases.ts';
import { createAssistantDoor } from './openclaw/door.ts';
import { type Connection, type Reader, serveConnection } from './socket/connection.ts';
import { createWebSocketPeer } from './socket/web-socket-peer.ts';
import { createUiDoor } from './ui-stream/door.ts';

/** What may become another while a gateway is open. */
export type GatewayChange = Pick<GatewayContext, 'origins'> &
  Pick<GatewayLimits, 'connections' | 'connectionsPerAddress'> & {
    /** Read anew. */
    readonly tls?: Tls;
  };

export interface Gateway {
  readonly host: string;
  readonly port: number;
  /** `ws://host:port`, or `wss:`. */
  readonly url: string;
  /** Where this machine's own commands come in. */
  readonly localUrl: string;
  readonly connections: number;
  /** For what comes from now on; what is there stays. */
  change(next: GatewayChange): void;
  readonly admission: AdmissionStatus;
  /** How often something was refused, by the error word. */
  readonly refused: Readonly<Record<string, number>>;
  /** Says goaway to everybody and takes no new connections. What is started on the others is durable, and goes on at the next start. */
  drain(retryMs: number): void;
  /** Ends all connections and stops listening. */
  close(): Promise<void>;
}

/** HTTP and WebSocket on one port. Rejects with `FORBIDDEN` for a public address that anybody may come in at, `BAD_CONFIG` when the port is taken. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const identity = await openIdentity(options);
  checkListen(options.host, !identity.takesAnybody);
  const audit = countedAudit(options.audit ?? NO_AUDIT);
  const context = contextOf(options, identity, audit);
  const { limits, clock } = context;
  const { admission } = context;
  const create: CreateDeps = { store: options.store, clock, random: options.random, catalogue: createCatalogue(options.store), admission };
  const connections = new Set<Connection>();
  const perAddress = new Map<string, number>();
  let phase: 'open' | 'draining' = 'open';

  const readers = (key: RunKey, head: number): readonly Reader[] => [...connections].flatMap((each) => each.readers(key, head));
  const leases = createLeases(context);
  const gate = createGate(context);
  const doors = [
    createOpenAiDoor(context, create, leases),
    createUiDoor(context, create, leases),
    createMcpDoor(context, create, leases, () => phase === 'open'),
  ];
  const onRequest = createRouter(
    context,
    create,
    { ready: () => phase === 'open', readers },
    { gate, keys: notedIssuer(identity.keys, context.audit), tickets: identity.tickets },
    doors,
  );
  const assistant = createAssistantDoor(context, create, () => phase === 'open');
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.maxFrameBytes,
    maxFragments: LIMITS.maxFragments,
    maxBufferedChunks: 4_096,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });

  const onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    const from = fromOf(request, context, 'socket');
    const network = networkOf(from.address);
    stream.on('error', () => undefined);
    try {
      admit(request, network);
    } catch (thrown) {
      const error = context.shown(thrown);
      noteRefusal(context.audit, error, { principal: NOBODY, address: from.address, target: 'upgrade' });
      return refuseUpgrade(stream, error);
    }
    sockets.handleUpgrade(request, stream, head, (socket) => {
      perAddress.set(network, (perAddress.get(network) ?? 0) + 1);
      const peer = createWebSocketPeer(socket, stream);
      const onClose = (): void => {
        connections.delete(connection);
        const left = (perAddress.get(network) ?? 1) - 1;
        if (left > 0) perAddress.set(network, left);
        else perAddress.delete(network);
      };
      const isOurs = socket.protocol === SUBPROTOCOL;
      const connection = isOurs ? serveConnection(context, create, peer, from, onClose) : assistant.serve(peer, from, onClose);
      connections.add(connection);
    });
  };

  const admit = (request: IncomingMessage, network: string): void => {
    const { pathname } = checkRequest(request, context);
    if (request.headers.upgrade?.toLowerCase() !== 'websocket')
      throw new OpenClawError('BAD_REQUEST', 'Only the websocket upgrade is served.');
    if (pathname !== '/') throw new OpenClawError('NOT_FOUND', `There is no WebSocket at ${pathname}. Connect to /.`);
    if (phase !== 'open')
      throw new OpenClawError('SHUTTING_DOWN', 'The server drains; connect again in a moment.', { retryAfterMs: 1_000 });
    const mostStrangers = admission.status.level > 0 ? limits.strangers / 10 : limits.strangers;
    const strangers = (): number => [...connections].reduce((sum, connection) => sum + (connection.known ? 0 : 1), 0);
    const full =
      connections.size >= limits.connections ||
      (perAddress.get(network) ?? 0) >= limits.connectionsPerAddress ||
      (connections.size >= mostStrangers && strangers() >= mostStrangers);
    if (full) throw new OpenClawError('RATE_LIMITED', 'Too many connections. Close some, or try again later.', { retryAfterMs: 1_000 });
  };

  let cancelTick: () => void = () => undefined;
  const tick = (): void => {
    const now = clock.now();
    for (const connection of connections) connection.tick(now);
    gate.tick();
    identity.tick();
    cancelTick = clock.after(Math.min(1_000, limits.silenceMs), tick);
  };

  const { host, tls } = options;
  const { requestMs, stalledMs } = limits;
  const listener = await listen({ host, port: options.port, tls, requestMs, stalledMs, onRequest, onUpgrade });
  tick();
  leases.recover().catch(context.shown);
  return {
    host,
    port: listener.port,
    url: listener.url,
    localUrl: listener.localUrl,
    get connections() {
      return connections.size;
    },
    change({ origins, tls: renewed, ...most }) {
      if (renewed) listener.renew(renewed);
      Object.assign(context, { origins });
      Object.assign(limits, most);
    },
    get admission() {
      return admission.status;
    },
    refused: audit.refused,
    drain(retryMs) {
      phase = 'draining';
      leases.stop();
      for (const connection of connections) connection.goAway(retryMs);
    },
    async close() {
      phase = 'draining';
      leases.stop();
      admission.stop();
      cancelTick();
      for (const connection of [...connections]) connection.close();
      await listener.close();
    },
  };
}

function contextOf({ trustedProxies, ...options }: GatewayOptions, identity: Doorkeeper, audit: Audit): GatewayContext {
  return {
    ...options,
    identity,
    ...(trustedProxies && { trustedProxies: parseProxies(trustedProxies) }),
    origins: options.origins ?? [],
    audit,
    admission: createAdmission({ ...options, waitMs: MOST_WAIT_MS, guarded: options.auth?.anonymous !== undefined, ...options.admission }),
    limits: { ...GATEWAY_LIMITS, ...options.limits },
    shown(error) {
      if (error instanceof OpenClawError && error.code !== 'INTERNAL') return error;
      const id = newId(options.random).slice(0, 8);
      options.onDefect(id, error);
      return new OpenClawError('INTERNAL', `Something went wrong here that should not have. Report it with the id ${id}.`);
    },
  };
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
