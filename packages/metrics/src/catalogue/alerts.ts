/** At what values the house is unwell. */
export interface AlertThresholds {
  /** Of {@link METRICS}.latency. */
  readonly latencyP99Ms: number;
  /** Of runs that ended, 0–1. */
  readonly errorRate: number;
  /** Threads that run something, of those there may be, 0–1. */
  readonly threadPoolUtilization: number;
}

export interface AlertOptions {
  readonly thresholds: AlertThresholds;
  /** Milliseconds of the past that are looked at. */
  readonly windowMs: number;
  /** Milliseconds for which it has to be so. */
  readonly forMs: number;
}

/** How a run ends that is counted as an error: not those that somebody cancelled, nor those whose money is at its end. */
export const ERROR_STATUSES = ['failed', 'timed_out', 'needs_attention'] as const;

export const ALERTS = {
  latencyP99: { name: 'OpenClawLatencyP99', says: 'More than one request in a hundred waits longer than this for the first of its answer' },
  errorRate: { name: 'OpenClawErrorRate', says: 'So large a part of the runs that end fails' },
  threadPoolUtilization: { name: 'OpenClawThreadPoolUtilization', says: 'So large a part of the threads that there may be are busy' },
} as const;

export type AlertKey = keyof typeof ALERTS;

export const ALERT_KEYS = Object.keys(ALERTS) as readonly AlertKey[];

/** A threshold in the unit in which it is compared: seconds, or a part of 1. */
export function thresholdOf(key: AlertKey, { latencyP99Ms, errorRate, threadPoolUtilization }: AlertThresholds): number {
  return { latencyP99: latencyP99Ms / 1000, errorRate, threadPoolUtilization }[key];
}
