import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from '@openclaw-runtime/client';
import { simulatedText } from '@openclaw-runtime/model';
import { type Claw, startClaw } from '../../house/claw.ts';
import { fetchJson } from '../../house/http.ts';
import { percentile } from '../crowd/neighbour.ts';

const GOOD_RUNS = 50;
const TOKENS = 60;
const STREAM_MS = 1_200;
/** Milliseconds between two looks at the server's health, and in which each has to be answered. */
const LOOK_MS = 100;
const HEALTH_MS = 500;

/** A server with a culprit and a good agent, and a client of it. */
export interface House extends AsyncDisposable {
  readonly claw: Claw;
  readonly data: string;
  readonly client: OpenClawClient;
}

export interface HouseOptions {
  /** What the server is told of its threads. */
  readonly threads: object;
  /** Each culprit has a thread of its own. */
  readonly isDedicated?: boolean;
  /** Words before the server's command. */
  readonly before?: readonly string[];
}

export async function openHouse({ threads, isDedicated = false, before = [] }: HouseOptions): Promise<House> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-hostile-'));
  const module = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const data = join(dir, 'data');
  const claw = await startClaw({
    data,
    before,
    config: { threads, agents: { culprit: { module: module('culprit'), dedicated: isDedicated }, good: { module: module('good') } } },
  });
  const client = new OpenClawClient({ autoReconnect: false });
  await client.connect(claw.url);
  return {
    claw,
    data,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await claw.stop('SIGKILL');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** What is wrong with how neighbours fared until they were stopped, and how long they were without a token. */
export interface Fared {
  readonly violations: readonly string[];
  readonly gapsMs: readonly number[];
  readonly slowestMs: number;
}

/** Stops both. `gapMs`: that a neighbour may be without a token, in 99 of 100 cases. */
export async function stopNeighbours(good: Good, health: Health, gapMs: number): Promise<Fared> {
  const { gapsMs, wrong, runs } = await good.stop();
  const { slowestMs, missed } = await health.stop();
  const violations = [...wrong];
  const gap = percentile(gapsMs, 0.99);
  if (gap > gapMs) violations.push(`neighbours were without a token for ${Math.round(gap)} ms (P99)`);
  if (runs < GOOD_RUNS) violations.push(`only ${runs} runs of neighbours came to their end`);
  if (missed > 0) violations.push(`the server's health was not answered ${missed} times`);
  if (slowestMs > HEALTH_MS) violations.push(`the server's health took ${Math.round(slowestMs)} ms`);
  return { violations, gapsMs, slowestMs };
}

export interface Good {
  /** Resolves when the runs at work have ended. */
  stop(): Promise<{ readonly gapsMs: readonly number[]; readonly wrong: readonly string[]; readonly runs: number }>;
}

/** 50 clients' worth of runs, one behind the other, until they are stopped. Resolves when all have begun. */
export async function startGood(client: OpenClawClient, name: string): Promise<Good> {
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

export interface Health {
  stop(): Promise<{ readonly slowestMs: number; readonly missed: number }>;
}

/** Asks for the server's health all the time. */
export function watchHealth(claw: Claw): Health {
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
