/** The values of a label: a list, or what a house has of them (`codes`: the error words). */
export type LabelValues = readonly string[] | 'agents' | 'models' | 'codes' | 'alerts';

interface Named {
  /** `openclaw_<noun>_<unit>`, of counters with `_total`. */
  readonly name: string;
  /** One sentence without its full stop. */
  readonly help: string;
  readonly labels?: Readonly<Record<string, LabelValues>>;
}

export interface CounterMetric extends Named {
  readonly kind: 'counter';
}

export interface GaugeMetric extends Named {
  readonly kind: 'gauge';
}

export interface HistogramMetric extends Named {
  readonly kind: 'histogram';
  /** Bounds, ascending. */
  readonly buckets: readonly number[];
}

export type Metric = CounterMetric | GaugeMetric | HistogramMetric;
