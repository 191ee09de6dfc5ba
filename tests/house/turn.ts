import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Tests about the port 9090 take turns, also in processes of their own. A turn ends with its process at the latest. */
export async function takeTurn(): Promise<AsyncDisposable> {
  for (;;) {
    const server = createServer();
    const isMine = await new Promise<boolean>((resolve) => {
      // A name that only lives in the kernel, as long as somebody listens there.
      server.once('error', () => resolve(false)).listen('\0openclaw-test-9090', () => resolve(true));
    });
    if (isMine) return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
    await sleep(100);
  }
}
