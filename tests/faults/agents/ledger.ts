import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Random } from '@openclaw-runtime/kit';

/** What a tool or a step wrote, in the order in which it came. */
export interface Entry {
  readonly tool: 'once' | 'again' | 'count';
  readonly label: string;
  readonly key: string;
}

export interface Ledger extends AsyncDisposable {
  readonly url: string;
  readonly entries: readonly Entry[];
}

/** A place outside of the house, which takes its time. */
export async function openLedger(random: Random): Promise<Ledger> {
  const entries: Entry[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    request.on('end', () => {
      entries.push(JSON.parse(text) as Entry);
      setTimeout(() => response.end('written'), 20 + random.float() * 80);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    entries,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
