import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { Web } from '../http/port.ts';

/** The real network. Each request has a connection of its own, to the address that was judged; undici is loaded with the first. */
export function createWeb(): Web {
  return {
    async resolve(host) {
      const found = await lookup(host, { all: true, verbatim: true });
      return found.map(({ address }) => address);
    },
    async send({ method, url, addresses, headers, body, signal }) {
      const { Client } = await import('undici');
      const client = new Client(url.origin, {
        pipelining: 1,
        headersTimeout: 0,
        bodyTimeout: 0,
        maxHeaderSize: 32_768,
        connect: { timeout: 0, lookup: judged(addresses) },
      });
      try {
        const path = url.pathname + url.search;
        const answer = await client.request({ method, path, headers, signal, body: body ?? null });
        return { status: answer.statusCode, headers: joined(answer.headers), body: answer.body, close: () => client.destroy() };
      } catch (error) {
        await client.destroy();
        throw error;
      }
    },
  };
}

/** In place of a second look-up, whose answer nobody has judged. */
function judged(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all }, done) => {
    const [first = { address: '', family: 0 }] = found;
    if (all) done(null, found);
    else done(null, first.address, first.family);
  };
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
