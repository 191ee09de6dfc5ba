import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenClawClient } from '@openclaw-runtime/client';
import { seededRandom } from '@openclaw-runtime/kit';
import type { Claw } from '../../house/claw.ts';
import { fetchJson } from '../../house/http.ts';
import { followRun, patientClient, startStage, within } from '../claw/stage.ts';
import { openViewer } from '../crowd/viewer.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { type KeyHolder, LONG, startKeyHolder } from './key-holder.ts';
import { badConfig, goodConfig, type Scene } from './writings.ts';

const STREAMS = 6;
const VIEWERS = 3;
const TOKENS = 40;
const BRIEF = '?tokens=3&ms=10';

interface Read {
  readonly outcome: 'applied' | 'refused';
  readonly at: string;
  readonly applied: readonly string[];
  readonly waiting: readonly string[];
  readonly problem?: string;
}

/**
 * `count` times somebody writes another configuration, a wrong one, another secret, or several at once, and sends SIGHUP, while streams run and are watched: nothing
 * of them is lost or doubled, what is right holds from then on, what is wrong changes nothing, and what needs a restart is said.
 */
export async function reloadOften({ seed, count, say }: RowOptions): Promise<RowReport> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-reload-'));
  const keyFile = join(dir, 'key');
  writeFileSync(keyFile, 'key number 0');
  await using holder = await startKeyHolder('key number 0');
  const random = seededRandom(seed);
  const chance = (limit: number): number => Math.floor(random.float() * limit);
  const sceneOf = (n: number): Scene => ({ n, keyed: holder.url, keyFile, chance });
  await using claw = await startStage({ data: join(dir, 'data'), config: goodConfig(sceneOf(0)) });
  const client = patientClient();
  const violations: string[] = [];
  const reads = { applied: 0, refused: 0 };
  const kinds: Record<string, number> = {};
  try {
    await client.connect(claw.url);
    const stage: Stage = { claw, client, holder, file: join(dir, 'openclaw.yaml'), keyFile, reads, model: 'model0' };
    for (let n = 1; n <= count; n++) {
      const blame = (says: string): void => void violations.push(`case ${n}: ${says}`);
      const act = ACTS[(seed + n) % ACTS.length] as Act;
      kinds[act.name] = (kinds[act.name] ?? 0) + 1;
      await underStreams(stage, n, chance, blame, () => act(stage, sceneOf(n), blame)).catch((error: unknown) => blame(String(error)));
    }
    const foreign = claw.complaints().replaceAll(/^(claw: the configuration was read again|\d+ problems| {2}).*\n/gm, '');
    if (foreign !== '') violations.push(`the server complained: ${foreign}`);
    for (const [outcome, times] of Object.entries(reads)) {
      const counted = await metric(claw, `openclaw_config_reloads_total{outcome="${outcome}"}`);
      if (counted !== times) violations.push(`${times} were ${outcome}, and ${counted} counted`);
    }
    if (holder.refused > 0) violations.push(`the provider refused ${holder.refused} keys`);
    say(`  ${count} cases, ${violations.length} violations`);
    return { cases: count, violations, figures: { ...reads, ...kinds } };
  } finally {
    client.close();
    await claw.stop('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Stage {
  readonly claw: Claw;
  readonly client: OpenClawClient;
  readonly holder: KeyHolder;
  readonly file: string;
  readonly keyFile: string;
  readonly reads: { applied: number; refused: number };
  /** One that only the configuration of now has. */
  model: string;
}

type Blame = (says: string) => void;
type Act = (stage: Stage, scene: Scene, blame: Blame) => Promise<void>;

/** Acts while streams run: some of a model that may be gone by then, some watched from beside. */
async function underStreams(stage: Stage, n: number, chance: Scene['chance'], blame: Blame, act: () => Promise<void>): Promise<void> {
  const { client, claw } = stage;
  const streams = Array.from({ length: STREAMS }, (_, i) => followRun(client, `stream ${n} ${i}`, TOKENS, 300 + chance(300)));
  const gone = client.run({ input: `stream ${n}`, model: `${stage.model}?tokens=${TOKENS}&ms=700`, tokenInterval: 0 });
  const long = `long ${n}`;
  const overHttp = client.run({ input: long, model: 'keyed', tokenInterval: 0 });
  await within(10_000, 'streams began', Promise.all(streams.map(({ begun }) => begun)));
  const viewers = streams.slice(0, VIEWERS).map(({ run, expected }) => ({ expected, viewer: openViewer(claw.url, run.id ?? '') }));
  await act();
  const ends = await within(20_000, 'the streams', Promise.all(streams.map(({ end }) => end)));
  for (const wrong of ends) if (wrong !== undefined) blame(wrong);
  await within(10_000, 'the viewers', Promise.all(viewers.map(({ viewer }) => viewer.done)));
  for (const { viewer, expected } of viewers) {
    for (const fault of viewer.faults) blame(`a viewer: ${fault}`);
    if (viewer.text() !== expected) blame(`a viewer read ${JSON.stringify(viewer.text().slice(0, 80))}`);
    if (viewer.connects() !== 1) blame(`a viewer had to connect ${viewer.connects()} times`);
  }
  const { status: how, text } = await within(10_000, 'the stream of a provider', overHttp.result());
  if (how !== 'completed' || text !== LONG.join('')) blame(`a provider’s stream ended as ${how}: ${JSON.stringify(text.slice(-40))}`);
  if (stage.holder.asked(long) !== 1) blame(`a provider was asked ${stage.holder.asked(long)} times for one stream`);
  const { status } = await within(10_000, 'the stream of a model that may be gone', gone.result());
  if (status !== 'completed') blame(`a stream whose model went away ended as ${status}`);
}

async function good(stage: Stage, scene: Scene, blame: Blame): Promise<void> {
  const read = await readAgain(stage, JSON.stringify(goodConfig(scene)));
  if (read.outcome !== 'applied') return blame(`a good one was refused: ${read.problem}`);
  if (!read.applied.includes(`models.model${scene.n}`) || read.waiting.length > 0)
    blame(`it says ${JSON.stringify([read.applied, read.waiting])}`);
  await holds(stage, scene.n, blame);
}

/** The model, the agent and the origin of configuration `n` are there, and those of the one before it are not. */
async function holds(stage: Stage, n: number, blame: Blame): Promise<void> {
  const { client, claw } = stage;
  const before = stage.model;
  stage.model = `model${n}`;
  const run = await client.run({ input: 'x', agent: `agent${n}`, model: `${stage.model}${BRIEF}` }).result();
  if (run.status !== 'completed') blame(`${stage.model} does not answer: ${JSON.stringify(run.error)}`);
  if (before !== stage.model) {
    const { error } = await client.run({ input: 'x', model: `${before}${BRIEF}` }).result();
    if (error?.code !== 'NOT_FOUND') blame(`${before} is still there: ${JSON.stringify(error)}`);
  }
  const { status } = await fetchJson(`${claw.http}/v1/runs`, { headers: { origin: `https://page${n}.example` } });
  if (status !== 200) blame(`the page of ${n} is not let in: ${status}`);
}

async function bad(stage: Stage, scene: Scene, blame: Blame): Promise<void> {
  const { what, text, says } = badConfig(scene);
  const read = await readAgain(stage, text);
  if (read.outcome !== 'refused' || !says.test(read.problem ?? '')) blame(`${what}: ${JSON.stringify(read)}`);
  const { status } = await stage.client.run({ input: 'x', model: `${stage.model}${BRIEF}` }).result();
  if (status !== 'completed') blame(`after ${what} the model of before ends as ${status}`);
  const { error } = await stage.client.run({ input: 'x', model: `model${scene.n}${BRIEF}` }).result();
  if (error?.code !== 'NOT_FOUND') blame(`after ${what} there is the model of the one that was refused`);
}

async function secret(stage: Stage, { n }: Scene, blame: Blame): Promise<void> {
  const { holder, keyFile, client } = stage;
  const key = `key number ${n} of many`;
  holder.rotate(key);
  writeFileSync(keyFile, key);
  const endMs = performance.now() + 10_000;
  while (holder.shown !== key && performance.now() < endMs) {
    const { status, text, error } = await client.run({ input: 'x', model: 'keyed' }).result();
    if (status !== 'completed' || text !== 'let in') blame(`with another key it ended as ${status}: ${JSON.stringify(error)}`);
  }
  if (holder.shown !== key) blame('the key that took its place was never shown');
}

async function fixed(stage: Stage, scene: Scene, blame: Blame): Promise<void> {
  const config = { ...goodConfig(scene), server: { port: 1, origins: [`https://page${scene.n}.example`] }, threads: { max: 7 } };
  const read = await readAgain(stage, JSON.stringify(config));
  if (JSON.stringify(read.waiting) !== '["threads.max"]') blame(`what needs a restart: ${JSON.stringify(read)}`);
  await holds(stage, scene.n, blame);
}

/** Several signals while the file is being written: the last that is read is the last that was written. */
async function storm(stage: Stage, scene: Scene, blame: Blame): Promise<void> {
  const { claw, file } = stage;
  const before = readings(claw);
  for (let i = 0; i < 5; i++) {
    writeFileSync(file, i % 2 === 0 ? '{"models": [' : JSON.stringify(goodConfig({ ...scene, n: 1_000 + scene.n })));
    process.kill(claw.pid, 'SIGHUP');
    await sleep(scene.chance(20));
  }
  await sleep(200);
  const own = claw
    .complaints()
    .split('\n')
    .filter((line) => /read again/.test(line))
    .slice(before);
  stage.reads.refused += own.filter((line) => /is refused/.test(line)).length;
  stage.reads.applied += own.filter((line) => !/is refused/.test(line)).length;
  if (own.some((line) => !/is refused/.test(line))) stage.model = `model${1_000 + scene.n}`;
  await good(stage, scene, blame);
}

const ACTS: readonly Act[] = [good, good, bad, bad, secret, fixed, storm];

function readings(claw: Claw): number {
  return claw.complaints().match(/^claw: the configuration was read again/gm)?.length ?? 0;
}

/** Writes it, or takes it away, sends SIGHUP, and waits until it was read. */
async function readAgain({ claw, file, reads }: Stage, text: string | undefined): Promise<Read> {
  const before = readings(claw);
  if (text === undefined) rmSync(file);
  else writeFileSync(file, text);
  process.kill(claw.pid, 'SIGHUP');
  const endMs = performance.now() + 10_000;
  while (readings(claw) === before) {
    if (performance.now() > endMs) throw new Error('the configuration was not read again within 10 s');
    await sleep(10);
  }
  const { body } = await fetchJson(`${claw.http}/readyz`);
  const { config } = body as { readonly config: Read };
  reads[config.outcome]++;
  return config;
}

async function metric(claw: Claw, series: string): Promise<number> {
  const { metrics } = JSON.parse(claw.said().split('\n')[0] ?? '') as { readonly metrics: string };
  const text = await (await fetch(metrics)).text();
  const line = text.split('\n').find((each) => each.startsWith(series));
  return Number(line?.slice(series.length));
}
