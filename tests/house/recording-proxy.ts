import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between clients and a server, and keeps every byte that the server says. */
export interface RecordingProxy extends AsyncDisposable {
  readonly port: number;
  /** The server's bytes so far, of all connections. */
  bytes(): Buffer;
}

export async function startRecordingProxy(port: number): Promise<RecordingProxy> {
  const parts: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        (socket === client ? upstream : client).destroy();
      });
    }
    client.pipe(upstream);
    upstream.on('data', (part: Buffer) => parts.push(part));
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    bytes: () => Buffer.concat(parts),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
