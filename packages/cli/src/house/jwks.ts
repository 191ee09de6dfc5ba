import type { JwtSettings } from '../config/auth-settings.ts';
import type { ConfigPorts } from '../config/ports.ts';

/** A hello waits at most five seconds. */
const LIMITS = { timeoutMs: 3_000, maxBytes: 256 * 1024 };

/** Reads an issuer's public keys, each time anew. */
export function jwksLoader({ jwks }: JwtSettings, { readFile, remote }: Pick<ConfigPorts, 'readFile' | 'remote'>): () => Promise<unknown> {
  return async () => {
    if ('file' in jwks) {
      const text = readFile(jwks.file);
      if (text === undefined) throw new Error(`${jwks.file}: there is no such file.`);
      return JSON.parse(text) as unknown;
    }
    if (!remote) throw new Error('Nothing is fetched here.');
    const { status, body } = await remote.ask(jwks.url, { accept: 'application/json' }, LIMITS);
    if (status !== 200) throw new Error(`${new URL(jwks.url).origin} answered ${status}.`);
    return JSON.parse(body) as unknown;
  };
}
