import { dirname, resolve } from 'node:path';
import { resolveAgents } from './agents.ts';
import { checkGuarded, resolveAuth, resolveLine } from './auth.ts';
import type { AuthSettings } from './auth-settings.ts';
import type { Config, ThreadSettings } from './config.ts';
import { type ConfigFile, readConfigFile } from './file.ts';
import type { Found } from './found.ts';
import { limitsOf } from './limits.ts';
import { checkModelName, resolveModels } from './models.ts';
import type { ConfigPorts } from './ports.ts';
import { badConfig, type Problem } from './problems.ts';
import { resolveReasoning } from './reasoning.ts';
import { retentionOf } from './retention.ts';
import { type ResolvedSecrets, resolveSecrets } from './secrets.ts';
import { resolveTiers } from './tiers.ts';
import { checkUses, resolveMcp, resolveTools } from './tools.ts';
import { resolveTracing } from './tracing.ts';
import { parseNumber } from './units.ts';

/** What a command line may say; it wins over the file and over variables. Numbers may still be text. */
export interface ConfigFlags {
  readonly config?: string;
  readonly data?: string;
  readonly host?: string;
  readonly port?: string | number;
  readonly metricsPort?: string | number;
  readonly hosts?: string | number;
}

type FileMonitoring = ConfigFile['content']['monitoring'];

export const DEFAULT_PORT = 18_789;

/** Finds, reads and completes the configuration. Throws `BAD_CONFIG` with every problem that was found. */
export function resolveConfig(flags: ConfigFlags, ports: ConfigPorts, found: Found = {}): Config {
  return completeConfig(readConfigFile(flags.config, ports), flags, ports, found);
}

export function completeConfig(file: ConfigFile, flags: ConfigFlags, ports: ConfigPorts, found: Found = {}): Config {
  const { content } = file;
  const folder = file.path === undefined ? ports.cwd : dirname(file.path);
  const problems: Problem[] = [];
  const { settings: secrets, secretAt } = resolveSecrets(content.secrets, ports, folder, problems);
  const models = resolveModels(content, ports, folder, secretAt, found, problems);
  checkModelName(models.defaultModel, ['defaultModel'], models, problems);
  for (const [key, agent] of Object.entries(content.agents ?? {})) {
    if (agent.model !== undefined) checkModelName(agent.model, ['agents', key, 'model'], models, problems);
  }
  for (const key of Object.keys(content.clusters ?? {})) {
    if (!/^[^/\s]+\/[^/\s]+$/.test(key)) problems.push({ path: ['clusters', key], says: 'is not of the form environment/cluster.' });
  }
  const agents = resolveAgents(file, folder, secretAt, problems);
  const reasoning = resolveReasoning(content, models, problems);
  const tools = resolveTools(content, secretAt);
  const mcp = resolveMcp(content, folder, secretAt, problems);
  checkUses(content, problems);
  const auth = resolveAuth(content, folder, problems);
  const server = { ...serverOf(content, flags, ports, secretAt, auth, problems), ...resolveLine(content, folder, problems) };
  const monitoring = monitoringOf(content.monitoring, secretAt);
  const tracing = resolveTracing(content.tracing, ports, secretAt, problems);
  if (problems.length > 0) throw badConfig(file.path ?? 'configuration', problems, file.lineOf);

  const cluster = content.cluster ?? {};
  return {
    ...(file.path === undefined ? {} : { file: file.path }),
    server,
    auth,
    dataDir: dataDirOf(content.data, flags, ports, folder),
    durability: { text: content.durability?.text ?? 'process' },
    ...models,
    agents,
    reasoning,
    budgets: content.budgets ?? {},
    tools,
    mcp,
    threads: threadsOf(content, flags, problems),
    secrets,
    limits: limitsOf(content.limits),
    ...resolveTiers(content.tiers, models, problems),
    retention: retentionOf(content.retention),
    clusters: content.clusters ?? {},
    cluster: {
      adaptiveReasoning: cluster.adaptiveReasoning ?? true,
      streaming: cluster.streaming ?? true,
      tokenIntervalMs: cluster.tokenInterval ?? 40,
      ...(cluster.snapshotInterval === undefined ? {} : { snapshotIntervalMs: cluster.snapshotInterval }),
    },
    monitoring,
    ...(tracing && { tracing }),
  };
}

