import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { isLoopback } from '../config/loopback.ts';

export interface MetricsListenerOptions {
  readonly path: string;
  readonly contentType: string;
  /** Asked for each scrape. */
  readonly text: () => string;
}

/** Where Prometheus reads. */
export interface MetricsListener extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/metrics`. */
  readonly url: string;
}

const HOST = '127.0.0.1';

/** Listens on the loopback address only; port 0 is any free one. Rejects with `BAD_CONFIG` when the port is taken. */
export async function openMetricsListener(port: number, options: MetricsListenerOptions): Promise<MetricsListener> {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000, keepAliveTimeout: 65_000, maxHeaderSize: 16 * 1024 });
  server.maxConnections = 64;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => answer(request, response, options));
  await listen(server, port);
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}${options.path}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, { path, contentType, text }: MetricsListenerOptions): void {
  const say = (status: number, body: string): void => {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`${body}\n`);
  };
  // A page that a browser of this machine shows may not read it under a name of its own.
  if (!isLoopback((request.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '')))
    return say(403, 'The Host header names another machine.');
  const [asked] = (request.url ?? '/').split('?');
  if (asked !== path) return say(404, `There is nothing here but ${path}.`);
  if (request.method !== 'GET' && request.method !== 'HEAD') return say(405, 'It takes GET.');
  const body = request.method === 'GET' ? text() : '';
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(body);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? `The port ${port} of ${HOST} is taken` : error.message;
      reject(
        new OpenClawError('BAD_CONFIG', `${why}: metrics cannot be served there. Choose another with --metrics-port.`, { cause: error }),
      );
    });
    server.listen(port, HOST, resolve);
  });
}
