import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { metricTable } from '../src/exported/page.ts';
import { METRICS, type Metric } from '../src/index.ts';

test('the page has the table of the list', () => {
  const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  expect(page, 'run: node --conditions=openclaw-source tools/metrics.ts --write').toContain(metricTable());
});

test('names say what they are of', () => {
  const all = Object.values<Metric>(METRICS);
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  for (const { name, kind, help } of all) {
    expect(name).toMatch(/^openclaw_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(kind === 'counter');
    expect(help).not.toMatch(/[.\n]$/);
  }
  expect(all.slice(0, 4).map(({ name }) => name)).toEqual([
    'openclaw_latency_seconds',
    'openclaw_tokens_per_second',
    'openclaw_thread_pool_active',
    'openclaw_reasoning_level',
  ]);
});
