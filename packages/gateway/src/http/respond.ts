import type { ServerResponse } from 'node:http';
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

/** `{error: {code, message, retryAfterMs?}}` with the status of the error table. After it the connection closes if the request was not read to its end. */
export function respondError(response: ServerResponse, error: OpenClawError): void {
  if (response.headersSent) return void response.destroy();
  const headers: Record<string, string> = {};
  if (error.retryAfterMs !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  if (error.code === 'UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer';
  if (!response.req.complete) headers.connection = 'close';
  respondJson(response, HTTP_STATUS[error.code], { error: error.toBody() }, headers);
}
