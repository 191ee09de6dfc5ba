export {
  ALERT_KEYS,
  ALERTS,
  type AlertKey,
  type AlertOptions,
  type AlertThresholds,
  ERROR_STATUSES,
} from './catalogue/alerts.ts';
export type { CounterMetric, GaugeMetric, HistogramMetric, LabelValues, Metric } from './catalogue/metric.ts';
export { METRICS, type MetricKey } from './catalogue/metrics.ts';
export { dashboard } from './exported/dashboard.ts';
export { EXPOSITION_TYPE } from './exported/exposition.ts';
export { alertTable, metricTable } from './exported/page.ts';
export { type Rule, type RuleFile, type RuleOptions, rulesOf } from './exported/rules.ts';
export type { Glance } from './glance/recent.ts';
export type { AlertState, FiringAlert } from './judge/judge.ts';
export { createMonitor, type HouseReads, type Monitor, type MonitorOptions } from './monitor.ts';
export type { KnownNames } from './series/house-series.ts';
