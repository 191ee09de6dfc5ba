import type { Clock } from '@openclaw-runtime/kit';
import type { EngineMeter, Store } from '@openclaw-runtime/store';
import type { AlertOptions } from './catalogue/alerts.ts';
import { exposition } from './exported/exposition.ts';
import { type AlertState, createJudge } from './judge/judge.ts';
import { LogMeter, type LogMeterOptions } from './log/log-meter.ts';
import { meteredStore } from './log/metered-store.ts';
import { createRates } from './log/rates.ts';
import { createSeries, type HouseSeries, type KnownNames } from './series/house-series.ts';

/** What is read of a house when it is asked for, and not counted. */
export interface HouseReads {
  /** Runs at work, and runs that wait for people. */
  readonly runs: () => { readonly active: number; readonly parked: number };
  readonly connections: () => number;
  /** Absent where no agent has code. */
  readonly threads?: () => {
    readonly threads: number;
    readonly active: number;
    readonly max: number;
    readonly calls: number;
    readonly queued: number;
    /** By error word. */
    readonly lost: Readonly<Record<string, number>>;
  };
  readonly memory: () => { readonly residentBytes: number; readonly heapBytes: number; readonly outsideBytes: number };
  /** Absent: 0. */
  readonly tier?: () => number;
}

export interface MonitorOptions extends Pick<LogMeterOptions, 'clock' | 'priceOf'> {
  readonly known: KnownNames;
  readonly alerts: AlertOptions;
  /** An alert fires, or no longer does. */
  onAlert(state: AlertState): void;
}

/** What a house measures of itself. */
export interface Monitor {
  /** For the store's engine, before it is opened. */
  readonly engine: EngineMeter;
  /** The store as runtime and gateway are to have it. */
  metered(store: Store): Store;
  /** Begins to look at the house, until it is disposed of. */
  watch(reads: HouseReads): Disposable;
  /** In Prometheus's text format. */
  exposition(): string;
  readonly alerts: readonly AlertState[];
}

/** How often the event loop is expected to come round. */
const LOOP_MS = 50;
const LOOK_MS = 1_000;

export function createMonitor({ known, clock, priceOf, alerts, onAlert }: MonitorOptions): Monitor {
  const series = createSeries(known, [alerts.thresholds.latencyP99Ms / 1000]);
  const meter = new LogMeter({ series, clock, ...(priceOf && { priceOf }) });
  const judge = createJudge(series, alerts, onAlert);
  const rate = createRates(series);
  series.startTime.set(clock.wall() / 1000);
  let reads: HouseReads | undefined;
  const lookMs = Math.min(LOOK_MS, alerts.windowMs / 5);

  return {
    engine: meter,
    metered: (store) => meteredStore(store, meter),
    watch(given) {
      reads = given;
      const stopLoop = repeat(clock, LOOP_MS, (lateMs) => series.eventLoopDelay.observe(Math.max(lateMs, 0) / 1000));
      const look = (): void => {
        read(series, given);
        rate(clock.now());
        judge.look({ nowMs: clock.now(), wallMs: clock.wall(), busy: busyOf(series) });
      };
      const stopLooking = repeat(clock, lookMs, look);
      look();
      return {
        [Symbol.dispose]() {
          stopLoop();
          stopLooking();
        },
      };
    },
    exposition() {
      if (reads) read(series, reads);
      return exposition(series);
    },
    get alerts() {
      return judge.states;
    },
  };
}

/** `lateMs`: how much later than it was to be. */
function repeat(clock: Clock, ms: number, deed: (lateMs: number) => void): () => void {
  let cancel: () => void = () => undefined;
  const again = (): void => {
    const dueMs = clock.now() + ms;
    cancel = clock.after(ms, () => {
      deed(clock.now() - dueMs);
      again();
    });
  };
  again();
  return () => cancel();
}

function read(series: HouseSeries, { runs, connections, threads, memory, tier }: HouseReads): void {
  const { active, parked } = runs();
  series.runsActive.set(active);
  series.runsParked.set(parked);
  series.connections.set(connections());
  series.tier.set(tier?.() ?? 0);
  const { residentBytes, heapBytes, outsideBytes } = memory();
  [residentBytes, heapBytes, outsideBytes].forEach((bytes, at) => series.memory.set(bytes, at));
  const pool = threads?.();
  if (!pool) return;
  series.threads.set(pool.threads);
  series.threadsActive.set(pool.active);
  series.threadsMax.set(pool.max);
  [pool.calls, pool.queued].forEach((calls, at) => series.threadCalls.set(calls, at));
  series.threadsReplaced.values.fill(0);
  for (const [code, count] of Object.entries(pool.lost)) series.threadsReplaced.add(series.threadsReplaced.at(code), count);
}

function busyOf({ threadsActive, threadsMax }: HouseSeries): number {
  const max = threadsMax.values[0] as number;
  return max > 0 ? (threadsActive.values[0] as number) / max : 0;
}
