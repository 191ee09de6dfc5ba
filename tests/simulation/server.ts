import { createBroker } from '@openclaw-runtime/model';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Runtime, startRuntime } from '@openclaw-runtime/runtime';
import type { Store } from '@openclaw-runtime/store';
import { createCatalogue } from '../../packages/gateway/src/admission/catalogue.ts';
import { GATEWAY_LIMITS, type GatewayContext } from '../../packages/gateway/src/admission/options.ts';
import { NO_AUDIT } from '../../packages/gateway/src/audit/audit.ts';
import { OPEN } from '../../packages/gateway/src/identity/identity.ts';
import { createAdmission } from '../../packages/gateway/src/limits/admission.ts';
import { type Connection, serveConnection } from '../../packages/gateway/src/socket/connection.ts';
import { createHall } from '../../packages/store/src/hall/hall.ts';
import type { Chance } from './chance.ts';
import type { Disk } from './disk.ts';
import { HANDY, type Hands } from './hands.ts';
import type { Network } from './network.ts';
import type { Process } from './process.ts';
import type { Provider } from './provider.ts';

/** The whole server in one simulated process: store, broker, runtime and gateway. */
export interface Server {
  readonly store: Store;
  /** Tells its clients to go and lets its runs rest. */
  drain(): Promise<void>;
}

export interface ServerOptions {
  readonly process: Process;
  readonly disk: Disk;
  readonly network: Network;
  readonly provider: Provider;
  readonly hands: Hands;
  readonly chance: Chance;
  /** `false`: nobody carries runs to their end. */
  readonly consumes?: boolean;
  /** Something that should not have happened, and the process's own end. */
  onDefect(error: unknown): void;
  onFailed(): void;
}

/** Small, so that limits are met in short schedules. */
const LIMITS = { ...GATEWAY_LIMITS, unsentBytes: 3_000, feedBytes: 1_200, stalledMs: 20_000, snapshotDistance: 24 };
/** Bytes for one connection: what may be unsent, a frame more, answers to its own frames, and what the kernels hold. */
export const MAY_HOLD = LIMITS.unsentBytes + LIMITS.feedBytes + 6_000;
const RUN_LIMITS = {
  maxConcurrentRuns: 100,
  attempts: 1_000,
  noProgressAttempts: 1_000,
  regeneratedChars: 1_000_000_000,
  runMs: 3_600_000,
  budgetWaitMs: 86_400_000,
  parkAfterMs: 0,
};

export async function openServer(options: ServerOptions): Promise<Server> {
  const { process, disk, network, provider, hands, chance, onDefect } = options;
  const { clock } = process;
  const random = chance.branch(`server ${process.name}`);
  const { persister, recovered } = disk.open(process);
  const store = createHall({
    persister,
    recovered,
    secret: new Uint8Array(32).fill(7),
    clock,
    gap: { minMs: 2, maxMs: 16 },
    cacheChars: chance.may(0.5) ? 500 : 100_000,
    maxAliveChars: 10_000_000,
  });
  void store.failed.then(() => options.onFailed());
  const model = { provider: 'far' };
  const broker = createBroker({
    providers: {
      far: {
        kind: 'openai',
        baseUrl: 'http://far.test',
        apiKey: undefined,
        timeouts: { totalMs: 60_000, firstChunkMs: 3_000, betweenChunksMs: 2_000 },
        retries: { max: 3, baseMs: 20, capMs: 200 },
        circuit: { failures: 20, openMs: 1_000 },
      },
    },
    models: { vary: model, think: { ...model, reasoning: 'openai' }, prefix: { ...model, prefix: 'assistant' } },
    clock,
    random,
    http: () => provider.connect(process),
  });
  const runtime: Runtime = await startRuntime({
    store,
    broker,
    agents: [{ name: 'default' }, HANDY],
    threads: hands.threads(clock, chance.branch('hands')),
    defaultModel: 'vary',
    reasoning: { maxLevel: 3 },
    clock,
    random,
    limits: options.consumes === false ? { ...RUN_LIMITS, maxConcurrentRuns: 0 } : RUN_LIMITS,
    textDurability: 'process',
    tokenIntervalMs: 40,
    owner: process.name,
    onDefect: (_key, error) => onDefect(error),
  });

  const context: GatewayContext = {
    store,
    clock,
    random,
    host: '127.0.0.1',
    port: 0,
    serverName: 'simulated',
    origins: [],
    audit: NO_AUDIT,
    // Simulated time never finds the loop late: to look every 20 ms would be two events in five.
    admission: createAdmission({ clock: { ...clock, after: () => () => undefined }, random, store, waitMs: Number.POSITIVE_INFINITY }),
    identity: OPEN,
    limits: LIMITS,
    onDefect: (_id, error) => onDefect(error),
    shown(error) {
      if (error instanceof OpenClawError && error.code !== 'INTERNAL') return error;
      onDefect(error);
      return new OpenClawError('INTERNAL', 'A defect.');
    },
  };
  const create = { store, clock, random, catalogue: createCatalogue(store) };
  const connections = new Set<Connection>();
  const tick = (): void => {
    for (const connection of connections) connection.tick(clock.now());
    clock.after(1_000, tick);
  };
  tick();
  network.listen(process, (peer) => {
    const connection = serveConnection(context, create, peer, { address: 'simulated', way: 'socket' }, () =>
      connections.delete(connection),
    );
    connections.add(connection);
  });

  return {
    store,
    async drain() {
      for (const connection of connections) connection.goAway(100);
      await runtime.drain(200);
      for (const connection of connections) connection.close();
      await broker.close();
      await store.close();
    },
  };
}
