import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { AuditLog } from '@openclaw-runtime/audit';
import { type Gateway, type Insight, startGateway } from '@openclaw-runtime/gateway';
import { newId } from '@openclaw-runtime/kit';
import type { Monitor } from '@openclaw-runtime/metrics';
import type { ModelBroker } from '@openclaw-runtime/model';
import { type Runtime, startRuntime, startUpkeep, type TierChange } from '@openclaw-runtime/runtime';
import { type Damage, openSqliteStore, type Store } from '@openclaw-runtime/store';
import { plainText } from './commands/plain.ts';
import type { Config } from './config/config.ts';
import { admissionOf } from './house/admission.ts';
import { openAudit } from './house/audit.ts';
import { authOf, localKey, readTls } from './house/auth.ts';
import { openBroker } from './house/broker.ts';
import type { House, HousePorts } from './house/house.ts';
import { createInsight } from './house/insight.ts';
import { type AgentsAtWork, openAgents } from './house/open-agents.ts';
import { type OpenSecrets, openSecrets } from './house/open-secrets.ts';
import { createApply, createReload, type ReloadRooms } from './house/reload.ts';
import type { Reloaded } from './house/reloaded.ts';
import { createLive, gatewayChange, type Live, settingsOf } from './house/settings.ts';
import { createStatus } from './house/status.ts';
import { createAuditDisk } from './machine/audit-disk.ts';
import { folderBytes } from './machine/folder-bytes.ts';
import { createLoginFiles, loginsFolder } from './machine/logins.ts';
import { createMemoryShare } from './machine/memory-share.ts';
import { readFile } from './machine/read-file.ts';
import { createRemoteSecrets } from './machine/remote-secrets.ts';
import { createResidentBytes } from './machine/resident-bytes.ts';
import { removeWorkspaces, sweepWorkspaces, workspaceOf } from './machine/workspaces.ts';
import { createMetrics } from './monitoring/open-metrics.ts';
import { firingIn } from './monitoring/teller.ts';
import type { Secret } from './secrets/secret.ts';
import { openTracing, type Tracing } from './tracing/open-tracing.ts';

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
  const live = createLive(config);
  const agents = opened.use(await openAgents(config, { workspaces, env: process.env, logins }, ports));
  const metrics = await createMetrics(config, agents.agents, live.priceOf, ports);
  const engine = await openSqliteStore({
    folder: config.dataDir,
    clock: ports.clock,
    random: ports.random,
    ...(metrics && { meter: metrics.monitor.engine }),
  });
  opened.defer(() => engine.close());
  const audit = opened.use(await openAudit(() => live.config, createAuditDisk(config.dataDir), ports));
  const tracing = await openTracing(config, ports, secrets.scrub);
  if (tracing) opened.use(tracing);
  const store = tracing?.traced(engine) ?? engine;
  for (const damage of store.upkeep.found) ports.log(`claw: ${foundLine(damage)}`);
  const broker = openBroker(config, ports);
  opened.defer(() => broker.close());
  const runtime = await openRuntime(live, ports, store, broker, { agents, secrets, workspaces, tracing });
  opened.defer(() => runtime.drain(0));
  const upkeep = startUpkeep({ store, policy: config.retention, clock: ports.clock, log: (line) => ports.log(`claw: ${line}`) });
  opened.defer(() => upkeep.stop());
  opened.use(sweepWorkspaces({ root: workspaces, runs: store.runs, clock: ports.clock, log: (line) => ports.log(`claw: ${line}`) }));
  opened.defer(store.upkeep.onErased((erased) => removeWorkspaces(workspaces, erased)));
  const key = localKey(ports.random);
  const gateway = await openGateway(
    live,
    ports,
    store,
    key,
    audit,
    metrics?.monitor,
    createInsight(runtime, () => live.config.limits.maxConcurrentRuns, {
      status: () => status(),
      ...(ports.readConfig && { reload: () => reload.now() }),
    }),
    () => reload.last,
  );
  opened.defer(() => gateway.close());
  const tls = ({ server }: Config) => server.tls && readTls(server.tls, readFile);
  const apply = createApply(live, { tls, broker, agents, gateway, upkeep, runtime, log: ports.log });
  const told: ReloadRooms['told'] = ({ outcome }, { monitoring }) =>
    metrics?.monitor.configured(outcome === 'applied' ? monitoring.alertThresholds : undefined);
  const reload = createReload(config, { read: ports.readConfig, secrets, apply, told }, ports);
  const status = createStatus(
    {
      runtime,
      gateway,
      threads: agents.threads,
      maxThreads: config.threads.max ?? availableParallelism(),
      monitor: metrics?.monitor,
      alerts: () => firingIn(metrics?.monitor),
      storeBytes: () => folderBytes(config.dataDir),
      memoryBytes: createResidentBytes(),
      config: () => reload.last,
    },
    ports,
  );
  const webhook = (): Secret | undefined => live.config.monitoring.webhook;
  const measured =
    metrics && opened.use(await metrics.open({ runtime, gateway, audit, threads: agents.threads, state: store.state, webhook }));
  const forget = announce(config, gateway, store, key);
  opened.defer(forget);

  const rooms = opened.move();
  return {
    url: gateway.url,
    port: gateway.port,
    key,
    ...(measured?.url !== undefined && { metrics: measured.url }),
    get active() {
      return runtime.active;
    },
    failed: store.failed,
    reload: () => reload.now(),
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

/** What runs work with beside the model. */
interface AtWork {
  readonly agents: AgentsAtWork;
  readonly secrets: OpenSecrets;
  readonly workspaces: string;
  readonly tracing: Tracing | undefined;
}

function openRuntime(
  live: Live,
  { clock, random, log }: HousePorts,
  store: Store,
  broker: ModelBroker,
  { agents: { agents, threads, houseTools, secrets }, secrets: { scrub }, workspaces, tracing }: AtWork,
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
    ...(tracing?.headers && { trace: tracing.headers }),
    workspace: (key) => workspaceOf(workspaces, key),
    onSaid: (key, text, dropped) =>
      log(`claw: run ${key} printed: ${text}${dropped > 0 ? ` (${dropped} characters before it were too many)` : ''}`),
    ...settingsOf(live.config),
    priceOf: live.priceOf,
    onTier: (change) => {
      if (change.tier === 3 || change.from === 3) log(`claw: ${tierLine(change)}`);
    },
    owner: newId(random),
    onDefect: (key, error, id) => log(`claw: defect ${id} in run ${key}: ${(error as Error).stack ?? error}`),
  });
}

