import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenClawClient, type RunItem } from '@openclaw-runtime/client';
import { seededRandom } from '@openclaw-runtime/kit';
import { simulatedText } from '@openclaw-runtime/model';
import { type Claw, startClaw } from '../../house/claw.ts';
import { fetchJson } from '../../house/http.ts';
import { percentile } from '../crowd/neighbour.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import type { Shape } from './shapes.ts';

/** What an agent's misdeed has to come to. */
export interface Misdeed {
  readonly shape: Shape;
  /** The word of the `thread.lost` record, or of the run's end where the thread is not lost. */
  readonly says: RegExp;
  /** The deed is over before it costs the thread: the run fails or completes at once. */
  readonly isContained?: boolean;
}

export interface Neighbourhood {
  readonly misdeeds: readonly Misdeed[];
  /** What the server is told of its threads. */
  readonly threads: object;
  /** Milliseconds that a neighbour may be without a token, in 99 of 100 cases. */
  readonly gapMs: number;
  /** Milliseconds from the loss of a thread until the culprit's run is at its end. */
  readonly backMs: number;
}

const GOOD_RUNS = 50;
const TOKENS = 60;
const STREAM_MS = 3_000;
/** Milliseconds between two looks at the server's health, and in which each has to be answered. */
const LOOK_MS = 100;
const HEALTH_MS = 500;

/** `count` misdeeds, one after the other, each beside 50 runs that stream from threads as well; servers are started anew for each round of shapes. */
export async function misbehaveOften({ seed, count, say }: RowOptions, where: Neighbourhood): Promise<RowReport> {
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1));
  const violations: string[] = [];
  const gaps: number[] = [];
  const backs: number[] = [];
  let slowest = 0;
  for (let n = 0; n < count; ) {
    await using house = await openHouse(where.threads);
    const round = where.misdeeds.slice(0, count - n);
    for (const misdeed of round) {
      const found = await misbehaveOnce(house, misdeed, `${seed} ${n} ${Math.floor(random.float() * 1e6)}`, where);
      violations.push(...found.violations.map((text) => `${misdeed.shape} (case ${n}): ${text}`));
      gaps.push(...found.gapsMs);
      if (found.backMs !== undefined) backs.push(found.backMs);
      slowest = Math.max(slowest, found.slowestHealthMs);
      n++;
    }
    say(`  ${n} cases, ${violations.length} violations`);
  }
  return {
    cases: count,
    violations,
    figures: {
      'token gap P99 ms': Math.round(percentile(gaps, 0.99)),
      'token gap max ms': Math.round(percentile(gaps, 1)),
      'back after ms, max': Math.round(percentile(backs, 1)),
      'slowest health ms': Math.round(slowest),
    },
  };
}

interface House extends AsyncDisposable {
  readonly claw: Claw;
  readonly client: OpenClawClient;
}

