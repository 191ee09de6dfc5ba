import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the trainer trains at: `POST /epoch/N` answers 100 / N, and counts. */
export interface Course extends AsyncDisposable {
  readonly url: string;
  /** The epochs that were asked for, in order. */
  readonly asked: readonly number[];
  /** The next request for this epoch is not answered; resolves when it came. */
  hold(epoch: number): Promise<void>;
  /** The next request for this epoch is answered by 500. */
  fail(epoch: number): void;
}

export async function startCourse(): Promise<Course> {
  const asked: number[] = [];
  const held = new Map<number, () => void>();
  const failing = new Set<number>();
  const answer = (epoch: number, response: ServerResponse): void => {
    asked.push(epoch);
    const wanted = held.get(epoch);
    if (wanted) {
      held.delete(epoch);
      wanted();
    } else if (failing.delete(epoch)) response.writeHead(500).end();
    else response.end(String(Math.floor(100 / epoch)));
  };
  const server = createServer((request, response) => answer(Number(request.url?.split('/').at(-1)), response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    hold: (epoch) => new Promise((resolve) => held.set(epoch, resolve)),
    fail: (epoch) => void failing.add(epoch),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
