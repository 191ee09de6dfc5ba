import { connect, type Socket } from 'node:net';
import { PROTOCOL_VERSION, SUBPROTOCOL, type UpFrame } from '@openclaw-runtime/protocol';

/** `nothing`: its receive window stays shut. `byte`: one byte a second. */
export type Appetite = 'nothing' | 'byte';

/** A viewer of one run that hardly reads; it says all it has to say at once, without hearing the answers. */
export interface SlowReader extends Disposable {
  readonly bytesRead: () => number;
  /** The server has ended the connection. */
  readonly isOver: () => boolean;
}

export async function openSlowReader(port: number, run: string, appetite: Appetite): Promise<SlowReader> {
  let bytes = 0;
  let isOver = false;
  const sip = (socket: Socket): boolean => {
    bytes++;
    setTimeout(() => socket.resume(), 1_000).unref();
    return false;
  };
  const onread = { buffer: Buffer.alloc(1), callback: (): boolean => sip(socket) };
  const socket: Socket = connect({ port, host: '127.0.0.1', ...(appetite === 'byte' ? { onread } : {}) });
  if (appetite === 'nothing') socket.pause();
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isOver = true;
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const head = ['GET / HTTP/1.1', `Host: 127.0.0.1:${port}`, 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  const key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';
  socket.write([...head, key, `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, '', ''].join('\r\n'));
  socket.write(frameOf({ t: 'hello', v: PROTOCOL_VERSION, client: 'slow' }));
  socket.write(frameOf({ t: 'attach', ch: 1, run }));
  return { bytesRead: () => bytes, isOver: () => isOver, [Symbol.dispose]: () => socket.destroy() };
}

/** A text frame masked with zeros, which leave it as it is. */
function frameOf(frame: UpFrame): Buffer {
  const text = Buffer.from(JSON.stringify(frame));
  const length = text.length < 126 ? [0x80 | text.length] : [0x80 | 126, text.length >> 8, text.length & 0xff];
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), text]);
}
