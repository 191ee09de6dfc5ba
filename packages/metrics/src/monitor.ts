import type { Clock } from '@openclaw-runtime/kit';
import type { EngineMeter } from '@openclaw-runtime/store';
import type { AlertOptions, AlertThresholds } from './catalogue/alerts.ts';
import { exposition } from './exported/exposition.ts';
import { createRecent, type Glance } from './glance/recent.ts';
import { type AlertState, createJudge, type FiringAlert } from './judge/judge.ts';
import { HouseMeter } from './log/house-meter.ts';
import type { LogMeterOptions } from './log/log-meter.ts';
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
  /** Absent: nothing is limited. */
  readonly admission?: () => { readonly level: number; readonly waiting: number; readonly refused: Readonly<Record<string, number>> };
  /** How often somebody was refused, by error word. */
  readonly refused?: () => Readonly<Record<string, number>>;
  /** Absent: nothing is written down. */
  readonly audit?: () => { readonly written: number; readonly lost: number; readonly waiting: number };
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
  /** Begins to look at the house, until it is disposed of. `firing`: alerts that fired when the process before ended. */
  watch(reads: HouseReads, firing?: readonly FiringAlert[]): Disposable;
  /** The configuration was read again: it holds, with these thresholds, or it was refused. */
  configured(thresholds: AlertThresholds | undefined): void;
  /** What people are told of all this at a glance; of the last ten seconds where it is no count. */
  glance(): Glance;
  /** In Prometheus's text format. */
  exposition(): string;
  readonly alerts: readonly AlertState[];
}

/** How often the event loop is expected to come round. */
const LOOP_MS = 50;
const LOOK_MS = 1_000;

export function createMonitor({ known, clock, priceOf, alerts, onAlert }: MonitorOptions): Monitor {
  const series = createSeries(known, [alerts.thresholds.latencyP99Ms / 1000]);
  const meter = new HouseMeter({ series, clock, ...(priceOf && { priceOf }) });
  const judge = createJudge(series, alerts, onAlert);
  const rate = createRates(series);
  const recent = createRecent(series);
  series.startTime.set(clock.wall() / 1000);
  series.configTime.set(clock.wall() / 1000);
  let reads: HouseReads | undefined;
  const lookMs = Math.min(LOOK_MS, alerts.windowMs / 5);

  return {
    engine: meter,
    configured(thresholds) {
      series.configReads.add(series.configReads.at(thresholds ? 'applied' : 'refused'));
      if (!thresholds) return;
      series.configTime.set(clock.wall() / 1000);
      judge.change(thresholds);
    },
    glance() {
      if (reads) read(series, reads);
      return recent.glance();
    },
    watch(given, firing = []) {
      reads = given;
      judge.restore(firing);
      const stopLoop = repeat(clock, LOOP_MS, (lateMs) => series.eventLoopDelay.observe(Math.max(lateMs, 0) / 1000));
      const look = (): void => {
        read(series, given);
        rate(clock.now());
        recent.look();
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

function read(series: HouseSeries, { runs, connections, threads, memory, tier, admission, refused, audit }: HouseReads): void {
  const { active, parked } = runs();
  series.runsActive.set(active);
  series.runsParked.set(parked);
  series.connections.set(connections());
  series.tier.set(tier?.() ?? 0);
  const { residentBytes, heapBytes, outsideBytes } = memory();
  [residentBytes, heapBytes, outsideBytes].forEach((bytes, at) => series.memory.set(bytes, at));
  if (admission) readAdmission(series, admission());
  readByCode(series.refused, refused?.() ?? {});
  if (audit) readAudit(series, audit());
  const pool = threads?.();
  if (!pool) return;
  series.threads.set(pool.threads);
  series.threadsActive.set(pool.active);
  series.threadsMax.set(pool.max);
  [pool.calls, pool.queued].forEach((calls, at) => series.threadCalls.set(calls, at));
  readByCode(series.threadsReplaced, pool.lost);
}

function readByCode(numbers: HouseSeries['refused'], counts: Readonly<Record<string, number>>): void {
  numbers.values.fill(0);
  for (const [code, count] of Object.entries(counts)) numbers.add(numbers.at(code), count);
}

function readAdmission(series: HouseSeries, { level, waiting, refused }: ReturnType<NonNullable<HouseReads['admission']>>): void {
  series.admissionLevel.set(level);
  series.runsWaiting.set(waiting);
  for (const [limit, count] of Object.entries(refused)) series.refusals.set(count, series.refusals.at(limit));
}

function readAudit(series: HouseSeries, { written, lost, waiting }: ReturnType<NonNullable<HouseReads['audit']>>): void {
  series.auditRecords.set(written, series.auditRecords.at('written'));
  series.auditRecords.set(lost, series.auditRecords.at('lost'));
  series.auditWaiting.set(waiting);
}

function busyOf({ threadsActive, threadsMax }: HouseSeries): number {
  const max = threadsMax.values[0] as number;
  return max > 0 ? (threadsActive.values[0] as number) / max : 0;
}
