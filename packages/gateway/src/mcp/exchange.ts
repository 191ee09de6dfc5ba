import type { IncomingMessage, ServerResponse } from 'node:http';

/** The request as the SDK wants it; its body is read apart. */
export function requestOf(request: IncomingMessage, gone: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    // Whoever it is has been found out already, and is nobody's business behind that.
    if (value === undefined || name === 'authorization' || name === 'cookie') continue;
    headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return new Request('http://localhost/mcp', { method: request.method ?? 'GET', headers, signal: gone });
}

/** Writes an answer as far as the client takes it; leaves when the client does, and when it takes nothing for `stalledMs`. */
export async function passOn(
  answer: Response,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  stalledMs: number,
): Promise<void> {
  if (response.destroyed) return answer.body?.cancel();
  response.writeHead(answer.status, { 'cache-control': 'no-store', ...Object.fromEntries(answer.headers), ...headers });
  const reader = answer.body?.getReader();
  if (!reader) return void response.end();
  const leave = (): void => void reader.cancel().catch(() => undefined);
  response.on('close', leave);
  response.flushHeaders();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || response.destroyed) break;
      if (!response.write(value)) await drained(response, stalledMs);
    }
    response.end();
  } catch {
    response.destroy();
  } finally {
    response.off('close', leave);
  }
}

function drained(response: ServerResponse, stalledMs: number): Promise<void> {
  const { socket } = response.req;
  socket.setTimeout(stalledMs);
  return new Promise((resolve) => {
    const done = (): void => {
      socket.setTimeout(0);
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
