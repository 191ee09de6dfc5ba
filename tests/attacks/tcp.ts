import { connect } from 'node:net';

/** Sends bytes as they are and resolves with all that came back until the connection ended, or nothing came for a while. */
export function sendBytes(port: number, bytes: string | Uint8Array, quietMs = 10_000): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').setTimeout(quietMs);
    socket.on('data', (text: string) => {
      heard += text;
    });
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(heard));
  });
}

/** A request with exactly this target and these header lines; its connection is closed behind it. */
export function rawRequest(port: number, target: string, lines: readonly string[] = [], method = 'GET', body = ''): Promise<string> {
  const length = body === '' ? [] : [`content-length: ${Buffer.byteLength(body)}`];
  const head = [`${method} ${target} HTTP/1.1`, `host: 127.0.0.1:${port}`, 'connection: close', ...length, ...lines];
  return sendBytes(port, `${head.join('\r\n')}\r\n\r\n${body}`);
}

/** 0 where nothing was answered. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}
