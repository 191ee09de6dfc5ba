// Every figure of the README, with its raw output in bench/results: npm run bench [-- response|capacity|capacity-threads|memory|first-token|flatness|compaction|threads|parking …] [--json]
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { measureCapacity, measureMemory } from './capacity.ts';
import { measureCompaction } from './compaction.ts';
import { measureFirstToken } from './first-token.ts';
import { measureFlatness } from './flatness.ts';
import { measureParking } from './parking.ts';
import { measureResponse } from './response.ts';
import { measureThreads } from './threads.ts';

const MEASURES: Readonly<Record<string, () => Promise<unknown>>> = {
  response: measureResponse,
  'first-token': measureFirstToken,
  memory: measureMemory,
  flatness: measureFlatness,
  compaction: measureCompaction,
  capacity: () => measureCapacity([5_000, 10_000, 12_000]),
  'capacity-threads': () => measureCapacity([5_000, 8_000, 10_000], true),
  threads: measureThreads,
  parking: () => measureParking(),
};

const asked = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const json = process.argv.includes('--json');
const unknown = asked.filter((name) => !(name in MEASURES));
if (unknown.length > 0) {
  process.stderr.write(`bench: there is no measure ${unknown.join(', ')}. Known: ${Object.keys(MEASURES).join(', ')}.\n`);
  process.exit(1);
}

const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model, memoryGiB: Math.round(totalmem() / 2 ** 30) };
const folder = new URL('./results/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const name of asked.length > 0 ? asked : Object.keys(MEASURES)) {
  if (!json) process.stderr.write(`bench: ${name} …\n`);
  const result = await MEASURES[name]?.();
  const report = { name, machine, result };
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(report, undefined, 2)}\n`);
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${name}\n${JSON.stringify(result, undefined, 2)}\n`);
}
