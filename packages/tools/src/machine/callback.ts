import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OpenClawError } from '@openclaw-runtime/protocol';

/** Where a browser comes back to on this machine. */
export interface Callback {
  /** `http://127.0.0.1:PORT/callback`. */
  readonly redirectUrl: string;
  /** What the browser brings with this state; whoever comes with another is sent away. Rejects with the signal's reason. */
  wait(state: string, signal: AbortSignal): Promise<URLSearchParams>;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 until it is closed. Rejects with `BAD_CONFIG` where the port is taken; 0 is any that is free. */
export async function openCallback(port: number): Promise<Callback> {
  const waiting = new Map<string, (params: URLSearchParams) => void>();
  const server = createServer({ requestTimeout: 10_000, maxHeaderSize: 32_768 }, (request, response) => {
    const params = paramsOf(request);
    const state = params?.get('state') ?? undefined;
    const take = state === undefined ? undefined : waiting.get(state);
    if (!params || state === undefined || !take) return say(response, 404, 'Nobody is waiting for this.');
    waiting.delete(state);
    say(response, 200, params.has('code') ? 'Done. You can close this window.' : 'The login was refused. You can close this window.');
    take(params);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new OpenClawError(
          'BAD_CONFIG',
          `The port ${port} of 127.0.0.1 cannot be listened on (${error.code}). Choose another redirectPort.`,
        ),
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: open } = server.address() as AddressInfo;
  return {
    redirectUrl: `http://127.0.0.1:${open}/callback`,
    wait: (state, signal) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          waiting.delete(state);
          reject(signal.reason);
        };
        if (signal.aborted) return stop();
        signal.addEventListener('abort', stop, { once: true });
        waiting.set(state, (params) => {
          signal.removeEventListener('abort', stop);
          resolve(params);
        });
      }),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function paramsOf({ method, url = '/', headers, socket }: IncomingMessage): URLSearchParams | undefined {
  // A name that somebody else made point here is no name of ours.
  if (method !== 'GET' || headers.host !== `127.0.0.1:${socket.localPort}` || !URL.canParse(url, 'http://127.0.0.1')) return undefined;
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
  return pathname === '/callback' ? searchParams : undefined;
}

function say(response: ServerResponse, status: number, text: string): void {
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    connection: 'close',
  };
  response.writeHead(status, headers).end(`${text}\n`);
}
