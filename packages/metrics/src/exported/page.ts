import { ALERT_KEYS, ALERTS } from '../catalogue/alerts.ts';
import type { LabelValues, Metric } from '../catalogue/metric.ts';
import { METRICS } from '../catalogue/metrics.ts';

/** The table of all metrics, in Markdown. */
export function metricTable(): string {
  const rows = Object.values<Metric>(METRICS).map((metric) => {
    const labels = Object.entries<LabelValues>(metric.labels ?? {}).map(([name, values]) => `\`${name}\` (${valuesShown(values)})`);
    return `| \`${metric.name}\` | ${metric.kind} | ${labels.join(', ')} | ${metric.help} |`;
  });
  return ['| metric | kind | labels | what it says |', '|---|---|---|---|', ...rows].join('\n');
}

/** The alerts that have thresholds, in Markdown. */
export function alertTable(): string {
  const rows = ALERT_KEYS.map((key) => `| \`${key}\` | \`${ALERTS[key].name}\` | ${ALERTS[key].says} |`);
  return ['| threshold | alert | it fires when |', '|---|---|---|', ...rows].join('\n');
}

function valuesShown(values: LabelValues): string {
  if (typeof values !== 'string') return values.join(', ');
  return {
    agents: 'those of the configuration',
    models: 'those of the configuration',
    codes: 'the error words of PROTOCOL.md §8',
    alerts: ALERT_KEYS.join(', '),
  }[values];
}
