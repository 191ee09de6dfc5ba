import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { followRun, patientClient, startStage, within } from '../claw/stage.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import type { CrowdSays } from './crowd-main.ts';
import { settled } from './feed-slow.ts';
import { percentile, startNeighbours } from './neighbour.ts';
import { watchStretch } from './stretch.ts';

const MAIN = fileURLToPath(new URL('./crowd-main.ts', import.meta.url));
const RUNS = 20;
const RUN_MS = 20_000;
const PEACE_MS = 500;
/** From the drop until everyone is attached again, on a machine that does nothing else. */
const BACK_MS = 5_000;
const MEGABYTE = 1024 * 1024;
/** What a connection and its handshake may cost for a while. */
const PER_CLIENT_BYTES = 100 * 1024;

/** `count` clients that watch streaming runs lose their connections at one moment, and all come back at once. */
export async function dropTogether({ seed, count, say }: RowOptions): Promise<RowReport> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-storm-'));
  await using claw = await startStage({ data: join(dir, 'data') });
  const violations: string[] = [];
  const client = patientClient();
  await client.connect(claw.url);
  const runs = Array.from({ length: RUNS }, (_, i) => followRun(client, `storm ${seed} ${i}`, 60, RUN_MS));
  const ids = await Promise.all(runs.map(({ run }) => run.started));
  const flags = ['--url', claw.url, '--runs', ids.join(','), '--count', String(count)];
  const crowd = fork(MAIN, flags, { execArgv: ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'] });
  const hear = <T extends CrowdSays['t']>(t: T): Promise<Extract<CrowdSays, { t: T }>> =>
    new Promise((resolve) => {
      crowd.on('message', (said: CrowdSays) => {
        if (said.t === t) resolve(said as Extract<CrowdSays, { t: T }>);
      });
    });
  const [attached, back, done] = [hear('attached'), hear('back'), hear('done')];
  try {
    await within(15_000, 'gathering', attached);
    await sleep(500);
    const before = claw.rssBytes();
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, claw.rssBytes());
    }, 50);
    const neighbours = await startNeighbours(claw.url);
    const stretch = watchStretch(claw.pid);
    crowd.send('drop');
    const { ms: backMs } = await within(RUN_MS, 'coming back', back);
    await sleep(300);
    clearInterval(watch);
    const { tookMs, failed } = await neighbours.stop();
    const p99 = percentile(tookMs, 0.99);
    const shared = stretch();
    if (p99 > PEACE_MS * shared)
      violations.push(
        `neighbours waited ${Math.round(p99)} ms (P99 of ${tookMs.length}), and the machine was shared ${shared.toFixed(1)} times`,
      );
    if (backMs > BACK_MS * shared)
      violations.push(`${Math.round(backMs)} ms passed until all were back, and the machine was shared ${shared.toFixed(1)} times`);
    if (failed > 0) violations.push(`${failed} of ${tookMs.length} runs of neighbours failed`);
    if (peak - before > count * PER_CLIENT_BYTES) violations.push(`the server grew by ${mb(peak - before)} MB`);

    const { texts, faults, connects } = await within(RUN_MS + 10_000, 'the end of the runs', done);
    violations.push(...faults);
    for (const { run, expected, prompt } of runs) {
      const seen = texts[run.id ?? ''] ?? [];
      if (seen.length !== 1 || seen[0] !== expected) violations.push(`${prompt}: ${seen.length} texts were seen, or another one`);
    }
    const after = await settled(() => claw.rssBytes(), before);
    if (after > before + count * PER_CLIENT_BYTES) violations.push(`the server kept ${mb(after - before)} MB`);
    if (claw.complaints() !== '') violations.push(`the server complained: ${claw.complaints()}`);
    const figures = {
      'all back, ms': Math.round(backMs),
      connects,
      'neighbours P99, ms': Math.round(p99),
      'machine shared, times': shared.toFixed(1),
      'before, MB': mb(before),
      'peak, MB': mb(peak),
      'after, MB': mb(after),
    };
    say(`  ${JSON.stringify(figures)}`);
    return { cases: count, violations, figures };
  } finally {
    client.close();
    crowd.kill('SIGKILL');
    await claw.stop('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

function mb(bytes: number): number {
  return Math.round(bytes / MEGABYTE);
}
