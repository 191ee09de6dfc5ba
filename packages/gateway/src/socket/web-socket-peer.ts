import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Peer } from './peer.ts';

/** A peer over a WebSocket; `stream` is the socket below it. */
export function createWebSocketPeer(socket: WebSocket, stream: Duplex): Peer {
  let corked = false;
  const uncork = (): void => {
    corked = false;
    stream.uncork();
  };

  return {
    /** All frames of one turn of the event loop leave in one write: a system call costs more than a frame. */
    send(text) {
      if (!corked) {
        corked = true;
        stream.cork();
        process.nextTick(uncork);
      }
      socket.send(text);
    },
    unsent: () => stream.writableLength,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    ping: () => socket.ping(),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    listen(events) {
      socket.on('message', (data: Buffer, binary: boolean) => events.message(data.toString(), data.length, binary));
      socket.on('ping', () => events.pinged());
      socket.on('pong', () => events.ponged());
      socket.on('error', () => events.failed());
      socket.on('close', () => events.closed());
      const weigh = (part: Buffer): void => {
        if (!events.received(part.length)) stream.off('data', weigh);
      };
      stream.on('data', weigh);
      stream.on('drain', () => events.drained());
    },
  };
}
