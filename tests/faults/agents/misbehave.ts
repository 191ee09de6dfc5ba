import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from '@openclaw-runtime/client';
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
  /** Every start of the operation misbehaves: the run has to fail with the word when its restarts are used up. */
  readonly isRepeated?: boolean;
}

export interface Neighbourhood {
  readonly misdeeds: readonly Misdeed[];
  /** What the server is told of its threads. */
  readonly threads: object;
  /** Milliseconds that a neighbour may be without a token, in 99 of 100 cases. */
  readonly gapMs: number;
  /** Milliseconds from the loss of a thread until the culprit's run is at its end. */
  readonly backMs: number;
  /** Each culprit has a thread of its own. */
  readonly isDedicated?: boolean;
  /** Culprits at the same time. Default 1. */
  readonly abreast?: number;
}

const GOOD_RUNS = 50;
const TOKENS = 60;
const STREAM_MS = 1_200;
/** Milliseconds between two looks at the server's health, and in which each has to be answered. */
const LOOK_MS = 100;
const HEALTH_MS = 500;

/** `count` misdeeds, one after the other, beside 50 clients whose runs stream from threads as well; each round of shapes has a server of its own. */
export async function misbehaveOften({ seed, count, say }: RowOptions, where: Neighbourhood): Promise<RowReport> {
  const violations: string[] = [];
  const gaps: number[] = [];
  const backs: number[] = [];
  let slowest = 0;
  for (let n = 0; n < count; ) {
    await using house = await openHouse(where);
    const health = watchHealth(house.claw);
    const good = await startGood(house.client, `good ${seed} ${n}`);
    for (const misdeed of where.misdeeds.slice(0, count - n)) {
      const culprits = await Promise.all(
        Array.from({ length: where.abreast ?? 1 }, () => followCulprit(house.client, misdeed, where.backMs)),
      );
      violations.push(...culprits.flatMap((each) => each.violations).map((text) => `${misdeed.shape} (case ${n}): ${text}`));
      backs.push(...culprits.flatMap(({ backMs }) => backMs ?? []));
      n++;
    }
    const { gapsMs, wrong, runs } = await good.stop();
    const { slowestMs, missed } = await health.stop();
    const says = `in the round up to case ${n}`;
    violations.push(...wrong.map((text) => `${says}: ${text}`));
    const gap = percentile(gapsMs, 0.99);
    if (gap > where.gapMs) violations.push(`${says}: neighbours were without a token for ${Math.round(gap)} ms (P99)`);
    if (runs < GOOD_RUNS) violations.push(`${says}: only ${runs} runs of neighbours came to their end`);
    if (missed > 0) violations.push(`${says}: the server's health was not answered ${missed} times`);
    if (slowestMs > HEALTH_MS) violations.push(`${says}: the server's health took ${Math.round(slowestMs)} ms`);
    gaps.push(...gapsMs);
    slowest = Math.max(slowest, slowestMs);
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

async function openHouse({ threads, isDedicated = false }: Neighbourhood): Promise<House> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-hostile-'));
  const module = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const claw = await startClaw({
    data: join(dir, 'data'),
    config: { threads, agents: { culprit: { module: module('culprit'), dedicated: isDedicated }, good: { module: module('good') } } },
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

/** A run whose operation does the deed, and what is wrong with how that ends. */
async function followCulprit(
  client: OpenClawClient,
  { shape, says, isContained, isRepeated }: Misdeed,
  backMs: number,
): Promise<{ readonly violations: readonly string[]; readonly backMs: number | undefined }> {
  const violations: string[] = [];
  const run = client.run({ agent: 'culprit', operation: 'misbehave', args: { shape, times: isRepeated ? 1_000 : 1 }, input: shape });
  let lostAt: number | undefined;
  const losses: string[] = [];
  for await (const item of run) {
    if (item.kind !== 'thread.lost') continue;
    lostAt = performance.now();
    losses.push(JSON.stringify(item.data.error));
  }
  const { status, value, error } = await run.result();
  const tookMs = lostAt === undefined ? undefined : performance.now() - lostAt;
  const last = JSON.stringify(error ?? status);
  const words = losses.length > 0 && !isRepeated ? losses : [last];
  const blamed = words.filter((word) => says.test(word));
  if (blamed.length === 0) violations.push(`it was answered with ${words.join(', then ')}`);
  else if (!isContained && !blamed.some((word) => word.includes('culprit')))
    violations.push(`the culprit is not named: ${blamed.join(', then ')}`);
  if (isContained) {
    if (losses.length > 0) violations.push(`it cost the thread: ${losses.join(', then ')}`);
  } else if (isRepeated) {
    if (status !== 'failed') violations.push(`the run ended as ${status} after ${losses.length} losses`);
  } else if (status !== 'completed' || value !== '2') violations.push(`the run did not come back: ${status} ${value ?? ''} ${last}`);
  if (tookMs !== undefined && tookMs > backMs) violations.push(`the run was at its end ${Math.round(tookMs)} ms after it lost its thread`);
  return { violations, backMs: isRepeated ? undefined : tookMs };
}

interface Good {
  /** Resolves when the runs at work have ended. */
  stop(): Promise<{ readonly gapsMs: readonly number[]; readonly wrong: readonly string[]; readonly runs: number }>;
}

/** 50 clients' worth of runs, one behind the other, until they are stopped. Resolves when all have begun. */
async function startGood(client: OpenClawClient, name: string): Promise<Good> {
  const stopping = new AbortController();
  const gapsMs: number[] = [];
  const wrong: string[] = [];
  let runs = 0;
  const begun: Promise<void>[] = [];
  const live = async (i: number, begin: () => void): Promise<void> => {
    for (let n = 0; !stopping.signal.aborted || n === 0; n++) {
      const says = await followGood(client, `${name} ${i} ${n}`, gapsMs, begin).catch(
        (error: unknown) => `could not be followed: ${String(error)}`,
      );
      begin();
      if (says === undefined) runs++;
      else wrong.push(`${name} ${i} ${n} ${says}`);
      if (says !== undefined) return;
    }
  };
  const going = Array.from({ length: GOOD_RUNS }, (_, i) => {
    const first = Promise.withResolvers<void>();
    begun.push(first.promise);
    return live(i, first.resolve);
  });
  await Promise.all(begun);
  return {
    async stop() {
      stopping.abort();
      await Promise.all(going);
      return { gapsMs, wrong, runs };
    },
  };
}

/** A run of two streams; resolves to what is wrong with its end: its text has to be what the simulated model says to both. */
async function followGood(client: OpenClawClient, prompt: string, gapsMs: number[], begin: () => void): Promise<string | undefined> {
  const model = `simulated?tokens=${TOKENS}&ms=${STREAM_MS}`;
  const run = client.run({ agent: 'good', operation: 'talk', args: { prompt, model, streams: 2 }, input: prompt, tokenInterval: 0 });
  let last: number | undefined;
  for await (const item of run) {
    if (item.kind !== 'text') continue;
    const now = performance.now();
    if (last !== undefined) gapsMs.push(now - last);
    last = now;
    begin();
  }
  const { status, text, error } = await run.result();
  if (status !== 'completed') return `ended as ${status}: ${JSON.stringify(error)}`;
  const expected = [0, 1].map((i) => simulatedText(`${prompt} ${i}`, TOKENS, '')).join('');
  return text === expected ? undefined : `has another text: ${JSON.stringify(text.slice(0, 80))}`;
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
