import type { RemoteLimits, RemoteSecrets } from './ports.ts';
import type { Secret } from './secret.ts';

/** A KV engine, version 2, of HashiCorp Vault or of something with its API. */
export interface VaultPlace {
  /** `https://HOST:PORT`. */
  readonly address: string;
  readonly token: Secret;
  /** Where the engine is mounted. */
  readonly mount: string;
  readonly namespace?: string;
}

export interface VaultReference {
  readonly place: string;
  readonly field: string;
  readonly version?: number;
}

const LIMITS: RemoteLimits = { timeoutMs: 5_000, maxBytes: 1_048_576 };

/** One field of one secret. Rejects with what to do about it. */
export async function readVault(vault: VaultPlace, { place, field, version }: VaultReference, remote: RemoteSecrets): Promise<string> {
  const path = [...vault.mount.split('/'), 'data', ...place.split('/')].map(encodeURIComponent).join('/');
  const url = `${vault.address.replace(/\/+$/, '')}/v1/${path}${version === undefined ? '' : `?version=${version}`}`;
  const headers = {
    'x-vault-request': 'true',
    'x-vault-token': await vault.token.fetch(),
    ...(vault.namespace === undefined ? {} : { 'x-vault-namespace': vault.namespace }),
  };
  const { status, body } = await remote.ask(url, headers, LIMITS);
  if (status === 200) return fieldOf(body, field, vault.address);
  throw new Error(`${refusal(status, vault, place, version)} (${vault.address} answered ${status}).`);
}

function refusal(status: number, { mount }: VaultPlace, place: string, version: number | undefined): string {
  switch (status) {
    case 403:
      return `the token is not valid, or may not read ${mount}/data/${place}: give it a policy for that`;
    case 404:
      return version === undefined
        ? `there is no secret ${place} in ${mount}, or it was deleted: check the path and secrets.vault.mount`
        : `there is no version ${version} of ${place} in ${mount}, or it was deleted`;
    case 503:
      return 'the vault is sealed or in maintenance: unseal it';
    default:
      return status >= 300 && status < 400
        ? 'it points elsewhere: name the address of the active node'
        : 'the vault has trouble: try again';
  }
}

function fieldOf(body: string, field: string, address: string): string {
  const fields = dataOf(body);
  if (!fields) throw new Error(`${address} does not answer like a KV engine of version 2: check secrets.vault.mount.`);
  const value = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number') return String(value);
  throw new Error(`the secret has no field ${field}. It has: ${Object.keys(fields).join(', ')}.`);
}

function dataOf(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const { data } = (JSON.parse(body) as { readonly data: { readonly data?: unknown } }).data;
    return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
