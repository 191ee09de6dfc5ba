import { ALERTS, type AlertKey, type AlertOptions, ERROR_STATUSES, thresholdOf } from '../catalogue/alerts.ts';
import { METRICS } from '../catalogue/metrics.ts';

export interface RuleOptions extends AlertOptions {
  /** The part of the runs that is to end well, 0–1; what is left is the error budget. */
  readonly objective: number;
}

/** A file of rules as Prometheus reads it. */
export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** How fast the error budget of 30 days may be used up, over a long time and still now. */
const BURNS = [
  { long: '1h', short: '5m', factor: 14.4, severity: 'page' },
  { long: '6h', short: '30m', factor: 6, severity: 'page' },
  { long: '1d', short: '2h', factor: 3, severity: 'ticket' },
  { long: '3d', short: '6h', factor: 1, severity: 'ticket' },
] as const;

const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;

export function rulesOf({ thresholds, windowMs, forMs, objective }: RuleOptions): RuleFile {
  const window = durationOf(windowMs);
  const thresholdRules = (Object.keys(ALERTS) as AlertKey[]).map((key): Rule => {
    const threshold = thresholdOf(key, thresholds);
    return {
      alert: ALERTS[key].name,
      expr: `(${expressionOf(key, window)}) >= ${threshold} > 0`,
      ...(forMs > 0 && { for: durationOf(forMs) }),
      labels: { severity: 'page', threshold: key },
      annotations: {
        summary: `${ALERTS[key].says}: ${shownThreshold(key, threshold)}.`,
        description: `It is {{ $value | ${key === 'latencyP99' ? 'humanizeDuration' : 'humanizePercentage'} }} over the last ${window}.`,
      },
    };
  });
  return {
    groups: [
      { name: 'openclaw-thresholds', rules: thresholdRules },
      { name: 'openclaw-error-ratios', rules: WINDOWS.map((each) => ({ record: ratioName(each), expr: errorRatio(each) })) },
      { name: 'openclaw-error-budget', rules: BURNS.map((burn) => burnRule(burn, objective)) },
      { name: 'openclaw-house', rules: HOUSE_RULES },
    ],
  };
}

function expressionOf(key: AlertKey, window: string): string {
  const { latency, threadsActive, threadsMax } = METRICS;
  return {
    latencyP99: `histogram_quantile(0.99, sum by (job, le) (rate(${latency.name}_bucket[${window}])))`,
    errorRate: errorRatio(window),
    threadPoolUtilization: `sum by (job) (avg_over_time(${threadsActive.name}[${window}])) / sum by (job) (${threadsMax.name})`,
  }[key];
}

function errorRatio(window: string): string {
  const { name } = METRICS.runs;
  const errors = `sum by (job) (rate(${name}{status=~"${ERROR_STATUSES.join('|')}"}[${window}]))`;
  return `${errors} / sum by (job) (rate(${name}[${window}]))`;
}

function ratioName(window: string): string {
  return `openclaw:run_errors:ratio_rate${window}`;
}

function burnRule({ long, short, factor, severity }: (typeof BURNS)[number], objective: number): Rule {
  const limit = Number(((1 - objective) * factor).toPrecision(6));
  return {
    alert: 'OpenClawErrorBudgetBurn',
    expr: `${ratioName(long)} > ${limit} and ${ratioName(short)} > ${limit}`,
    labels: { severity, long, short },
    annotations: {
      summary: `Runs fail ${factor} times as often as ${shownPart(objective)} of them ending well allows.`,
      description: `{{ $value | humanizePercentage }} of the runs of the last ${long} failed, and they still do.`,
    },
  };
}

const HOUSE_RULES: readonly Rule[] = [
  {
    alert: 'OpenClawGone',
    expr: `absent(${METRICS.startTime.name})`,
    for: '1m',
    labels: { severity: 'page' },
    annotations: { summary: 'No house tells its metrics.' },
  },
  {
    alert: 'OpenClawDiskFull',
    expr: `increase(${METRICS.storeFull.name}[5m]) > 0`,
    labels: { severity: 'page' },
    annotations: { summary: 'The disk of a house is full: new runs are refused, those at work wait.' },
  },
  {
    alert: 'OpenClawEventLoopLate',
    expr: `histogram_quantile(0.99, sum by (job, instance, le) (rate(${METRICS.eventLoopDelay.name}_bucket[5m]))) > 0.25`,
    for: '5m',
    labels: { severity: 'ticket' },
    annotations: { summary: 'The process of a house is late by more than 250 ms.' },
  },
  {
    alert: 'OpenClawThreadsLost',
    expr: `sum by (job, code) (increase(${METRICS.threadsReplaced.name}[15m])) > 5`,
    labels: { severity: 'ticket' },
    annotations: { summary: 'Agents take down their threads again and again ({{ $labels.code }}).' },
  },
];

/** As Prometheus writes durations. */
export function durationOf(ms: number): string {
  for (const [unit, size] of UNITS) if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  return `${Math.max(Math.round(ms), 1)}ms`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

function shownThreshold(key: AlertKey, threshold: number): string {
  return key === 'latencyP99' ? `${threshold * 1000} ms` : shownPart(threshold);
}

function shownPart(part: number): string {
  return `${Number((part * 100).toPrecision(6))} %`;
}
