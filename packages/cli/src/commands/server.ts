import type { OpenClawClient } from '@openclaw-runtime/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Config } from '../config/config.ts';
import { resolveConfig } from '../config/resolve.ts';
import { type Api, type Ask, createApi, createAsk, type Origin, originOf } from './api.ts';
import { findPlace } from './place.ts';
import type { World } from './world.ts';

/** Options of every command that talks to a server. */
export interface ServerOptions {
  readonly config?: string;
  readonly data?: string;
  readonly url?: string;
  /** A server that is at work is meant: none is opened for this. */
  readonly running?: boolean;
}

export interface Server {
  readonly api: Api;
  readonly ask: Ask;
  /** For what is read as it comes. */
  readonly origin: Origin;
  /** Connects at the first call. */
  connect(): Promise<OpenClawClient>;
  /** Not connected yet: for whoever wants to hear the first event. */
  client(): Promise<OpenClawClient>;
}

/** Finds a server, or opens the data folder itself, and lets go of it when `use` is done. */
export async function withServer<T>(options: ServerOptions, world: World, use: (server: Server) => Promise<T>): Promise<T> {
  const { config: file, data, url, running = false } = options;
  const flags = { ...(file === undefined ? {} : { config: file }), ...(data === undefined ? {} : { data }) };
  const config = resolveConfig(flags, world.config);
  const place = await findPlace({ ...flags, running, ...(url === undefined ? {} : { url }) }, config, world);
  const token = (await config.server.token?.fetch()) ?? place.key;
  let made: Promise<OpenClawClient> | undefined;
  let connected: Promise<OpenClawClient> | undefined;
  const client = (): Promise<OpenClawClient> => (made ??= createClient(config, token, world));
  const connect = async (): Promise<OpenClawClient> => {
    const opened = await client();
    await opened.connect(place.url);
    return opened;
  };
  try {
    const server: Server = {
      get api() {
        return createApi(httpAddress(place.url, config, world), token, world);
      },
      get ask() {
        return createAsk(httpAddress(place.url, config, world), token, world);
      },
      get origin() {
        return originOf(httpAddress(place.url, config, world), token);
      },
      client,
      connect: () => (connected ??= connect()),
    };
    return await use(server);
  } finally {
    (await made?.catch(() => undefined))?.close();
    await place.house?.close();
  }
}

async function createClient(config: Config, token: string | undefined, world: World): Promise<OpenClawClient> {
  const { OpenClawClient } = await import('@openclaw-runtime/client');
  // Clusters of the environment are the client's own business; those of the file stand in when there are none.
  const clusters = world.config.env.OPENCLAW_CLUSTERS ? {} : { clusters: config.clusters };
  return new OpenClawClient({ ...(token === undefined ? {} : { token }), ...clusters, clock: world.clock, random: world.random });
}

/** Of a cluster its first server. */
export function httpAddress(url: string, config: Config, world: World): string {
  const hit = /^agent:\/\/([^/]+\/[^/]+)/.exec(url);
  if (!hit) return url;
  const { OPENCLAW_CLUSTERS } = world.config.env;
  const clusters = OPENCLAW_CLUSTERS ? (JSON.parse(OPENCLAW_CLUSTERS) as Config['clusters']) : config.clusters;
  const [first] = [clusters[hit[1] ?? ''] ?? []].flat();
  if (first === undefined)
    throw new OpenClawError('UNKNOWN_CLUSTER', `No cluster '${hit[1]}'. Known: ${Object.keys(clusters).join(', ') || 'none'}.`);
  return first;
}
