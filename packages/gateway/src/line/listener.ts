import { constants } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { OpenClawError } from '@openclaw-runtime/protocol';

/** A certificate with those that lead up to it, and its key, both in PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Absent: the line is plain. */
  readonly tls?: Tls | undefined;
  /** Milliseconds in which a handshake, a request's headers and its body must each have come. */
  readonly requestMs: number;
  /** Milliseconds that a connection may be silent. */
  readonly stalledMs: number;
  onRequest: RequestListener;
  onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void;
}

export interface Listener {
  readonly port: number;
  readonly url: string;
  /** Where this machine's own commands come in: with TLS a plain line of the loopback address, since certificates name hosts, and not this one. */
  readonly localUrl: string;
  /** For handshakes from now on. Throws `BAD_CONFIG`. */
  renew(tls: Tls): void;
  close(): Promise<void>;
}

/** TLS 1.2 with what is still good of it, and 1.3. */
const CIPHERS = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
].join(':');

/** Rejects with `BAD_CONFIG` where the port is taken, or the certificate is none. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { host, port, tls, requestMs } = options;
  const common: ServerOptions = {
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 5_000,
    maxHeaderSize: 16 * 1024,
  };
  const secure = tls && createTlsServer({ ...common, ...secureOptions(tls), handshakeTimeout: requestMs });
  const server = secure ?? createServer(common);
  const local = secure && createServer(common);
  for (const each of [server, local]) if (each) attend(each, options);

  const bound = await bind(server, host, port);
  const localPort = local ? await bind(local, '127.0.0.1', 0) : bound;
  const url = `${secure ? 'wss' : 'ws'}://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  return {
    port: bound,
    url,
    localUrl: local ? `ws://127.0.0.1:${localPort}` : url,
    renew(next) {
      secure?.setSecureContext(secureOptions(next));
    },
    async close() {
      await Promise.all([closed(server), ...(local ? [closed(local)] : [])]);
    },
  };
}

/** The same, where it can be used. Throws `BAD_CONFIG`. */
export function checkTls(tls: Tls): Tls {
  secureOptions(tls);
  return tls;
}

function attend(server: Server | TlsServer, { stalledMs, onRequest, onUpgrade }: ListenerOptions): void {
  server.timeout = stalledMs;
  server.on('request', onRequest);
  server.on('upgrade', onUpgrade);
}

function secureOptions({ cert, key }: Tls): SecureContextOptions {
  const options: SecureContextOptions = {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
  try {
    createSecureContext(options);
  } catch (error) {
    const why = (error as Error).message;
    throw new OpenClawError('BAD_CONFIG', `server.tls: the certificate and its key cannot be used: ${why}.`, { cause: error });
  }
  return options;
}

function bind(server: Server | TlsServer, host: string, port: number): Promise<number> {
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

function closed(server: Server | TlsServer): Promise<void> {
  const done = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  return done;
}
