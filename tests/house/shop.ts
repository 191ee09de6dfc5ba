import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What agents' code talks to: prices for who knows the secret, and pages, of which one may be held back. */
export interface Shop extends AsyncDisposable {
  readonly url: string;
  readonly keys: readonly string[];
  /** The next request for this page is not answered; resolves when it came. */
  hold(page: number): Promise<void>;
}

export async function startShop(secret: string): Promise<Shop> {
  const keys: string[] = [];
  const held = new Map<number, () => void>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://shop');
    if (pathname === '/page') return page(Number(searchParams.get('n')), response);
    keys.push(String(request.headers['idempotency-key']));
    response.writeHead(request.headers.authorization === `Bearer ${secret}` && pathname === '/price' ? 200 : 401).end('12 euros');
  });
  const page = (n: number, response: ServerResponse): void => {
    const wanted = held.get(n);
    if (!wanted) return void response.end(String(n * 10));
    held.delete(n);
    wanted();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    hold: (n) => new Promise((resolve) => held.set(n, resolve)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
