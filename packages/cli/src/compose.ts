import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Gateway, startGateway } from '@openclaw-runtime/gateway';
import { newId } from '@openclaw-runtime/kit';
import { createBroker, type ModelBroker, type ProviderConfig } from '@openclaw-runtime/model';
import { type Runtime, startRuntime, startUpkeep } from '@openclaw-runtime/runtime';
import { type Damage, openSqliteStore, type Store } from '@openclaw-runtime/store';
import type { Config, ProviderSettings } from './config/config.ts';
import type { House, HousePorts } from './house/house.ts';

/** Milliseconds that runs have to come to their end before a drain leaves them to the next start. */
const GRACE_MS = 5_000;
/** Milliseconds after the end in which the next server should be there. */
const RETRY_MS = 500;

/** Opens store, broker, runtime and gateway on the data folder and listens. What opened is closed again when a later one fails. */
export async function openHouse(config: Config, ports: HousePorts): Promise<House> {
  await using opened = new AsyncDisposableStack();
  const store = await openSqliteStore({ folder: config.dataDir, clock: ports.clock, random: ports.random });
  opened.defer(() => store.close());
  for (const damage of store.upkeep.found) ports.log(`claw: ${foundLine(damage)}`);
  const broker = openBroker(config, ports);
  opened.defer(() => broker.close());
  const runtime = await openRuntime(config, ports, store, broker);
  opened.defer(() => runtime.drain(0));
  const upkeep = startUpkeep({ store, policy: config.retention, clock: ports.clock, log: (line) => ports.log(`claw: ${line}`) });
  opened.defer(() => upkeep.stop());
  const gateway = await openGateway(config, ports, store);
  opened.defer(() => gateway.close());
  const forget = announce(config, gateway, store);
  opened.defer(forget);

  const rooms = opened.move();
  return {
    url: gateway.url,
    port: gateway.port,
    failed: store.failed,
    async drain() {
      upkeep.stop();
      gateway.drain(runtime.active > 0 ? GRACE_MS + RETRY_MS : RETRY_MS);
      await runtime.drain(GRACE_MS);
    },
    close: () => rooms.disposeAsync(),
  };
}

function foundLine({ run, what, repair }: Damage): string {
  return `the data were found damaged: ${run === undefined ? '' : `run ${run}: `}${what} (${repair})`;
}

function openBroker({ providers, models, defaultProvider }: Config, { clock, random }: HousePorts): ModelBroker {
  const settings = Object.entries(providers).map(([name, provider]) => [name, providerConfig(provider)] as const);
  return createBroker({ providers: Object.fromEntries(settings), models, defaultProvider, clock, random });
}

function providerConfig(provider: ProviderSettings): ProviderConfig {
  if (provider.kind === 'simulated') return provider;
  const { apiKey, ...rest } = provider;
  const key = apiKey ? { apiKey: () => apiKey.reveal() } : {};
  if (rest.kind !== 'ai-sdk') return { ...rest, ...key };
  const secrets = Object.entries(rest.secrets ?? {}).map(([option, secret]) => [option, () => secret.reveal()] as const);
  return { ...rest, ...key, secrets: Object.fromEntries(secrets) };
}

function openRuntime(config: Config, { clock, random, log }: HousePorts, store: Store, broker: ModelBroker): Promise<Runtime> {
  return startRuntime({
    store,
    broker,
    clock,
    random,
    agents: Object.entries(config.agents).map(([name, agent]) => ({ name, ...agent })),
    defaultModel: config.defaultModel,
    limits: config.limits,
    textDurability: config.durability.text,
    tokenIntervalMs: config.cluster.tokenIntervalMs,
    owner: newId(random),
    onDefect: (key, error, id) => log(`claw: defect ${id} in run ${key}: ${(error as Error).stack ?? error}`),
  });
}

function openGateway({ server, limits }: Config, { clock, random, log }: HousePorts, store: Store): Promise<Gateway> {
  const { token } = server;
  return startGateway({
    store,
    clock,
    random,
    host: server.host,
    port: server.port,
    origins: server.origins,
    ...(token ? { token: () => token.reveal() } : {}),
    limits: { connections: limits.maxConnections, connectionsPerAddress: limits.maxConnections },
    serverName: 'openclaw-runtime',
    onDefect: (id, error) => log(`claw: defect ${id}: ${(error as Error).stack ?? error}`),
  });
}

/** Tells this machine (`owner.json`, for a second `claw`) and the store's other users where this house listens. */
function announce({ dataDir }: Config, gateway: Gateway, store: Store): () => void {
  const path = join(dataDir, 'owner.json');
  const fresh = `${path}.new`;
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(fresh, `${JSON.stringify({ url: gateway.url, pid: process.pid })}\n`, { mode: 0o600 });
  renameSync(fresh, path);
  const leave = store.presence.announce({ id: String(process.pid), kind: 'gateway', url: gateway.url });
  return () => {
    leave();
    rmSync(path, { force: true });
  };
}
