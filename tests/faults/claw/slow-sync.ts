import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@openclaw-runtime/kit';
import { fetchJson } from '../../house/http.ts';
import { percentile } from '../crowd/neighbour.ts';
import { watchStretch } from '../crowd/stretch.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { buildShim } from '../shim/build.ts';
import { openControl } from '../shim/control.ts';
import { followRun, patientClient, startStage, within } from './stage.ts';

const RUNS = 8;
const PEACE_MS = 500;
const GROWTH_BYTES = 150 * 1024 * 1024;

/** `count` times a disk whose syncs take 5 to 500 ms: runs end, requests are answered, what needs no disk stays quick, and memory stays bounded. */
export async function slowSyncs({ seed, count, say }: RowOptions): Promise<RowReport> {
  using shim = buildShim();
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random.float() * limit);
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-slow-'));
  using control = openControl(join(dir, 'control'));
  await using claw = await startStage({ data: join(dir, 'data'), shim: { path: shim.path, control } });
  const client = patientClient();
  const violations: string[] = [];
  const quick: number[] = [];
  const creations: number[] = [];
  try {
    await client.connect(claw.url);
    const early = followRun(client, 'early', 40, 50);
    await early.end;
    const rssBefore = claw.rssBytes();
    const stretch = watchStretch(claw.pid);
    for (let n = 0; n < count; n++) {
      const blame = (says: string): void => void violations.push(`case ${n}: ${says}`);
      const least = 5 + below(250);
      control.order({ syncMinMs: least, syncMaxMs: least + below(500 - least) });
      const ended = new AbortController();
      const pacing = watchPace(claw.http, early.run.id ?? '', ended.signal, quick);
      const began = performance.now();
      const runs = Array.from({ length: RUNS }, (_, i) => followRun(client, `slow ${n} ${i}`, 100, 500 + below(1_500)));
      await within(20_000, 'starting runs', Promise.all(runs.map(({ run }) => run.started))).catch((error: unknown) =>
        blame(String(error)),
      );
      creations.push(performance.now() - began);
      const said = await within(30_000, 'the end of runs', Promise.all(runs.map(({ end }) => end))).catch((error: unknown) => [
        String(error),
      ]);
      for (const says of said) if (says !== undefined) blame(says);
      ended.abort();
      for (const says of await pacing) blame(says);
      control.relent();
      if (claw.rssBytes() - rssBefore > GROWTH_BYTES) blame(`the server grew by ${Math.round((claw.rssBytes() - rssBefore) / 1e6)} MB`);
    }
    const p99 = percentile(quick, 0.99);
    if (p99 > PEACE_MS * stretch()) violations.push(`requests that need no disk took ${Math.round(p99)} ms (P99 of ${quick.length})`);
    if (claw.complaints() !== '') violations.push(`the server complained: ${claw.complaints()}`);
    say(`  ${count} cases, ${violations.length} violations`);
    const figures = {
      'P99 without the disk, ms': Math.round(p99),
      'slowest start of 8 runs, ms': Math.round(Math.max(...creations)),
      'growth, MB': Math.round((claw.rssBytes() - rssBefore) / 1e6),
    };
    return { cases: count, violations, figures };
  } finally {
    client.close();
    await claw.stop('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Asks for health and for an ended run that is in memory, again and again. */
async function watchPace(http: string, run: string, signal: AbortSignal, tookMs: number[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (let i = 0; !signal.aborted; i++) {
    const began = performance.now();
    const { status } = await fetchJson(i % 2 === 0 ? `${http}/healthz` : `${http}/v1/runs/${run}`);
    tookMs.push(performance.now() - began);
    if (status !== 200) found.push(`a neighbour was answered with ${status}`);
    await sleep(25);
  }
  return found;
}
