// Capacity: runs a second with the simulated model, 20 tokens over a scripted 200 ms, commands on disk, every byte checked.
// node --conditions=openclaw-source bench/capacity.ts [rate …]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoadOptions, LoadReport } from './load.ts';
import { startServer } from './server.ts';

const rates = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'openclaw-capacity-'));
try {
  await using server = await startServer(folder);
  await load({ rate: 1_000, seconds: 3, name: 'warm' }, server.url);
  for (const rate of rates.length > 0 ? rates : [10_000]) {
    const cpu = server.cpuSeconds();
    const report = await load({ rate, seconds: 10, name: `at${rate}` }, server.url);
    const used = server.cpuSeconds() - cpu;
    const tokens = report.finished * 20;
    process.stdout.write(
      `${JSON.stringify({
        ...report,
        serverCpuSeconds: round(used),
        cpuMicrosPerRun: round((used / report.finished) * 1e6),
        cpuMicrosPerToken: round((used / tokens) * 1e6),
        rssMiB: round(server.rssBytes() / 2 ** 20),
      })}\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function load(part: Pick<LoadOptions, 'rate' | 'seconds' | 'name'>, url: string): Promise<LoadReport> {
  const options: LoadOptions = { ...part, url, connections: 64, tokens: 20, scriptMs: 200 };
  const child = spawn(process.execPath, ['--conditions=openclaw-source', join(import.meta.dirname, 'load.ts'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (part: Buffer) => {
      text += part;
    });
    child.once('exit', (code) => (code === 0 ? resolve(JSON.parse(text) as LoadReport) : reject(new Error(`the load ended with ${code}`))));
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
