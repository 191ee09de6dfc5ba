// oxlint-disable-next-line eslint/no-restricted-imports -- these two only compute: nothing is connected to
import { BlockList, isIP } from 'node:net';

/** Ranges that are not the public internet (IANA's special-purpose registries), by what they are. */
const NOT_PUBLIC: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // carrier-grade NAT
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local, with the metadata services of clouds
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
];

/** Of IPv6 only 2000::/3 is handed out; these are parts of it that lead elsewhere. Everything outside it (mapped, NAT64, ULA, link-local, multicast) is refused. */
const NOT_PUBLIC_6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23], // protocol assignments, Teredo among them
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4: carries an IPv4 address
  ['3fff::', 20], // documentation
];

const FORBIDDEN = listOf(NOT_PUBLIC, 'ipv4');
const GIVEN_OUT_6 = listOf([['2000::', 3]], 'ipv6');
const FORBIDDEN_6 = listOf(NOT_PUBLIC_6, 'ipv6');

/** Whether an address is one of the public internet. What is no address is not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !FORBIDDEN.check(address, 'ipv4');
  return family === 6 && !address.includes('%') && GIVEN_OUT_6.check(address, 'ipv6') && !FORBIDDEN_6.check(address, 'ipv6');
}

/** Whether a host is an address and no name. */
export function isAddress(host: string): boolean {
  return isIP(host) > 0;
}

function listOf(ranges: readonly (readonly [string, number])[], type: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, type);
  return list;
}
