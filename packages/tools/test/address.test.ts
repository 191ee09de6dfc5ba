import { expect, it } from 'vitest';
import { isPublicAddress } from '../src/http/address.ts';

it('knows the addresses of the public internet', () => {
  for (const address of ['1.1.1.1', '8.8.8.8', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::200e']) {
    expect(isPublicAddress(address), address).toBe(true);
  }
});

it('refuses everything else', () => {
  const forbidden = [
    ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.255.255', '169.254.169.254'],
    ...['172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.168.1.1', '198.18.0.1', '198.51.100.1', '203.0.113.1'],
    ...['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
    ...['::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:7f00:1', '::127.0.0.1', '64:ff9b::a00:1', '64:ff9b:1::1', '100::1'],
    ...[
      '2001::1',
      '2001:db8::1',
      '2002:7f00:1::',
      '3fff::1',
      'fc00::1',
      'fd12::1',
      'fe80::1',
      'fe80::1%eth0',
      '2606:4700::1111%1',
      'fec0::1',
      'ff02::1',
    ],
    ...['', 'localhost', '127.1', '0x7f.1', '1.2.3', '1.2.3.4.5', '1.1.1.1 ', '[::1]'],
  ];
  for (const address of forbidden) expect(isPublicAddress(address), address).toBe(false);
});
