import { checkTls, type GatewayOptions } from '@openclaw-runtime/gateway';
import { newId, type Random } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { TlsFiles } from '../config/auth-settings.ts';
import type { Config } from '../config/config.ts';
import type { ConfigPorts } from '../config/ports.ts';
import { jwksLoader } from './jwks.ts';

/** Who is let in, as the gateway wants it said. */
export function authOf(
  { auth: { anonymous, jwt } }: Pick<Config, 'auth'>,
  ports: Pick<ConfigPorts, 'readFile' | 'remote'>,
): NonNullable<GatewayOptions['auth']> {
  if (!jwt) return anonymous === undefined ? {} : { anonymous };
  const { jwks: _jwks, ...rest } = jwt;
  return {
    ...(anonymous !== undefined && { anonymous }),
    jwt: { ...rest, loadKeys: jwksLoader(jwt, ports) },
  };
}

/** What the commands of this machine come in with: 256 bits, made anew by each house, in a file that only its owner reads. */
export function localKey(random: Random): string {
  return `local_${newId(random)}${newId(random)}`;
}

/** Certificate and key as their files are now. Throws `BAD_CONFIG`. */
export function readTls({ cert, key }: TlsFiles, readFile: ConfigPorts['readFile']): NonNullable<GatewayOptions['tls']> {
  const read = (field: string, path: string): string => {
    const text = readFile(path);
    if (text !== undefined) return text;
    throw new OpenClawError('BAD_CONFIG', `server.tls.${field}: there is no file ${path}.`);
  };
  return checkTls({ cert: read('cert', cert), key: read('key', key) });
}
