import { type Clock, type Random, systemClock, systemRandom } from '@openclaw-runtime/kit';
import { type Api, createApi } from './commands/api.ts';
import { configure } from './commands/configure.ts';
import { answers } from './commands/health.ts';
import { livingOwner } from './commands/place.ts';
import type { Config } from './config/config.ts';
import type { ConfigFlags } from './config/resolve.ts';
import type { House } from './house/house.ts';
import type { Owner } from './house/owner.ts';
import { createMachine } from './machine/machine.ts';
import { readFile } from './machine/read-file.ts';
import { createRemoteSecrets } from './machine/remote-secrets.ts';

/** What a program needs to have a house inside itself, or to find the one that has its data folder open. */
export interface Embedding {
  readonly clock: Clock;
  readonly random: Random;
  /** As `claw up` would have it here. Throws `BAD_CONFIG`. */
  configure(flags: ConfigFlags): Promise<Config>;
  /** The server that has the data folder open; `undefined` where none answers. */
  owner(config: Config): Promise<Owner | undefined>;
  /** On a free port of the loopback address, whatever the configuration says. Throws `DATA_LOCKED` when another has the data folder open. */
  open(config: Config): Promise<House>;
  api(url: string, token: string | undefined): Api;
  /** Whether a server answers at this address. */
  answers(url: string): Promise<boolean>;
}

const PROBE_MS = 1_000;

/** In this process, its working folder and its environment. */
export function createEmbedding(log: (line: string) => void): Embedding {
  const world = {
    config: { env: process.env, cwd: process.cwd(), readFile, remote: createRemoteSecrets(systemClock) },
    machine: createMachine(systemClock),
  };
  return {
    clock: systemClock,
    random: systemRandom,
    configure: (flags) => configure(flags, world),
    owner: (config) => livingOwner(config, world),
    async open(config) {
      const { openHouse } = await import('./compose.ts');
      const { tls: _tls, ...rest } = config.server;
      const server = { ...rest, host: '127.0.0.1', port: 0 };
      // A program that has a house inside takes no port that it was not told of.
      const monitoring = {
        ...config.monitoring,
        prometheusEnabled: config.monitoring.prometheusEnabled && server.metricsPort !== undefined,
      };
      return openHouse({ ...config, server, monitoring }, { clock: systemClock, random: systemRandom, log });
    },
    api: (url, token) => createApi(url, token, world),
    answers: (url) => answers(url, world.machine, PROBE_MS),
  };
}
