import type { Gateway } from '@openclaw-runtime/gateway';
import type { Monitor } from '@openclaw-runtime/metrics';
import type { AgentThreads, Fares, Runtime, ShortBudget } from '@openclaw-runtime/runtime';
import type { HousePorts } from './house.ts';
import type { Reloaded } from './reloaded.ts';

/** How a house is, at a glance. What is absent is not measured. */
export interface Status {
  readonly version: string;
  readonly url: string;
  /** In ISO 8601. */
  readonly at: string;
  readonly uptimeMs: number;
  readonly runs: {
    readonly working: number;
    /** For people, or for money; they take no memory. */
    readonly parked: number;
    /** For a place among those that are at work. */
    readonly waiting: number;
    /** Since the start, by how. */
    readonly ended?: Readonly<Record<string, number>>;
  };
  readonly tokensPerSecond?: number;
  /** Of the last half minute, the oldest first. */
  readonly tokensEachSecond?: readonly number[];
  /** To the first of the answer, over the last minute. */
  readonly latencyMs?: { readonly p50: number; readonly p99: number };
  readonly threads: { readonly busy: number; readonly total: number; readonly max: number; readonly waiting: number };
  readonly connections: number;
  /** 0: everything is taken; up to 4: runs are only read and ended. */
  readonly pressure: number;
  readonly storeBytes: number;
  readonly memoryBytes: number;
  /** Those that are not in tier 0. */
  readonly tiers: readonly Pick<Fares, 'of' | 'name' | 'tier' | 'why' | 'forMs'>[];
  /** Nearly used up; the scarcest first, a hundred at most. */
  readonly budgets: readonly ShortBudget[];
  /** Those that fire. */
  readonly alerts: readonly object[];
  /** Of the last time that the configuration was read again. */
  readonly config?: Reloaded;
}

const MOST_BUDGETS = 100;

export interface StatusRooms {
  readonly runtime: Pick<Runtime, 'active' | 'parked' | 'health' | 'shortBudgets'>;
  readonly gateway: Pick<Gateway, 'connections' | 'admission' | 'url'>;
  readonly threads: Pick<AgentThreads, 'status'>;
  readonly maxThreads: number;
  readonly monitor: Monitor | undefined;
  /** Those that fire. */
  readonly alerts: () => readonly object[];
  readonly storeBytes: () => Promise<number>;
  readonly memoryBytes: () => number;
  readonly config: () => Reloaded | undefined;
}

export function createStatus(rooms: StatusRooms, { clock, version = '0' }: HousePorts): () => Promise<Status> {
  const { runtime, gateway, threads, maxThreads, monitor } = rooms;
  const startedMs = clock.now();
  return async () => {
    const glance = monitor?.glance();
    const { active, threads: total, queued } = threads.status;
    const { level, waiting } = gateway.admission;
    const config = rooms.config();
    return {
      version,
      url: gateway.url,
      at: new Date(clock.wall()).toISOString(),
      uptimeMs: Math.round(clock.now() - startedMs),
      runs: { working: runtime.active, parked: runtime.parked, waiting, ...(glance && { ended: glance.ended }) },
      ...(glance && { tokensPerSecond: round(glance.tokensPerSecond), tokensEachSecond: glance.tokensEachSecond }),
      ...(glance?.latencySeconds && {
        latencyMs: { p50: round(glance.latencySeconds.p50 * 1000), p99: round(glance.latencySeconds.p99 * 1000) },
      }),
      threads: { busy: active, total, max: maxThreads, waiting: queued },
      connections: gateway.connections,
      pressure: level,
      storeBytes: await rooms.storeBytes(),
      memoryBytes: rooms.memoryBytes(),
      tiers: (runtime.health?.list() ?? []).flatMap(({ of, name, tier, why, forMs }) =>
        tier === 0 ? [] : [{ of, name, tier, why, forMs }],
      ),
      budgets: scarcest(runtime.shortBudgets),
      alerts: rooms.alerts(),
      ...(config && { config }),
    };
  };
}

function scarcest(budgets: readonly ShortBudget[]): readonly ShortBudget[] {
  const part = ({ left, limit }: ShortBudget): number => left / Math.max(limit, 1);
  return budgets.toSorted((a, b) => part(a) - part(b)).slice(0, MOST_BUDGETS);
}

/** One digit behind the point is enough. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
