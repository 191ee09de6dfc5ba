import { OpenClawError } from '@openclaw-runtime/protocol';
import { isAddress, isPublicAddress } from './address.ts';
import type { Web } from './port.ts';

/** Where requests may go. */
export interface HttpRules {
  /** Absent: any host that is not denied. `*.example.com` is every name below it, `*` any. */
  readonly allow?: readonly string[];
  readonly deny: readonly string[];
  readonly ports: readonly number[];
  /** Addresses (not names) that may be connected to although they are not public. */
  readonly allowAddresses: readonly string[];
}

/** What can be said of an address before its name is resolved. Throws `DENIED`, or `TOOL_FAILED` for what is no address. */
export function parseTarget(text: string, rules: HttpRules, base?: URL): URL {
  const url = URL.parse(text, base);
  if (!url) throw new OpenClawError('TOOL_FAILED', 'http.fetch: that is no web address. Give one that begins with https://');
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw denied(`${url.protocol} addresses are not fetched, only https: and http:.`);
  if (url.username !== '' || url.password !== '')
    throw denied('a user name or password in an address is not sent. Give an authorization header.');
  const port = portOf(url);
  if (!rules.ports.includes(port)) throw denied(`port ${port} is not allowed; ${rules.ports.join(', ')} are.`);
  const host = hostOf(url);
  if (matchesHost(rules.deny, host) || (rules.allow && !matchesHost(rules.allow, host))) throw denied(`the host ${host} is not allowed.`);
  url.hash = '';
  return url;
}

/**
 * The addresses to connect to. All addresses of a name have to be allowed, or none is used; what is said where they are not is the same for each reason, so that
 * nobody maps a network by asking. Throws `DENIED`, or `TOOL_FAILED` where there is no such name.
 */
export async function addressesOf(url: URL, rules: HttpRules, web: Web): Promise<readonly string[]> {
  const host = hostOf(url);
  const addresses = isAddress(host) ? [host] : await resolved(host, web);
  if (addresses.length === 0 || !addresses.every((address) => isPublicAddress(address) || rules.allowAddresses.includes(address))) {
    throw denied(`${host} does not lead to the public internet.`);
  }
  return addresses;
}

async function resolved(host: string, web: Web): Promise<readonly string[]> {
  try {
    return await web.resolve(host);
  } catch (error) {
    throw new OpenClawError('TOOL_FAILED', `http.fetch: there is no address for ${host}.`, { cause: error });
  }
}

function matchesHost(patterns: readonly string[], host: string): boolean {
  return patterns.some((pattern) => {
    const wanted = pattern.toLowerCase();
    if (wanted === '*') return true;
    return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) : host === wanted;
  });
}

/** Without the brackets of IPv6 and the dot at the end. */
function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname.replace(/\.$/, '');
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

function denied(why: string): OpenClawError {
  return new OpenClawError('DENIED', `http.fetch: ${why}`);
}
