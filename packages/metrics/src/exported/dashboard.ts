import type { Metric } from '../catalogue/metric.ts';
import { METRICS, type MetricKey } from '../catalogue/metrics.ts';

/** What a panel shows of a metric: `quantiles` and `shares` of a histogram, the `rate` of a counter, the `value` of a gauge. */
interface Shown {
  readonly metric: MetricKey;
  readonly as: 'quantiles' | 'shares' | 'rate' | 'value';
  /** A label that keeps series apart. */
  readonly by?: string;
  /** In place of the label's value. */
  readonly legend?: string;
}

interface Panel {
  readonly title: string;
  readonly unit: 's' | 'short' | 'bytes' | 'currencyUSD' | 'cps';
  readonly shows: readonly Shown[];
}

/** One screen, four in a row; the four names that people know come first. */
const PANELS: readonly Panel[] = [
  { title: 'Latency', unit: 's', shows: [{ metric: 'latency', as: 'quantiles' }] },
  { title: 'Tokens per second', unit: 'short', shows: [{ metric: 'tokensPerSecond', as: 'value', by: 'model' }] },
  {
    title: 'Threads',
    unit: 'short',
    shows: [
      { metric: 'threadsActive', as: 'value', legend: 'active' },
      { metric: 'threads', as: 'value', legend: 'there' },
      { metric: 'threadsMax', as: 'value', legend: 'most' },
      { metric: 'threadsReplaced', as: 'rate', legend: 'replaced per second' },
    ],
  },
  { title: 'Reasoning levels', unit: 'cps', shows: [{ metric: 'reasoningLevel', as: 'shares' }] },
  { title: 'Runs that ended', unit: 'cps', shows: [{ metric: 'runs', as: 'rate', by: 'status' }] },
  {
    title: 'Runs at work',
    unit: 'short',
    shows: [
      { metric: 'runsActive', as: 'value', legend: 'at work' },
      { metric: 'runsParked', as: 'value', legend: 'parked' },
      { metric: 'connections', as: 'value', legend: 'connections' },
    ],
  },
  { title: 'First token', unit: 's', shows: [{ metric: 'firstToken', as: 'quantiles' }] },
  { title: 'Gaps between tokens', unit: 's', shows: [{ metric: 'tokenGap', as: 'quantiles' }] },
  { title: 'Tokens', unit: 'cps', shows: [{ metric: 'tokens', as: 'rate', by: 'kind' }] },
  { title: 'Money per second', unit: 'currencyUSD', shows: [{ metric: 'cost', as: 'rate', by: 'model' }] },
  {
    title: 'Recovery',
    unit: 'cps',
    shows: [
      { metric: 'retries', as: 'rate', legend: 'retries' },
      { metric: 'resumes', as: 'rate', legend: 'resumed steps' },
      { metric: 'supersedes', as: 'rate', legend: 'superseded answers' },
      { metric: 'runsTakenUp', as: 'rate', legend: 'runs taken up again' },
      { metric: 'budgetRefusals', as: 'rate', legend: 'paused by a budget' },
    ],
  },
  {
    title: 'Tools',
    unit: 's',
    shows: [
      { metric: 'toolSeconds', as: 'quantiles' },
      { metric: 'toolCalls', as: 'rate', by: 'outcome' },
    ],
  },
  {
    title: 'Queue and commits',
    unit: 's',
    shows: [
      { metric: 'queueWait', as: 'quantiles', legend: 'queue' },
      { metric: 'commitSeconds', as: 'quantiles', legend: 'commit' },
      { metric: 'snapshotSeconds', as: 'quantiles', legend: 'snapshot' },
    ],
  },
  {
    title: 'Written',
    unit: 'bytes',
    shows: [
      { metric: 'commitBytes', as: 'quantiles', legend: 'commit' },
      { metric: 'snapshotBytes', as: 'quantiles', legend: 'snapshot' },
    ],
  },
  {
    title: 'Process',
    unit: 'bytes',
    shows: [{ metric: 'memory', as: 'value', by: 'part' }],
  },
  {
    title: 'Health',
    unit: 'short',
    shows: [
      { metric: 'alerts', as: 'value', by: 'alert' },
      { metric: 'tier', as: 'value', legend: 'tier' },
      { metric: 'eventLoopDelay', as: 'quantiles', legend: 'event loop, s' },
    ],
  },
];

export interface Query {
  readonly expr: string;
  readonly legendFormat: string;
}

const COLUMNS = 4;
const WIDTH = 24 / COLUMNS;
const HEIGHT = 6;

/** A dashboard of one screen that Grafana imports; it asks for the Prometheus to read from. */
export function dashboard(): object {
  return {
    title: 'OpenClaw Runtime',
    uid: 'openclaw-runtime',
    tags: ['openclaw'],
    schemaVersion: 39,
    editable: true,
    refresh: '10s',
    time: { from: 'now-30m', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' },
        {
          name: 'job',
          type: 'query',
          label: 'Job',
          datasource: SOURCE,
          query: `label_values(${METRICS.startTime.name}, job)`,
          includeAll: true,
          multi: true,
          allValue: '.*',
          current: { text: 'All', value: '$__all' },
          refresh: 2,
        },
      ],
    },
    panels: PANELS.map(({ title, unit, shows }, at) => ({
      id: at + 1,
      title,
      type: 'timeseries',
      description: shows.map(({ metric }) => `${METRICS[metric].name}: ${METRICS[metric].help}.`).join('\n\n'),
      datasource: SOURCE,
      gridPos: { h: HEIGHT, w: WIDTH, x: (at % COLUMNS) * WIDTH, y: Math.floor(at / COLUMNS) * HEIGHT },
      fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 8, showPoints: 'never' } }, overrides: [] },
      options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
      targets: shows.flatMap(queriesOf).map((query, index) => ({ refId: String.fromCharCode(65 + index), datasource: SOURCE, ...query })),
    })),
  };
}

const SOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Grafana puts in its own variables. */
function queriesOf({ metric, as, by, legend }: Shown): readonly Query[] {
  const { name, kind }: Metric = METRICS[metric];
  const series = (suffix = '', labels = ''): string => `${name}${suffix}{job=~"$job"${labels}}`;
  const rate = (selected: string): string => `rate(${selected}[$__rate_interval])`;
  const legendFormat = legend ?? (by === undefined ? name : `{{${by}}}`);
  const grouped = by === undefined ? 'sum' : `sum by (${by})`;
  const needs = { quantiles: 'histogram', shares: 'histogram', rate: 'counter', value: 'gauge' } as const;
  if (needs[as] !== kind) throw new TypeError(`${name} is a ${kind} and has no ${as}`);
  if (as === 'rate') return [{ expr: `${grouped} (${rate(series())})`, legendFormat }];
  if (as === 'value') return [{ expr: `${grouped} (${series()})`, legendFormat }];
  if (as === 'quantiles')
    return [0.5, 0.99].map((q) => ({
      expr: `histogram_quantile(${q}, sum by (le) (${rate(series('_bucket'))}))`,
      legendFormat: `${legend === undefined ? '' : `${legend} `}P${q * 100}`,
    }));
  return [1, 2, 3, 4].map((level) => ({
    expr:
      level === 1
        ? `sum (${rate(series('_bucket', ',le="1"'))})`
        : `sum (${rate(series('_bucket', `,le="${level}"`))}) - sum (${rate(series('_bucket', `,le="${level - 1}"`))})`,
    legendFormat: `level ${level}`,
  }));
}
