import { availableParallelism } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { CodedAgent } from '@openclaw-runtime/agent';
import type { AuditLog } from '@openclaw-runtime/audit';
import type { Gateway } from '@openclaw-runtime/gateway';
import type { AlertState, Monitor } from '@openclaw-runtime/metrics';
import { ERRORS, OpenClawError } from '@openclaw-runtime/protocol';
import type { AgentThreads, Runtime } from '@openclaw-runtime/runtime';
import type { State } from '@openclaw-runtime/store';
import type { Config } from '../config/config.ts';
import type { createPriceOf } from '../config/prices.ts';
import type { HousePorts } from '../house/house.ts';
import { type MetricsListener, type MetricsListenerOptions, openMetricsListener } from '../machine/metrics-listener.ts';
import { createResidentBytes } from '../machine/resident-bytes.ts';
import type { Secret } from '../secrets/secret.ts';
import { openTeller } from './teller.ts';

/** Where metrics are read when nobody says where: it is Prometheus's own port too. */
export const DEFAULT_METRICS_PORT = 9_090;

/** What the house measures of itself, from before there is a house. */
export interface Metrics {
  readonly monitor: Monitor;
  /** Begins to look at the rooms, and listens for Prometheus. Rejects with `BAD_CONFIG` when a port was asked for and is taken; where nobody asked for one, that is only said. */
  open(rooms: Rooms): Promise<OpenMetrics>;
}

export interface OpenMetrics extends AsyncDisposable {
  /** Absent where the port was taken. */
  readonly url?: string;
}

export interface Rooms {
  readonly runtime: Pick<Runtime, 'active' | 'parked' | 'health'>;
  readonly gateway: Pick<Gateway, 'connections' | 'admission' | 'refused'>;
  readonly audit: Pick<AuditLog, 'status'>;
  readonly threads: Pick<AgentThreads, 'status'>;
  readonly state: State;
  /** Where the webhook is by now. */
  readonly webhook: () => Secret | undefined;
}

/** Nothing is measured, and nothing loaded, where `monitoring.prometheusEnabled` is off: then it resolves to `undefined`. */
export async function createMetrics(
  config: Config,
  agents: readonly Pick<CodedAgent, 'name'>[],
  priceOf: ReturnType<typeof createPriceOf>,
  { clock, random, log }: HousePorts,
): Promise<Metrics | undefined> {
  if (!config.monitoring.prometheusEnabled) return undefined;
  const { createMonitor, EXPOSITION_TYPE } = await import('@openclaw-runtime/metrics');
  const { alertThresholds: thresholds, windowMs, forMs, webhook: address, metricsPath } = config.monitoring;
  let tell: ((state: AlertState) => void) | undefined;
  const monitor = createMonitor({
    known: { agents: agents.map(({ name }) => name), models: modelsOf(config), codes: Object.keys(ERRORS) },
    clock,
    priceOf,
    alerts: { thresholds, windowMs, forMs },
    onAlert(state) {
      log(`claw: ${alertLine(state)}`);
      tell?.(state);
    },
  });
  return {
    monitor,
    async open({ runtime, gateway, audit, threads, state, webhook }) {
      await using opened = new AsyncDisposableStack();
      const teller = address && (await openTeller({ url: () => (webhook() ?? address).reveal(), clock, random, log }, state));
      if (teller) opened.use(teller);
      tell = teller?.tell;
      const max = config.threads.max ?? availableParallelism();
      const residentBytes = createResidentBytes();
      opened.use(
        monitor.watch(
          {
            runs: () => runtime,
            connections: () => gateway.connections,
            admission: () => gateway.admission,
            refused: () => gateway.refused,
            audit: () => audit.status,
            tier: () => runtime.health?.highest ?? 0,
            threads: () => ({ ...threads.status, max }),
            memory() {
              const { used_heap_size: heapBytes, external_memory: outsideBytes } = getHeapStatistics();
              return { residentBytes: residentBytes(), heapBytes, outsideBytes };
            },
          },
          teller?.firing,
        ),
      );
      const listener = await listen(config, { path: metricsPath, contentType: EXPOSITION_TYPE, text: () => monitor.exposition() }, log);
      if (listener) opened.use(listener);
      const held = opened.move();
      return { ...(listener && { url: listener.url }), [Symbol.asyncDispose]: () => held.disposeAsync() };
    },
  };
}

async function listen(
  { server: { metricsPort } }: Config,
  options: MetricsListenerOptions,
  log: HousePorts['log'],
): Promise<MetricsListener | undefined> {
  try {
    return await openMetricsListener(metricsPort ?? DEFAULT_METRICS_PORT, options);
  } catch (error) {
    if (metricsPort !== undefined) throw error;
    log(`claw: ${OpenClawError.from(error).message}`);
    return undefined;
  }
}

/** Names that runs may be told of: a name that callers made up is none of them. */
function modelsOf({ models, defaultModel, agents }: Config): readonly string[] {
  const named = [
    ...Object.keys(models),
    defaultModel,
    ...Object.values(agents).flatMap(({ model }) => (model === undefined ? [] : [model])),
  ];
  return named.map((name) => name.split('?')[0] as string);
}

function alertLine({ alert, phase, value, threshold }: AlertState): string {
  const shown = Number(value.toPrecision(3));
  return phase === 'firing'
    ? `alert ${alert} fires: it is ${shown}, and should be under ${threshold}`
    : `alert ${alert} is resolved: it is ${shown}`;
}
