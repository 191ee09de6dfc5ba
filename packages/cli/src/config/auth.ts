import { resolve } from 'node:path';
import type { AuthSettings, JwtSettings } from './auth-settings.ts';
import { isLoopback } from './loopback.ts';
import type { Problem } from './problems.ts';
import type { FileConfig } from './schema.ts';

export function resolveAuth({ auth = {} }: FileConfig, folder: string, problems: Problem[]): AuthSettings {
  const { anonymous, jwt } = auth;
  return { ...(anonymous !== undefined && { anonymous }), ...(jwt && { jwt: { ...jwt, jwks: jwksOf(jwt.jwks, folder, problems) } }) };
}

/** What of `server:` is about who stands between, and whether the line is encrypted. */
export function resolveLine({ server = {} }: FileConfig, folder: string, problems: Problem[]) {
  const { tls, trustedProxies } = server;
  for (const [i, each] of (trustedProxies ?? []).entries()) {
    if (!isNetwork(each))
      problems.push({
        path: ['server', 'trustedProxies', i],
        says: `${JSON.stringify(each)} is neither an address nor a network, such as 10.0.0.0/8.`,
      });
  }
  return {
    ...(tls && { tls: { cert: resolve(folder, tls.cert), key: resolve(folder, tls.key) } }),
    ...(trustedProxies && { trustedProxies }),
  };
}

/** A public address is listened on only where whoever comes has to say who he is. */
export function checkGuarded(host: string, hasToken: boolean, { anonymous, jwt }: AuthSettings, problems: Problem[]): void {
  if (isLoopback(host)) return;
  const says = (todo: string): unknown =>
    problems.push({ path: ['server', 'host'], says: `${JSON.stringify(host)} can be reached from other machines, and ${todo}` });
  if (anonymous) says('auth.anonymous lets everybody in. Take it out, or use 127.0.0.1.');
  else if (!hasToken && !jwt && anonymous === undefined)
    says('no token is set. Set server.token, OPENCLAW_TOKEN, auth.jwt, or for keys only auth.anonymous: false; or use 127.0.0.1.');
}

function jwksOf(written: string, folder: string, problems: Problem[]): JwtSettings['jwks'] {
  if (!/^https?:\/\//.test(written)) return { file: resolve(folder, written) };
  const url = URL.parse(written);
  if (!url || (url.protocol === 'http:' && !isLoopback(url.hostname)))
    problems.push({
      path: ['auth', 'jwt', 'jwks'],
      says: `${JSON.stringify(written)} is no address that starts with https://: whoever changes the keys on their way makes tokens.`,
    });
  return { url: written };
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const isV6 = address.includes(':');
  const isAddress = isV6
    ? URL.canParse(`http://[${address}]`)
    : URL.parse(`http://${address}`)?.hostname === address && /^[\d.]+$/.test(address);
  if (!isAddress || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isV6 ? 128 : 32));
}
