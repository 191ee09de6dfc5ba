import { expect, test } from 'vitest';
import { exposition } from '../src/exported/exposition.ts';
import { createSeries } from '../src/series/house-series.ts';

const known = { agents: ['default', 'a "quoted"\\name'], models: ['m'], codes: ['AGENT_HUNG'] };

function linesOf(text: string, name: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(name));
}

test('all series are there from the start, but not other', () => {
  const text = exposition(createSeries(known));
  expect(linesOf(text, 'openclaw_retries_total')).toEqual(['openclaw_retries_total{model="m"} 0']);
  expect(linesOf(text, 'openclaw_runs_started_total')).toEqual([
    'openclaw_runs_started_total{agent="default"} 0',
    'openclaw_runs_started_total{agent="a \\"quoted\\"\\\\name"} 0',
  ]);
});

test('what is not known is other', () => {
  const series = createSeries(known);
  series.runs.add(series.runs.at('made up', 'completed'));
  series.runs.add(series.runs.at('another', 'completed'), 2);
  series.threadsReplaced.add(series.threadsReplaced.at('AGENT_HUNG'));
  const text = exposition(series);
  expect(text).toContain('openclaw_runs_total{agent="other",status="completed"} 3\n');
  expect(text).toContain('openclaw_threads_replaced_total{code="AGENT_HUNG"} 1\n');
  expect(text).not.toContain('made up');
});

test('buckets add up, and a bound is in its bucket', () => {
  const series = createSeries(known, [0.42]);
  for (const seconds of [0.005, 0.42, 0.43, 100]) series.latency.observe(seconds, series.latency.at('default'));
  const lines = linesOf(exposition(series), 'openclaw_latency_seconds').filter((line) => line.includes('agent="default"'));
  const at = (le: string): number =>
    Number(
      lines
        .find((line) => line.includes(`le="${le}"`))
        ?.split(' ')
        .at(-1),
    );
  expect([at('0.005'), at('0.3'), at('0.42'), at('0.5'), at('60'), at('+Inf')]).toEqual([1, 1, 2, 3, 3, 4]);
  expect(lines.at(-1)).toBe('openclaw_latency_seconds_count{agent="default"} 4');
  expect(lines.at(-2)).toBe('openclaw_latency_seconds_sum{agent="default"} 100.855');
});
