import { ALERT_KEYS, type AlertKey, type AlertOptions, type AlertThresholds, ERROR_STATUSES, thresholdOf } from '../catalogue/alerts.ts';
import type { HouseSeries } from '../series/house-series.ts';
import { quantileOf } from './quantile.ts';

/** One alert as it stands. */
export interface AlertState {
  readonly alert: AlertKey;
  /** `pending`: it is over its threshold, and has not been for long enough. */
  readonly phase: 'resolved' | 'pending' | 'firing';
  /** Seconds, or a part of 1; over the window. */
  readonly value: number;
  readonly threshold: number;
  /** Milliseconds since 1970, of the phase. */
  readonly sinceMs: number;
}

export interface Judge {
  /** Looks at what was counted since the look before. Called about each second. `busy`: the part of the threads there may be that run something. */
  look(at: { readonly nowMs: number; readonly wallMs: number; readonly busy: number }): void;
  readonly states: readonly AlertState[];
  /** From the next look on. */
  change(thresholds: AlertThresholds): void;
  /**
   * These fired when the process before ended: they go on firing until there was time to see that they are resolved. Called before the first look.
   */
  restore(firing: readonly FiringAlert[]): void;
}

/** An alert that fires, and since when, in milliseconds since 1970. */
export type FiringAlert = Pick<AlertState, 'alert' | 'sinceMs'>;

interface Look {
  readonly nowMs: number;
  readonly latency: Float64Array;
  readonly ended: number;
  readonly failed: number;
  /** Sum of the busy parts of all looks up to this one, and how many those are. */
  readonly busy: number;
  readonly looks: number;
}

/** Looks that are kept of a window, about: where it is long, not each. */
const KEPT = 1_000;
const AT_FIRST_LOOK = Number.POSITIVE_INFINITY;

/** Judges the same that the exported rules let Prometheus judge, from the same counts. `changed` hears of each alert that begins to fire, and of each that no longer does. */
export function createJudge(
  series: HouseSeries,
  { thresholds: given, windowMs, forMs }: AlertOptions,
  changed: (state: AlertState) => void,
): Judge {
  let thresholds = given;
  let looks: Look[] = [];
  /** Alerts of the process before, until when they fire at least; on the clock's `now` once there was a look. */
  const restored = new Map<AlertKey, number>();
  let busySum = 0;
  let lookCount = 0;
  /** On the clock's `now`: the one on the wall may be set. */
  const overSince = new Map<AlertKey, number>();
  const states = new Map<AlertKey, AlertState>(
    ALERT_KEYS.map((alert) => [alert, { alert, phase: 'resolved', value: 0, threshold: thresholdOf(alert, thresholds), sinceMs: 0 }]),
  );
  const failedPlaces = ERROR_STATUSES.map((status) => series.runs.labels[1]?.indexOf(status) ?? 0);
  const width = series.runs.labels[1]?.values.length ?? 1;

  const count = (nowMs: number, busy: number): Look => {
    const { values } = series.runs;
    let ended = 0;
    let failed = 0;
    values.forEach((value, at) => {
      ended += value;
      if (failedPlaces.includes(at % width)) failed += value;
    });
    busySum += busy;
    return { nowMs, latency: series.latency.total, ended, failed, busy: busySum, looks: ++lookCount };
  };

  const valuesOf = (first: Look, last: Look): Readonly<Record<AlertKey, number>> => {
    const ended = last.ended - first.ended;
    return {
      latencyP99: quantileOf(
        0.99,
        series.latency.bounds,
        last.latency.map((value, at) => value - (first.latency[at] as number)),
      ),
      errorRate: ended > 0 ? (last.failed - first.failed) / ended : 0,
      threadPoolUtilization: (last.busy - first.busy) / Math.max(last.looks - first.looks, 1),
    };
  };

  return {
    look({ nowMs, wallMs, busy }) {
      const last = count(nowMs, busy);
      for (const [alert, untilMs] of restored) if (untilMs === AT_FIRST_LOOK) restored.set(alert, nowMs + forMs + 1);
      // The last one before the window is where it begins.
      const begin = looks.findLastIndex((look) => look.nowMs <= nowMs - windowMs);
      if (begin > 0) looks = looks.slice(begin);
      const values = valuesOf(looks[0] ?? last, last);
      const newest = looks.at(-1);
      if (!newest || nowMs - newest.nowMs >= windowMs / KEPT) looks.push(last);
      for (const before of states.values()) {
        const { alert } = before;
        const threshold = thresholdOf(alert, thresholds);
        const value = values[alert];
        const isOver = value >= threshold && value > 0;
        const sinceMs = isOver ? (overSince.get(alert) ?? nowMs) : undefined;
        if (sinceMs === undefined) overSince.delete(alert);
        else overSince.set(alert, sinceMs);
        const isHeld = nowMs < (restored.get(alert) ?? nowMs);
        if (!isHeld) restored.delete(alert);
        const phase = isHeld ? 'firing' : sinceMs === undefined ? 'resolved' : nowMs - sinceMs >= forMs ? 'firing' : 'pending';
        states.set(alert, { ...before, threshold, phase, value, sinceMs: phase === before.phase ? before.sinceMs : wallMs });
        const isNews = (phase === 'firing') !== (before.phase === 'firing');
        series.alerts.set(phase === 'firing' ? 1 : 0, series.alerts.at(alert));
        if (isNews) changed(states.get(alert) as AlertState);
      }
    },
    change(next) {
      thresholds = next;
    },
    restore(firing) {
      for (const { alert, sinceMs } of firing) {
        const state = states.get(alert);
        if (!state) continue;
        states.set(alert, { ...state, phase: 'firing', sinceMs });
        restored.set(alert, AT_FIRST_LOOK);
      }
    },
    get states() {
      return [...states.values()];
    },
  };
}
