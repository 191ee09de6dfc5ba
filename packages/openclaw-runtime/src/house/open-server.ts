import type { Config } from '@openclaw-runtime/cli';
import { sleep } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { HousePorts } from './ports.ts';
import { createServer, type Server } from './server.ts';

/** How long another house of this process, or a server that does not answer, may keep the data folder. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 100;

/**
 * Connects to the server that has the data folder open, else opens the house here. `ownAgents`: there are agents which a house of this process that was opened without
 * them does not know, so that one is waited for to close. Throws `DATA_LOCKED` when that takes too long.
 */
export async function openServer(ports: HousePorts, config: Config, ownAgents: boolean): Promise<Server> {
  const { clock } = ports;
  const until = clock.now() + PATIENCE_MS;
  for (;;) {
    const owner = await ports.owner(config);
    if (owner && !(ownAgents && owner.pid === ports.pid))
      return createServer(ports, config, { url: owner.url, token: (await ports.token(config)) ?? owner.key });
    const house = owner ? undefined : await openUnlessLocked(ports, config);
    if (house) return createServer(ports, config, { url: house.url, token: (await ports.token(config)) ?? house.key, house });
    if (clock.now() >= until) throw locked(config, owner !== undefined);
    await sleep(clock, PAUSE_MS);
  }
}

async function openUnlessLocked(ports: HousePorts, config: Config) {
  try {
    return await ports.open(config);
  } catch (error) {
    if (error instanceof OpenClawError && error.code === 'DATA_LOCKED') return undefined;
    throw error;
  }
}

function locked({ dataDir }: Config, here: boolean): OpenClawError {
  const message = here
    ? `Another agent of this process keeps ${dataDir} open, in a house that does not know this one. Give both the same house: createHouse(), option house.`
    : `Another process has ${dataDir} open and does not answer. Stop it, or set OPENCLAW_DATA to another folder.`;
  return new OpenClawError('DATA_LOCKED', message);
}
