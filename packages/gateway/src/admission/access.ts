import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { GatewayContext } from './options.ts';

/** Throws unless the address can be listened on: a public one needs a token. */
export function checkListen(host: string, hasToken: boolean): void {
  if (hasToken || isLoopback(host)) return;
  throw new OpenClawError('FORBIDDEN', `${host} can be reached by others and no token is set. Set server.token, or listen on 127.0.0.1.`);
}

/** What every request must pass before it is looked at: one Host, ours where the address is loopback; an Origin of ours; no token in the URL. */
export function checkRequest(request: IncomingMessage, context: GatewayContext): URL {
  const hosts = headerValues(request, 'host');
  if (hosts.length !== 1) throw new OpenClawError('BAD_REQUEST', 'A request needs exactly one Host header.');
  const host = hosts[0] as string;
  if (isLoopback(context.host) && !isLoopback(hostName(host))) {
    throw new OpenClawError('FORBIDDEN', 'This server is for its own machine; the Host header names another.');
  }
  const url = URL.parse(request.url ?? '/', 'http://x');
  if (!url) throw new OpenClawError('BAD_REQUEST', 'The request’s target is not a URL.');
  for (const name of ['token', 'access_token', 'api_key', 'auth']) {
    if (url.searchParams.has(name))
      throw new OpenClawError('BAD_REQUEST', `A token does not belong into a URL (${name}). Send it in a header, or in hello.`);
  }
  const origins = headerValues(request, 'origin');
  if (origins.length === 0) return url;
  const own = [`http://${host}`, `https://${host}`];
  if (origins.length > 1 || !(own.includes(origins[0] as string) || context.origins.includes(origins[0] as string))) {
    throw new OpenClawError('FORBIDDEN', 'Pages of this origin may not connect. Add it to server.origins if they should.');
  }
  return url;
}

/** Throws `UNAUTHENTICATED` unless the token is the server's, or the server has none. */
export function checkToken(given: string | undefined, context: GatewayContext): void {
  if (!context.token) return;
  if (given !== undefined && sameText(given, context.token())) return;
  throw new OpenClawError(
    'UNAUTHENTICATED',
    given === undefined ? 'This server asks for a token and none was given.' : 'The token is not the server’s.',
  );
}

export function bearerOf(request: IncomingMessage): string | undefined {
  const hit = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  return hit?.[1];
}

function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIPv4(name)) return name.startsWith('127.');
  if (isIPv6(name)) return name === '::1';
  return name === 'localhost' || name.endsWith('.localhost');
}

function hostName(header: string): string {
  return header.replace(/:\d+$/, '');
}

function headerValues(request: IncomingMessage, name: string): string[] {
  const raw = request.rawHeaders;
  const values: string[] = [];
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === name) values.push(raw[i + 1] ?? '');
  return values;
}

/** Equal texts, in a time that depends on neither. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
