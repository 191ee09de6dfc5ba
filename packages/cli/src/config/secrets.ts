import { OpenClawError } from '@openclaw-runtime/protocol';
import type { SecretPorts } from '../secrets/ports.ts';
import type { Secret } from '../secrets/secret.ts';
import { type SecretPlaces, secretOf } from '../secrets/secret-of.ts';
import type { VaultPlace } from '../secrets/vault.ts';
import type { SecretSettings } from './config.ts';
import type { Problem } from './problems.ts';
import type { FileConfig } from './schema.ts';

/** The secret that the text at `path` of the file means. What it refers to in vain becomes a problem there. */
export type SecretAt = (written: string, path: readonly PropertyKey[]) => Secret;

export interface ResolvedSecrets {
  readonly settings: SecretSettings;
  readonly secretAt: SecretAt;
}

const REFRESH_MS = 60_000;

/** Where secrets are, of the file's `secrets:` and, for the vault, of the variables that its own programs read. */
export function resolveSecrets(file: FileConfig['secrets'] = {}, ports: SecretPorts, folder: string, problems: Problem[]): ResolvedSecrets {
  const at =
    (places: SecretPlaces): SecretAt =>
    (written, path) => {
      try {
        return secretOf(written, places);
      } catch (error) {
        problems.push({ path, says: OpenClawError.from(error).message });
        return secretOf('unknown', places);
      }
    };
  const places: SecretPlaces = { ports, folder, exec: file.exec ?? {} };
  const vault = vaultOf(file.vault ?? {}, ports, at(places), problems);
  return {
    settings: { refreshMs: file.refresh ?? REFRESH_MS, ...(vault ? { vault } : {}) },
    secretAt: at(vault ? { ...places, vault } : places),
  };
}

/** The token is not in the vault: until its place is known, such a reference leads nowhere. */
function vaultOf(
  file: NonNullable<NonNullable<FileConfig['secrets']>['vault']>,
  { env }: SecretPorts,
  secretAt: SecretAt,
  problems: Problem[],
): VaultPlace | undefined {
  const path = ['secrets', 'vault'];
  const address = file.address ?? (env['VAULT_ADDR'] || undefined);
  const token = file.token ?? (env['VAULT_TOKEN'] ? 'secret://env/VAULT_TOKEN' : undefined);
  const namespace = file.namespace ?? (env['VAULT_NAMESPACE'] || undefined);
  if (address === undefined) {
    if (file.token !== undefined) problems.push({ path: [...path, 'address'], says: 'is missing. Set it, or VAULT_ADDR.' });
    return undefined;
  }
  if (token === undefined) {
    if (file.address !== undefined) problems.push({ path: [...path, 'token'], says: 'is missing. Set it, or VAULT_TOKEN.' });
    return undefined;
  }
  if (token.startsWith('secret://vault/')) {
    problems.push({
      path: [...path, 'token'],
      says: 'cannot be in the vault itself. Use secret://env/NAME, secret://file/PATH or secret://exec/NAME.',
    });
    return undefined;
  }
  return {
    address,
    token: secretAt(token, [...path, 'token']),
    mount: file.mount ?? 'secret',
    ...(namespace === undefined ? {} : { namespace }),
  };
}
