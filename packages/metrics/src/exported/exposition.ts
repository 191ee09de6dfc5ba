import type { Metric } from '../catalogue/metric.ts';
import { METRICS } from '../catalogue/metrics.ts';
import { Histogram } from '../series/histogram.ts';
import type { HouseSeries } from '../series/house-series.ts';
import { type Label, OTHER, sizeOf, valuesAt } from '../series/labels.ts';
import type { Numbers } from '../series/numbers.ts';

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** All series of a metric are there from the start, so that the first event of a kind is not lost; where that would be more lines than this, those that were touched. */
const LINES_FROM_THE_START = 1_000;

/** All metrics in Prometheus's text format. */
export function exposition(series: HouseSeries): string {
  return Object.entries<Metric>(METRICS)
    .map(([key, metric]) => {
      const { name, kind, help } = metric;
      const own = series[key as keyof HouseSeries];
      const lines = own instanceof Histogram ? histogramLines(name, own) : numberLines(name, own);
      return `# HELP ${name} ${escape(help)}.\n# TYPE ${name} ${kind}\n${lines}`;
    })
    .join('');
}

function numberLines(name: string, { labels, values }: Numbers): string {
  const shown = shownPlaces(labels, 1, (place) => values[place] !== 0);
  return shown.map((place) => `${name}${braces(pairs(labels, place))} ${values[place]}\n`).join('');
}

function histogramLines(name: string, { labels, bounds, counts, sums }: Histogram): string {
  const width = bounds.length + 1;
  const isTouched = (place: number): boolean => counts.subarray(place * width, (place + 1) * width).some((count) => count > 0);
  return shownPlaces(labels, width, isTouched)
    .map((place) => {
      const own = pairs(labels, place);
      let count = 0;
      let lines = '';
      for (let at = 0; at < width; at++) {
        count += counts[place * width + at] as number;
        lines += `${name}_bucket${braces([...own, `le="${at < bounds.length ? bounds[at] : '+Inf'}"`])} ${count}\n`;
      }
      return `${lines}${name}_sum${braces(own)} ${sums[place]}\n${name}_count${braces(own)} ${count}\n`;
    })
    .join('');
}

function shownPlaces(labels: readonly Label[], lines: number, isTouched: (place: number) => boolean): readonly number[] {
  const size = sizeOf(labels);
  const places = Array.from({ length: size }, (_, place) => place);
  return places.filter((place) => isTouched(place) || (size * lines <= LINES_FROM_THE_START && !valuesAt(labels, place).includes(OTHER)));
}

function pairs(labels: readonly Label[], place: number): readonly string[] {
  const values = valuesAt(labels, place);
  return labels.map(({ name }, at) => `${name}="${escape(values[at] as string).replaceAll('"', '\\"')}"`);
}

function braces(inside: readonly string[]): string {
  return inside.length === 0 ? '' : `{${inside.join(',')}}`;
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
