import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Config } from '../config/config.ts';
import type { ConfigFlags } from '../config/resolve.ts';
import type { House } from '../house/house.ts';
import { type Owner, readOwner } from '../house/owner.ts';
import { configure } from './configure.ts';
import { answers, urlOf } from './health.ts';
import { plainText } from './plain.ts';
import type { World } from './world.ts';

const PROBE_MS = 1_000;

/** Where a run is sent; `house` when this process had to open one for it. */
export interface Place {
  readonly url: string;
  readonly house?: House;
  /** Comes in there where nothing is configured. */
  readonly key?: string;
}

interface Asked extends Pick<ConfigFlags, 'config' | 'data'> {
  readonly url?: string;
  /** A server that is at work is meant: none is opened for this. */
  readonly running?: boolean;
}

/**
 * The address that was asked for; else the server that has the data folder open; else the one at the configured address,
 * unless a data folder was asked for; else a house in this process.
 */
export async function findPlace(asked: Asked, config: Config, world: World): Promise<Place> {
  if (asked.url !== undefined) return { url: await checked(asked.url, world) };
  const owner = await livingOwner(config, world);
  if (owner) return placeOf(owner);
  const configured = urlOf(config.server.host, config.server.port);
  const elsewhere = asked.data === undefined && config.server.port !== 0 && (await answers(configured, world.machine, PROBE_MS));
  if (elsewhere) return { url: configured };
  if (!asked.running) return openHere(asked, world);
  throw new OpenClawError(
    'STREAM_DISCONNECTED',
    `No server has ${config.dataDir} open, and none answers at ${configured}. Start one: claw up.`,
  );
}

async function openHere(asked: Asked, world: World): Promise<Place> {
  const config = await configure(asked, world);
  // What is there for a moment is not measured.
  const monitoring = { ...config.monitoring, prometheusEnabled: false };
  const { tls: _tls, ...server } = config.server;
  const own: Config = { ...config, monitoring, server: { ...server, host: '127.0.0.1', port: 0 } };
  try {
    const house = await world.openHouse(own, {
      clock: world.clock,
      random: world.random,
      log: (line) => world.err.write(`${plainText(line)}\n`),
    });
    world.err.write(`claw: no server answers, so this command opened ${config.dataDir} itself (to keep one running: claw up)\n`);
    for (const note of config.notes) world.err.write(`claw: ${note}\n`);
    return { url: house.url, house, ...(house.key !== undefined && { key: house.key }) };
  } catch (error) {
    if (!(error instanceof OpenClawError) || error.code !== 'DATA_LOCKED') throw error;
    const owner = await livingOwner(config, world);
    if (owner) return placeOf(owner);
    throw error;
  }
}

/** The server that has the data folder open. */
export async function livingOwner(config: Config, world: Pick<World, 'config' | 'machine'>): Promise<Owner | undefined> {
  const owner = readOwner(config.dataDir, world.config);
  // A killed server leaves its name behind, and another may listen where it did.
  if (owner?.pid !== undefined && !world.machine.isAlive(owner.pid)) return undefined;
  return owner && (await answers(owner.url, world.machine, PROBE_MS)) ? owner : undefined;
}

function placeOf({ url, key }: Owner): Place {
  return { url, ...(key !== undefined && { key }) };
}

async function checked(url: string, world: World): Promise<string> {
  if (url.startsWith('agent://')) return url;
  if (!URL.canParse(url) || !/^(ws|http)s?:$/.test(new URL(url).protocol)) {
    throw new OpenClawError('BAD_REQUEST', `"${url}" is not an address. Write ws://HOST:PORT or agent://ENVIRONMENT/CLUSTER.`);
  }
  if (await answers(url, world.machine, 5_000)) return url;
  throw new OpenClawError('STREAM_DISCONNECTED', `No server answers at ${url}. Start one with claw up, or leave --url out.`);
}