function serverOf(
  { server: file = {}, monitoring = {} }: ConfigFile['content'],
  flags: ConfigFlags,
  ports: ConfigPorts,
  secretAt: ResolvedSecrets['secretAt'],
  auth: AuthSettings,
  problems: Problem[],
): Config['server'] {
  const host = flags.host ?? file.host ?? '127.0.0.1';
  const port = portOf('--port', flags.port, problems) ?? file.port ?? DEFAULT_PORT;
  const metricsPort =
    portOf('--metrics-port', flags.metricsPort, problems) ??
    portOf('OPENCLAW_METRICS_PORT', ports.env.OPENCLAW_METRICS_PORT || undefined, problems) ??
    file.metricsPort ??
    monitoring.port;
  const token = file.token ?? (ports.env.OPENCLAW_TOKEN ? 'secret://env/OPENCLAW_TOKEN' : undefined);
  checkGuarded(host, token !== undefined, auth, problems);
  return {
    host,
    port,
    origins: file.origins ?? [],
    ...(token === undefined ? {} : { token: secretAt(token, ['server', 'token']) }),
    ...(metricsPort === undefined ? {} : { metricsPort }),
  };
}

function monitoringOf(
  { metricsPath, prometheusEnabled, alertThresholds = {}, window, for: forMs, objective, webhook }: NonNullable<FileMonitoring> = {},
  secretAt: ResolvedSecrets['secretAt'],
): Config['monitoring'] {
  return {
    metricsPath: metricsPath ?? '/metrics',
    prometheusEnabled: prometheusEnabled ?? true,
    windowMs: window ?? 300_000,
    forMs: forMs ?? 60_000,
    objective: objective ?? 0.999,
    ...(webhook !== undefined && { webhook: secretAt(webhook, ['monitoring', 'webhook']) }),
    alertThresholds: {
      latencyP99Ms: alertThresholds.latencyP99 ?? 500,
      errorRate: alertThresholds.errorRate ?? 0.01,
      threadPoolUtilization: alertThresholds.threadPoolUtilization ?? 0.9,
    },
  };
}

/** `cluster.maxThreads` is the same number under the name that cluster files have for it. */
function threadsOf({ threads = {}, cluster = {} }: ConfigFile['content'], flags: ConfigFlags, problems: Problem[]): ThreadSettings {
  const max = threads.max ?? cluster.maxThreads;
  const hosts = wholeOf('--hosts', flags.hosts, 1_000, problems);
  return { ...threads, ...(max === undefined ? {} : { max }), ...(hosts === undefined ? {} : { hosts }) };
}

/** A folder named on the command line or by a variable starts at the working folder, one named by a file at the file's. */
function dataDirOf(data: string | undefined, flags: ConfigFlags, ports: ConfigPorts, folder: string): string {
  const named = flags.data ?? (ports.env.OPENCLAW_DATA || undefined);
  if (named !== undefined) return resolve(ports.cwd, named);
  return data === undefined ? resolve(ports.cwd, '.openclaw') : resolve(folder, data);
}

function portOf(flag: string, value: string | number | undefined, problems: Problem[]): number | undefined {
  return wholeOf(flag, value, 65_535, problems);
}

function wholeOf(flag: string, value: string | number | undefined, max: number, problems: Problem[]): number | undefined {
  if (value === undefined) return undefined;
  const whole = parseNumber(value);
  if (whole !== undefined && Number.isInteger(whole) && whole >= 0 && whole <= max) return whole;
  problems.push({ path: [flag], says: `${JSON.stringify(value)} is not a whole number from 0 to ${max}.` });
  return undefined;
}
