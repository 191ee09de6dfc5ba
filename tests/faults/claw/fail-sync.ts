import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@openclaw-runtime/kit';
import { fetchJson } from '../../house/http.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { buildShim, type Shim } from '../shim/build.ts';
import { openControl } from '../shim/control.ts';
import { ends, followRun, patientClient, startStage, within } from './stage.ts';

/** `count` servers whose disk refuses a sync under streaming runs: each ends with a word for it, and the next one carries every run to its end. */
export async function failSyncUnderRuns({ seed, count, say }: RowOptions): Promise<RowReport> {
  using shim = buildShim();
  const violations: string[] = [];
  for (let n = 0; n < count; n++) {
    const found = await failOnce(shim, seed + n).catch((error: unknown) => [String(error)]);
    violations.push(...found.map((says) => `server ${n}: ${says}`));
  }
  say(`  ${count} servers, ${violations.length} violations`);
  return { cases: count, violations, figures: {} };
}

async function failOnce(shim: Shim, seed: number): Promise<readonly string[]> {
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1));
  const below = (limit: number): number => Math.floor(random.float() * limit);
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-eio-'));
  using control = openControl(join(dir, 'control'));
  const data = join(dir, 'data');
  const claw = await startStage({ data, shim: { path: shim.path, control } });
  const client = patientClient();
  const found: string[] = [];
  let second = claw;
  try {
    await client.connect(claw.url);
    const runs = Array.from({ length: 4 }, (_, i) => followRun(client, `failing ${seed} ${i}`, 120, 600 + below(1_500)));
    await within(10_000, 'the first text of runs', Promise.all(runs.map(({ begun }) => begun)));
    await sleep(below(200));
    control.order({ syncSkip: below(4), syncMode: below(2) === 0 ? 1 : -1 });
    const acknowledged: string[] = [];
    const ask = async (i: number): Promise<void> => {
      const input = `asked ${seed} ${i}`;
      const headers = { 'idempotency-key': input };
      const json = { input, model: 'simulated?tokens=20&ms=50' };
      const { status, body } = await fetchJson(`${claw.http}/v1/runs`, { method: 'POST', headers, json });
      const { run, error } = body as { readonly run: string; readonly error?: { readonly code: string } };
      if (status === 201) acknowledged.push(run);
      else if (error?.code !== 'STORE_FAILED' && error?.code !== 'SHUTTING_DOWN')
        found.push(`a new run was answered with ${status}: ${JSON.stringify(body)}`);
    };
    // The server may end in the middle of an answer, or before one.
    for (let i = 0; i < 8; i++)
      await within(
        5_000,
        'an answer or the end of the connection',
        ask(i).catch(() => undefined),
      );
    if (control.counted('syncsFailed') === 0) found.push('no sync failed');
    if (!(await ends(claw, 10_000))) found.push('the server went on for 10 s after a failed sync');
    const code = await claw.stop('SIGKILL');
    if (code !== 1) found.push(`the server ended with ${code}: ${claw.complaints()}`);

    control.relent();
    second = await startStage({ data, port: claw.port, shim: { path: shim.path, control } });
    const said = await within(15_000, 'the end of runs at the next server', Promise.all(runs.map(({ end }) => end)));
    found.push(...said.filter((says) => says !== undefined));
    for (const run of acknowledged) {
      const { status } = await fetchJson(`${second.http}/v1/runs/${run}`);
      if (status !== 200) found.push(`run ${run} was acknowledged, and is answered with ${status}`);
    }
  } finally {
    client.close();
    await claw.stop('SIGKILL');
    await second.stop('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
  return found;
}
