import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A way to a server that lets so many bytes a second through, each direction for itself, and reads no faster than that. */
export interface ThinWire extends AsyncDisposable {
  readonly url: string;
}

const PIECE_BYTES = 512;

export async function openThinWire(port: number, bytesPerSecond: number): Promise<ThinWire> {
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true, highWaterMark: PIECE_BYTES }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
    }
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      pump(from, to, bytesPerSecond).catch(() => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function pump(from: Socket, to: Socket, bytesPerSecond: number): Promise<void> {
  let freeAtMs = 0;
  for await (const data of from as AsyncIterable<Buffer>) {
    for (let at = 0; at < data.length; at += PIECE_BYTES) {
      const piece = data.subarray(at, at + PIECE_BYTES);
      freeAtMs = Math.max(freeAtMs, performance.now()) + (piece.length / bytesPerSecond) * 1000;
      await sleep(freeAtMs - performance.now());
      to.write(piece);
    }
  }
  to.end();
}
