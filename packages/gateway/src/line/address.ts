import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { OpenClawError } from '@openclaw-runtime/protocol';

/** Proxies that are believed. */
export type Proxies = Pick<BlockList, 'check'>;

/** Addresses and networks (`10.0.0.0/8`). Throws `BAD_CONFIG` for what is neither. */
export function parseProxies(listed: readonly string[]): Proxies {
  const proxies = new BlockList();
  for (const each of listed) {
    const [address = '', bits] = each.split('/');
    const family = isIP(address);
    const most = family === 4 ? 32 : 128;
    if (family === 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most)))
      throw new OpenClawError(
        'BAD_CONFIG',
        `server.trustedProxies: ${JSON.stringify(each)} is neither an address nor a network, such as 10.0.0.0/8.`,
      );
    proxies.addSubnet(address, bits === undefined ? most : Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  }
  return proxies;
}

/** Who is at the other end: the peer, and only where that is a trusted proxy, the last one in `X-Forwarded-For` that is not. */
export function addressOf({ socket, headers }: IncomingMessage, proxies: Proxies | undefined): string {
  let address = plain(socket.remoteAddress ?? '');
  if (!proxies) return address;
  const said = headers['x-forwarded-for'];
  const hops = (Array.isArray(said) ? said.join(',') : (said ?? '')).split(',').map((hop) => plain(hop.trim()));
  while (isTrusted(address, proxies)) {
    const before = hops.pop();
    if (before === undefined || isIP(before) === 0) break;
    address = before;
  }
  return address;
}

/** What one peer has at least, for counting: of IPv6 a network of 64 bits. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [before = [], after] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const groups = [...before, ...(after ? Array<string>(Math.max(8 - before.length - after.length, 0)).fill('0') : []), ...(after ?? [])];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

function isTrusted(address: string, proxies: Proxies): boolean {
  const family = isIP(address);
  return family !== 0 && proxies.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** An IPv4 address that came over IPv6 is the same one. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