async function openHouse(threads: object): Promise<House> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-hostile-'));
  const module = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const claw = await startClaw({
    data: join(dir, 'data'),
    config: { threads, agents: { culprit: { module: module('culprit') }, good: { module: module('good') } } },
  });
  const client = new OpenClawClient({ autoReconnect: false });
  await client.connect(claw.url);
  return {
    claw,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await claw.stop('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

interface Found {
  readonly violations: readonly string[];
  readonly gapsMs: readonly number[];
  readonly backMs: number | undefined;
  readonly slowestHealthMs: number;
}

async function misbehaveOnce(
  { claw, client }: House,
  { shape, says, isContained }: Misdeed,
  name: string,
  where: Neighbourhood,
): Promise<Found> {
  const violations: string[] = [];
  const health = watchHealth(claw);
  const good = Array.from({ length: GOOD_RUNS }, (_, i) => followGood(client, `good ${name} ${i}`));
  await Promise.all(good.map(({ begun }) => begun));

  const culprit = client.run({ agent: 'culprit', operation: 'misbehave', args: { shape, times: 1 }, input: shape });
  let lostAt: number | undefined;
  let lost: string | undefined;
  for await (const item of culprit) {
    if (item.kind !== 'thread.lost') continue;
    lostAt = performance.now();
    lost = JSON.stringify(item.data.error);
  }
  const end = await culprit.result();
  const backMs = lostAt === undefined ? undefined : performance.now() - lostAt;
  const word = lost ?? JSON.stringify(end.error ?? end.status);
  if (!says.test(word)) violations.push(`it was answered with ${word}`);
  if (lost !== undefined && !lost.includes('culprit')) violations.push(`the culprit is not named: ${lost}`);
  if (isContained) {
    if (lost !== undefined) violations.push(`it cost the thread: ${lost}`);
  } else if (end.status !== 'completed' || end.value !== '2') {
    violations.push(`the run did not come back: ${end.status} ${end.value ?? ''} ${JSON.stringify(end.error ?? '')}`);
  }
  if (backMs !== undefined && backMs > where.backMs) violations.push(`the run was back after ${Math.round(backMs)} ms`);

  const ends = await Promise.all(good.map(({ end }) => end));
  for (const { wrong } of ends) if (wrong !== undefined) violations.push(wrong);
  const gapsMs = ends.flatMap(({ gapsMs }) => gapsMs);
  const gap = percentile(gapsMs, 0.99);
  if (gap > where.gapMs) violations.push(`neighbours were without a token for ${Math.round(gap)} ms (P99)`);
  const { slowestMs, missed } = await health.stop();
  if (missed > 0) violations.push(`the server's health was not answered ${missed} times`);
  if (slowestMs > HEALTH_MS) violations.push(`the server's health took ${Math.round(slowestMs)} ms`);
  return { violations, gapsMs, backMs, slowestHealthMs: slowestMs };
}

interface Good {
  readonly begun: Promise<void>;
  readonly end: Promise<{ readonly gapsMs: readonly number[]; readonly wrong: string | undefined }>;
}

/** A run of two streams; its text has to be what the simulated model says to both. */
function followGood(client: OpenClawClient, prompt: string): Good {
  const begun = Promise.withResolvers<void>();
  const model = `simulated?tokens=${TOKENS}&ms=${STREAM_MS}`;
  const run = client.run({ agent: 'good', operation: 'talk', args: { prompt, model, streams: 2 }, input: prompt, tokenInterval: 0 });
  const work = async (): Promise<{ readonly gapsMs: readonly number[]; readonly wrong: string | undefined }> => {
    const gapsMs: number[] = [];
    let last: number | undefined;
    try {
      for await (const item of run as AsyncIterable<RunItem>) {
        if (item.kind !== 'text') continue;
        const now = performance.now();
        if (last !== undefined) gapsMs.push(now - last);
        last = now;
        begun.resolve();
      }
      const { status, text, error } = await run.result();
      const expected = [0, 1].map((i) => simulatedText(`${prompt} ${i}`, TOKENS, '')).join('');
      if (status !== 'completed') return { gapsMs, wrong: `${prompt} ended as ${status}: ${JSON.stringify(error)}` };
      return { gapsMs, wrong: text === expected ? undefined : `${prompt} has another text: ${JSON.stringify(text.slice(0, 80))}` };
    } catch (error) {
      return { gapsMs, wrong: `${prompt} could not be followed: ${String(error)}` };
    } finally {
      begun.resolve();
    }
  };
  return { begun: begun.promise, end: work() };
}

/** Asks for the server's health all the time. */
function watchHealth(claw: Claw): { stop(): Promise<{ readonly slowestMs: number; readonly missed: number }> } {
  const stopping = new AbortController();
  let slowestMs = 0;
  let missed = 0;
  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const began = performance.now();
      const isWell = await fetchJson(`${claw.http}/healthz`).then(
        ({ status }) => status === 200,
        () => false,
      );
      if (!isWell) missed++;
      slowestMs = Math.max(slowestMs, performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  };
  const going = work();
  return {
    async stop() {
      stopping.abort();
      await going;
      return { slowestMs, missed };
    },
  };
}
