import { ALERT_KEYS } from '../catalogue/alerts.ts';
import type { LabelValues, Metric } from '../catalogue/metric.ts';
import { METRICS, type MetricKey } from '../catalogue/metrics.ts';
import { Histogram } from './histogram.ts';
import { createLabel, type Label } from './labels.ts';
import { Numbers } from './numbers.ts';

/** The names that a house has; what is not among them is `other`. */
export interface KnownNames {
  readonly agents: readonly string[];
  readonly models: readonly string[];
  /** Error words. */
  readonly codes: readonly string[];
}

/** What is measured, by the keys of {@link METRICS}. */
export type HouseSeries = {
  readonly [K in MetricKey]: (typeof METRICS)[K]['kind'] extends 'histogram' ? Histogram : Numbers;
};

/** `latencyBounds`: more bounds for the latency, at which questions are answered exactly. */
export function createSeries(known: KnownNames, latencyBounds: readonly number[] = []): HouseSeries {
  const lists = { ...known, alerts: ALERT_KEYS };
  const labelsOf = (metric: Metric): readonly Label[] =>
    Object.entries<LabelValues>(metric.labels ?? {}).map(([name, values]) =>
      createLabel(name, typeof values === 'string' ? lists[values] : values),
    );
  const seriesOf = (key: string, metric: Metric): Histogram | Numbers => {
    if (metric.kind !== 'histogram') return new Numbers(labelsOf(metric));
    return new Histogram(labelsOf(metric), key === 'latency' ? [...metric.buckets, ...latencyBounds] : metric.buckets);
  };
  return Object.fromEntries(Object.entries<Metric>(METRICS).map(([key, metric]) => [key, seriesOf(key, metric)])) as unknown as HouseSeries;
}
