import { isAbsolute, join } from 'node:path';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { RemoteLimits, SecretPorts } from './ports.ts';
import { parseReference } from './reference.ts';
import { Secret } from './secret.ts';
import { readVault, type VaultPlace } from './vault.ts';

/** What references mean beside what they say. */
export interface SecretPlaces {
  readonly ports: SecretPorts;
  /** Where relative paths start, and where programs run. */
  readonly folder: string;
  /** Absent: nobody said where it is. */
  readonly vault?: VaultPlace;
  /** Programs that print a secret, by name. */
  readonly exec: Readonly<Record<string, readonly string[]>>;
}

const RUN_LIMITS: RemoteLimits = { timeoutMs: 10_000, maxBytes: 65_536 };

/**
 * The secret that a text of the configuration means: a reference, or the value itself. What is out of the machine is not asked for here.
 * Throws `BAD_CONFIG` where a reference leads nowhere.
 */
export function secretOf(text: string, places: SecretPlaces): Secret {
  const { ports, folder } = places;
  const reference = parseReference(text);
  if (reference === undefined) return new Secret(() => text);
  if ('problem' in reference) throw new OpenClawError('BAD_CONFIG', `A secret is not ${reference.problem}.`);
  const { place } = reference;
  switch (reference.kind) {
    case 'env':
      return secretOfEnv(place, ports.env);
    case 'file': {
      const path = isAbsolute(`/${place}`) && !place.startsWith('.') ? `/${place.replace(/^\/+/, '')}` : join(folder, place);
      return new Secret(() => held(ports.readFile(path)?.replace(/\r?\n$/, ''), `the file ${path} does not exist or is empty`));
    }
    case 'vault': {
      const { vault } = places;
      if (!vault)
        throw new OpenClawError(
          'BAD_CONFIG',
          'secret://vault needs secrets.vault.address and secrets.vault.token, or VAULT_ADDR and VAULT_TOKEN.',
        );
      return remoteSecret(text, (remote) => readVault(vault, reference, remote), ports);
    }
    case 'exec': {
      const argv = Object.hasOwn(places.exec, place) ? places.exec[place] : undefined;
      if (!argv) {
        const known = Object.keys(places.exec).join(', ') || 'none';
        throw new OpenClawError('BAD_CONFIG', `There is no secrets.exec.${place}. Known: ${known}.`);
      }
      const run = async (remote: Remote): Promise<string> => (await remote.run(argv, folder, RUN_LIMITS)).replace(/\r?\n$/, '');
      return remoteSecret(text, run, ports);
    }
  }
}

export function secretOfEnv(name: string, env: SecretPorts['env']): Secret {
  return new Secret(() => held(env[name], `the variable ${name} is not set`));
}

type Remote = NonNullable<SecretPorts['remote']>;

/** A value that is kept between two fetches; one fetch that fails leaves it, two in a row take it away. */
function remoteSecret(label: string, get: (remote: Remote) => Promise<string>, { remote }: SecretPorts): Secret {
  let value: string | undefined;
  let failures = 0;
  const fetch = async (): Promise<string> => {
    try {
      if (!remote) throw new Error('nothing is fetched here');
      const got = await get(remote);
      if (got === '') throw new Error('it is empty');
      failures = 0;
      value = got;
      return got;
    } catch (error) {
      if (++failures > 1) value = undefined;
      throw new OpenClawError('BAD_CONFIG', `${label} cannot be read: ${(error as Error).message}`, { cause: error });
    }
  };
  return new Secret(() => held(value, `${label} was not fetched`), fetch);
}

function held(value: string | undefined, otherwise: string): string {
  if (value === undefined || value === '') throw new OpenClawError('BAD_CONFIG', `A secret cannot be read: ${otherwise}.`);
  return value;
}
