import { PROTOCOL_VERSION, SUBPROTOCOL } from '@openclaw-runtime/protocol';
import WebSocket from 'ws';

/** A bare protocol peer for measurements: no reconnection, no checks. */
export interface Peer extends Disposable {
  send(frame: object): void;
  /** Calls back for every frame until it returns true; resolves then. */
  until(done: (frame: Frame) => boolean): Promise<void>;
}

export type Frame = Readonly<Record<string, unknown>> & { readonly t: string };

export async function openPeer(url: string): Promise<Peer> {
  const socket = new WebSocket(url, SUBPROTOCOL, { perMessageDeflate: false });
  let listener: (frame: Frame) => void = () => undefined;
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('message', (data: Buffer) => listener(JSON.parse(data.toString()) as Frame));
  const peer: Peer = {
    send: (frame) => socket.send(JSON.stringify(frame)),
    until: (done) =>
      new Promise((resolve, reject) => {
        listener = (frame) => {
          if (frame.t === 'err') reject(new Error(JSON.stringify(frame)));
          else if (done(frame)) resolve();
        };
      }),
    [Symbol.dispose]: () => socket.terminate(),
  };
  const welcomed = peer.until((frame) => frame.t === 'welcome');
  peer.send({ t: 'hello', v: PROTOCOL_VERSION, client: 'bench' });
  await welcomed;
  return peer;
}
