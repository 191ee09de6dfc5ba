import type { IncomingMessage, ServerResponse } from 'node:http';
import { HTTP_STATUS, type OpenClawError } from '@openclaw-runtime/protocol';

export function respondJson(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  });
  response.end(text);
}

/** `{error: {code, message, retryAfterMs?}}` with the status of the error table. After it the connection closes if much of the request was not read. */
export function respondError(response: ServerResponse, error: OpenClawError): void {
  if (response.headersSent) return void response.destroy();
  const headers: Record<string, string> = {};
  if (error.retryAfterMs !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  if (error.code === 'UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer';
  if (!mayGoOn(response.req)) headers.connection = 'close';
  respondJson(response, HTTP_STATUS[error.code], { error: error.toBody() }, headers);
}

/** Bytes of a body that are rather read and thrown away than paid for with a new connection. */
const SHORT_BYTES = 64 * 1024;

/** Whether the connection can carry another request after an answer to this one: it was read, or is announced to be short. */
export function mayGoOn(request: IncomingMessage): boolean {
  return request.complete || Number(request.headers['content-length'] ?? Number.NaN) <= SHORT_BYTES;
}
