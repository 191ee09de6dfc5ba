import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A port in front of a server that may be away: who comes meanwhile is let in when it is back. */
export interface HeldDoor extends AsyncDisposable {
  readonly url: string;
  /** All that is sent to the `n`-th guest (from 0) from now on waits. */
  hold(n: number): void;
  /** Guests so far. */
  readonly guests: () => number;
}

export async function openHeldDoor(port: number): Promise<HeldDoor> {
  const guests: Socket[] = [];
  const upstreams: Socket[] = [];
  const server = createServer({ noDelay: true }, (guest) => {
    guests.push(guest);
    guest.on('error', () => undefined);
    void arrive(guest, port).then((upstream) => {
      if (!upstream) return;
      upstreams[guests.indexOf(guest)] = upstream;
      guest.pipe(upstream);
      upstream.pipe(guest);
      upstream.on('error', () => guest.destroy()).on('close', () => guest.destroy());
      guest.on('close', () => upstream.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    guests: () => guests.length,
    hold(n) {
      upstreams[n]?.unpipe().pause();
    },
    async [Symbol.asyncDispose]() {
      for (const guest of guests) guest.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A connection to the server, once it is there; none where the guest has left. */
async function arrive(guest: Socket, port: number): Promise<Socket | undefined> {
  while (!guest.destroyed) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const isThere = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    if (isThere) return socket;
    await sleep(20);
  }
  return undefined;
}
