import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Gateway, type Insight, startGateway } from '@openclaw-runtime/gateway';
import { newId } from '@openclaw-runtime/kit';
import type { Monitor } from '@openclaw-runtime/metrics';
import { createBroker, type ModelBroker, type ProviderConfig } from '@openclaw-runtime/model';
import { type Runtime, startRuntime, startUpkeep, type TierChange } from '@openclaw-runtime/runtime';
import { type Damage, openSqliteStore, type Store } from '@openclaw-runtime/store';
import { plainText } from './commands/plain.ts';
import { budgetLimitsOf } from './config/budgets.ts';
import type { Config, ProviderSettings } from './config/config.ts';
import { createPriceOf } from './config/prices.ts';
import type { House, HousePorts } from './house/house.ts';
import { createInsight } from './house/insight.ts';
import { type AgentsAtWork, openAgents } from './house/open-agents.ts';
import { type OpenSecrets, openSecrets } from './house/open-secrets.ts';
import { createLoginFiles, loginsFolder } from './machine/logins.ts';
import { sweepWorkspaces, workspaceOf } from './machine/workspaces.ts';
import { createMetrics, messageOf } from './monitoring/open-metrics.ts';

/** Milliseconds that runs have to come to their end before a drain leaves them to the next start. */
const GRACE_MS = 5_000;
/** Milliseconds after the end in which the next server should be there. */
const RETRY_MS = 500;

/** Opens store, broker, runtime and gateway on the data folder and listens. What opened is closed again when a later one fails. */
export async function openHouse(config: Config, given: HousePorts): Promise<House> {
  await using opened = new AsyncDisposableStack();
  const secrets = opened.use(await openSecrets(config, { ...given, log: (line) => given.log(plainText(line)) }));
  const { ports } = secrets;
  const workspaces = join(config.dataDir, 'workspaces');
  const logins = secrets.hidden(createLoginFiles(loginsFolder(config.dataDir), ports.random));
  const agents = opened.use(await openAgents(config, { workspaces, env: process.env, logins }, ports));
  const metrics = await createMetrics(config, agents.agents, ports);
  const engine = await openSqliteStore({
    folder: config.dataDir,
    clock: ports.clock,
    random: ports.random,
    ...(metrics && { meter: metrics.monitor.engine }),
  });
  opened.defer(() => engine.close());
  const store = metrics?.monitor.metered(engine) ?? engine;
  for (const damage of store.upkeep.found) ports.log(`claw: ${foundLine(damage)}`);
  const broker = openBroker(config, ports);
  opened.defer(() => broker.close());
  const runtime = await openRuntime(config, ports, store, broker, { agents, secrets, workspaces });
  opened.defer(() => runtime.drain(0));
  const upkeep = startUpkeep({ store, policy: config.retention, clock: ports.clock, log: (line) => ports.log(`claw: ${line}`) });
  opened.defer(() => upkeep.stop());
  opened.use(sweepWorkspaces({ root: workspaces, runs: store.runs, clock: ports.clock, log: (line) => ports.log(`claw: ${line}`) }));
  const gateway = await openGateway(config, ports, store, metrics?.monitor, createInsight(runtime, config.limits.maxConcurrentRuns));
  opened.defer(() => gateway.close());
  const measured = metrics && opened.use(await metrics.open({ runtime, gateway, threads: agents.threads }));
  const forget = announce(config, gateway, store);
  opened.defer(forget);

  const rooms = opened.move();
  return {
    url: gateway.url,
    port: gateway.port,
    ...(measured?.url !== undefined && { metrics: measured.url }),
    get active() {
      return runtime.active;
    },
    failed: store.failed,
    async drain() {
      upkeep.stop();
      gateway.drain(runtime.active > 0 ? GRACE_MS + RETRY_MS : RETRY_MS);
      await runtime.drain(GRACE_MS);
    },
    close: () => rooms.disposeAsync(),
  };
}

function tierLine({ of, name, tier, from, why }: TierChange): string {
  return `the ${of} ${name} is in tier ${tier}, before in ${from}: ${why}`;
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

/** What runs work with beside the model. */
interface AtWork {
  readonly agents: AgentsAtWork;
  readonly secrets: OpenSecrets;
  readonly workspaces: string;
}

function openRuntime(
  config: Config,
  { clock, random, log }: HousePorts,
  store: Store,
  broker: ModelBroker,
  { agents: { agents, threads, houseTools, secrets }, secrets: { scrub }, workspaces }: AtWork,
): Promise<Runtime> {
  return startRuntime({
    store,
    broker,
    clock,
    random,
    agents,
    ...(threads && { threads }),
    ...(houseTools && { houseTools }),
    secrets,
    scrub,
    workspace: (key) => workspaceOf(workspaces, key),
    onSaid: (key, text, dropped) =>
      log(`claw: run ${key} printed: ${text}${dropped > 0 ? ` (${dropped} characters before it were too many)` : ''}`),
    defaultModel: config.defaultModel,
    reasoning: config.reasoning,
    budgets: budgetLimitsOf(config),
    priceOf: createPriceOf(config),
    limits: config.limits,
    ...(config.tiers && { tiers: config.tiers }),
    onTier: (change) => {
      if (change.tier === 3 || change.from === 3) log(`claw: ${tierLine(change)}`);
    },
    textDurability: config.durability.text,
    tokenIntervalMs: config.cluster.tokenIntervalMs,
    owner: newId(random),
    onDefect: (key, error, id) => log(`claw: defect ${id} in run ${key}: ${(error as Error).stack ?? error}`),
  });
}

function openGateway(
  config: Config,
  { clock, random, log }: HousePorts,
  store: Store,
  monitor: Monitor | undefined,
  insight: Insight,
): Promise<Gateway> {
  const { server, limits } = config;
  const { token } = server;
  return startGateway({
    store,
    clock,
    random,
    host: server.host,
    port: server.port,
    origins: server.origins,
    ...(token ? { token: () => token.reveal() } : {}),
    insight,
    limits: { connections: limits.maxConnections, connectionsPerAddress: limits.maxConnections },
    serverName: 'openclaw-runtime',
    priceOf: createPriceOf(config),
    ...(monitor && { details: () => ({ alerts: monitor.alerts.filter(({ phase }) => phase === 'firing').map(messageOf) }) }),
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
