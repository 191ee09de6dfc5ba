// Capacity: runs a second with the simulated model, 20 tokens over a scripted 200 ms, commands on disk, every byte checked.
// node --conditions=openclaw-source bench/capacity.ts [--threads] [rate …]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadOptions, LoadReport } from './load.ts';
import { round } from './percentile.ts';
import { startServer } from './server.ts';

export interface CapacityReport extends LoadReport {
  readonly serverCpuSeconds: number;
  readonly cpuMicrosPerRun: number;
  readonly cpuMicrosPerToken: number;
  readonly rssMiB: number;
}

const TOKENS = 20;
const CONNECTIONS = 32;

/** One server, then each rate for ten seconds. `onThreads`: each run is an operation of an agent with code. */
export async function measureCapacity(rates: readonly number[], onThreads = false, seconds = 10): Promise<CapacityReport[]> {
  const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'openclaw-capacity-'));
  try {
    await using server = await startServer(join(folder, 'data'), ['--config', configFor(onThreads, folder)]);
    // In the first seconds of a load the server still compiles its code and grows its heap: what is measured is one that has been at work.
    await load({ rate: 2_000, seconds: 4, name: 'warm', onThreads }, server.url);
    await load({ rate: Math.round((rates[0] ?? 0) * 0.75), seconds: 4, name: 'busy', onThreads }, server.url);
    const reports: CapacityReport[] = [];
    for (const rate of rates) {
      const before = server.cpuSeconds();
      const report = await load({ rate, seconds, name: `at${rate}`, onThreads }, server.url);
      const used = server.cpuSeconds() - before;
      reports.push({
        ...report,
        serverCpuSeconds: round(used),
        cpuMicrosPerRun: round((used / report.finished) * 1e6),
        cpuMicrosPerToken: round((used / report.finished / TOKENS) * 1e6),
        rssMiB: round(server.rssBytes() / 2 ** 20),
      });
    }
    return reports;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What cannot be begun soon waits here, where the house would refuse it: refusals would look like speed. */
function configFor(onThreads: boolean, folder: string): string {
  const path = join(folder, 'openclaw.yaml');
  const speaker = { module: fileURLToPath(new URL('./speaker.ts', import.meta.url)) };
  writeFileSync(path, JSON.stringify({ limits: { maxWait: '60s' }, ...(onThreads && { agents: { speaker } }) }));
  return path;
}

/** Resident memory of a server that has done nothing, and of one that has done 10,000 runs and rested. */
export async function measureMemory(): Promise<{ readonly idleMiB: number; readonly after10000RunsMiB: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-memory-'));
  try {
    await using server = await startServer(folder);
    const idleMiB = round(server.rssBytes() / 2 ** 20);
    await load({ rate: 1_000, seconds: 10, name: 'memory' }, server.url);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    return { idleMiB, after10000RunsMiB: round(server.rssBytes() / 2 ** 20) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the load in a process of its own, so that its CPU is not the server's. */
export function load(part: Pick<LoadOptions, 'rate' | 'seconds' | 'name' | 'onThreads'>, url: string): Promise<LoadReport> {
  const options: LoadOptions = { ...part, url, connections: CONNECTIONS, tokens: TOKENS, scriptMs: 200 };
  const child = spawn(process.execPath, ['--conditions=openclaw-source', join(import.meta.dirname, 'load.ts'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    child.once('exit', (code) => (code === 0 ? resolve(JSON.parse(text) as LoadReport) : reject(new Error(`the load ended with ${code}`))));
  });
}

if (import.meta.main) {
  const rates = process.argv
    .slice(2)
    .filter((arg) => arg !== '--threads')
    .map(Number);
  for (const report of await measureCapacity(rates.length > 0 ? rates : [10_000], process.argv.includes('--threads')))
    process.stdout.write(`${JSON.stringify(report)}\n`);
}