function openGateway(
  live: Live,
  { clock, random, log }: HousePorts,
  store: Store,
  key: string,
  audit: AuditLog,
  monitor: Monitor | undefined,
  insight: Insight,
  reloaded: () => Reloaded | undefined,
): Promise<Gateway> {
  const { config } = live;
  const { server } = config;
  const { token, trustedProxies } = server;
  const { origins, ...limits } = gatewayChange(config);
  return startGateway({
    store,
    clock,
    random,
    host: server.host,
    port: server.port,
    origins,
    ...(token ? { token: () => (live.config.server.token ?? token).reveal() } : {}),
    localKey: key,
    auth: authOf(config, { readFile, remote: createRemoteSecrets(clock) }),
    ...(trustedProxies && { trustedProxies }),
    ...(server.tls && { tls: readTls(server.tls, readFile) }),
    insight,
    audit,
    admission: admissionOf(config, audit, createMemoryShare(config.limits.memoryBytes), log),
    limits,
    serverName: 'openclaw-runtime',
    priceOf: live.priceOf,
    details: () => ({
      ...(monitor && { alerts: firingIn(monitor) }),
      ...(reloaded() && { config: reloaded() }),
    }),
    onDefect: (id, error) => log(`claw: defect ${id}: ${(error as Error).stack ?? error}`),
  });
}

/** Tells this machine (`owner.json`, for a second `claw`, which nobody else may read) and the store's other users where this house listens. */
function announce({ dataDir }: Config, gateway: Gateway, store: Store, key: string): () => void {
  const path = join(dataDir, 'owner.json');
  const fresh = `${path}.new`;
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(fresh, `${JSON.stringify({ url: gateway.localUrl, pid: process.pid, key })}\n`, { mode: 0o600 });
  renameSync(fresh, path);
  const leave = store.presence.announce({ id: String(process.pid), kind: 'gateway', url: gateway.url });
  return () => {
    leave();
    rmSync(path, { force: true });
  };
}
