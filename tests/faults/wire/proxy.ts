import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What happens to one connection. */
export interface Fate {
  /** Bytes after which it ends, counted in the direction named; the frame that crosses the line is torn there. */
  readonly cut?: { readonly toward: 'client' | 'server'; readonly bytes: number; readonly how: Cut };
  /** Milliseconds that the n-th piece of a direction waits behind the one before. */
  readonly delayMs?: (n: number) => number;
  /** Bytes of a piece; larger ones are taken apart. */
  readonly pieceBytes?: number;
  /** When it has ended, all that the client sent goes to the server once more, on a connection of its own. */
  readonly repeatsLate?: boolean;
}

/**
 * `reset`: both sides get an RST. `fin`: both get a FIN. `half`: the client gets a FIN, and what the server sends on goes nowhere for a while. `orphan`: the client gets
 * an RST; the server knows nothing of it, and gets the rest of what the client had sent late.
 */
export type Cut = 'reset' | 'fin' | 'half' | 'orphan';

export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** Connections so far. */
  readonly connections: () => number;
  /** Connections that were cut. */
  readonly cuts: () => number;
}

const LINGER_MS = 400;

/** A TCP proxy on 127.0.0.1 that does to its n-th connection (from 0) what it is told. */
export async function openProxy(port: number, fateOf: (n: number) => Fate): Promise<Proxy> {
  const open = new Set<Socket>();
  let connections = 0;
  let cuts = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const fate = fateOf(connections++);
    const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
    }
    join(client, upstream, fate, port, () => cuts++);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      const done = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await done;
    },
  };
}

function join(client: Socket, upstream: Socket, fate: Fate, port: number, wasCut: () => void): void {
  const sent: Buffer[] = [];
  let isOver = false;

  const over = (how: Cut | 'ended', rest: Buffer): void => {
    if (isOver) return;
    isOver = true;
    if (how !== 'ended') wasCut();
    part(client, upstream, how, rest);
    if (fate.repeatsLate) setTimeout(() => repeat(port, sent), LINGER_MS);
  };

  const pump = (from: Socket, to: Socket, toward: 'client' | 'server'): void => {
    let bytes = 0;
    let pieces = 0;
    let before = Promise.resolve();
    const deliver = (piece: Buffer): void => {
      if (isOver) return;
      const { cut } = fate;
      if (cut?.toward === toward && bytes + piece.length > cut.bytes) {
        const at = cut.bytes - bytes;
        to.write(piece.subarray(0, at));
        return over(cut.how, piece.subarray(at));
      }
      bytes += piece.length;
      to.write(piece);
    };
    const queue = (act: () => void): void => {
      const delay = fate.delayMs?.(pieces++) ?? 0;
      if (!fate.delayMs) return act();
      before = before.then(() => new Promise<void>((resolve) => setTimeout(resolve, delay))).then(act);
    };
    from.on('data', (data: Buffer) => {
      if (toward === 'server') sent.push(data);
      for (const piece of piecesOf(data, fate.pieceBytes)) queue(() => deliver(piece));
    });
    from.on('end', () => queue(() => (isOver ? undefined : to.end())));
    from.on('close', () => queue(() => over('ended', Buffer.alloc(0))));
  };
  pump(client, upstream, 'server');
  pump(upstream, client, 'client');
}

/** `rest` is what the client had sent beyond the cut. */
function part(client: Socket, upstream: Socket, how: Cut | 'ended', rest: Buffer): void {
  switch (how) {
    case 'ended':
      client.destroy();
      upstream.destroy();
      return;
    case 'reset':
      client.resetAndDestroy();
      upstream.resetAndDestroy();
      return;
    case 'fin':
      client.end();
      upstream.end();
      setTimeout(() => {
        client.destroy();
        upstream.destroy();
      }, LINGER_MS);
      return;
    case 'half':
      client.end();
      setTimeout(() => {
        client.destroy();
        upstream.destroy();
      }, LINGER_MS);
      return;
    case 'orphan':
      client.resetAndDestroy();
      setTimeout(() => {
        upstream.write(rest);
        setTimeout(() => upstream.destroy(), LINGER_MS);
      }, LINGER_MS);
      return;
  }
}

/** A second life of what the client had sent, as a confused middlebox might lead it. */
function repeat(port: number, sent: readonly Buffer[]): void {
  const again = connect({ port, host: '127.0.0.1' });
  again.on('error', () => undefined);
  again.resume();
  for (const piece of sent) again.write(piece);
  setTimeout(() => again.destroy(), LINGER_MS);
}

function piecesOf(data: Buffer, size = data.length): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < data.length; at += size) pieces.push(data.subarray(at, at + size));
  return pieces;
}
