import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Body, Wire } from './wires/wire.ts';

export async function readJson(request: IncomingMessage): Promise<Body | undefined> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as Body;
  } catch {
    return undefined;
  }
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** `retryAfter` is the header as it is. */
export function refuse(
  response: ServerResponse,
  wire: Wire,
  status: number,
  message: string,
  code: string | null,
  retryAfter?: string,
): void {
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  json(response, wire.refusal(message, code), status);
}
