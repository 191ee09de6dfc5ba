// The tables of docs/metrics.md, written from the list of metrics in `packages/metrics/src/catalogue`.
//   node --conditions=openclaw-source tools/metrics.ts [--write]
import { readFileSync, writeFileSync } from 'node:fs';
import { alertTable, metricTable } from '@openclaw-runtime/metrics';

const TABLES = { metrics: metricTable, alerts: alertTable } as const;

/** The document with its tables replaced. Throws when markers are missing. */
export function withTables(document: string): string {
  return Object.entries(TABLES).reduce((text, [name, table]) => {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`The document needs ${begin} and ${end} around its table.`);
    return `${text.slice(0, from + begin.length)}\n${table()}\n${text.slice(to)}`;
  }, document);
}

if (import.meta.main) {
  const file = new URL('../docs/metrics.md', import.meta.url);
  const before = readFileSync(file, 'utf8');
  const after = withTables(before);
  if (process.argv.includes('--write')) writeFileSync(file, after);
  else if (before !== after) {
    console.error('docs/metrics.md differs from the list of metrics. Run: node --conditions=openclaw-source tools/metrics.ts --write');
    process.exitCode = 1;
  }
}
