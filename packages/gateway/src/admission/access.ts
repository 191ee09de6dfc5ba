import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { TLSSocket } from 'node:tls';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { GatewayContext } from './options.ts';

/** Throws unless the address can be listened on: a public one not where anybody is let in. */
export function checkListen(host: string, isGuarded: boolean): void {
  if (isGuarded || isLoopback(host)) return;
  throw new OpenClawError(
    'FORBIDDEN',
    `${host} can be reached by others and anybody would be let in. Set server.token, auth.jwt or auth.anonymous: false, make a key (claw keys create), or listen on 127.0.0.1.`,
  );
}

/** What every request must pass before it is looked at: one Host, ours where the address is loopback; an Origin of ours; no token in the URL. */
export function checkRequest(request: IncomingMessage, context: GatewayContext): URL {
  const hosts = headerValues(request, 'host');
  if (hosts.length !== 1) throw new OpenClawError('BAD_REQUEST', 'A request needs exactly one Host header.');
  const host = hosts[0] as string;
  if ((isLoopback(context.host) || isLocalLine(request, context)) && !isLoopback(hostName(host))) {
    throw new OpenClawError('FORBIDDEN', 'This server is for its own machine; the Host header names another.');
  }
  const url = targetOf(request);
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

/** What the request asks for; `null` for what is no URL, or begins with two slashes: the one half of the world takes that for a host, the other for a path. */
export function targetOf({ url = '/' }: IncomingMessage): URL | null {
  return url.startsWith('//') ? null : URL.parse(url, 'http://x');
}

/** What is given to come in with; empty where that is no bearer token: it is not passed over, as if nothing had been said. */
export function bearerOf({ headers: { authorization } }: IncomingMessage): string | undefined {
  return authorization === undefined ? undefined : (/^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
}

/** Where the line is encrypted, what comes on a plain one is for the machine itself. */
function isLocalLine({ socket }: IncomingMessage, { tls }: Pick<GatewayContext, 'tls'>): boolean {
  return tls !== undefined && !(socket instanceof TLSSocket);
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
