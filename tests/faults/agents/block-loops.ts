import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenClawClient, Run } from '@openclaw-runtime/client';
import { type Random, seededRandom } from '@openclaw-runtime/kit';
import { simulatedText } from '@openclaw-runtime/model';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { tryClaw } from '../../house/claw.ts';
import { patientClient, within } from '../claw/stage.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { misbehaveOften } from './misbehave.ts';
import { type House, openHouse } from './neighbours.ts';

/** Cases that are a landing's, whose blocks are short. */
const FEW = 20;
const SHORTEST_MS = 1_000;
const LONGEST_MS = { landing: 4_000, campaign: 30_000 } as const;
/** Servers that stand still at the same time: they take nothing meanwhile. */
const ABREAST = 5;
/** Threads that compute for seconds, one after the other, in one server. */
const SPINS = 10;
const RUNS = 20;
const TOKENS = 200;
const STREAM_MS = 3_000;
/** From the end of a block until every run has gone on. */
const GO_ON_MS = 5_000;
/** A client that heard nothing for longer may look for another connection. */
const PATIENCE_MS = 15_000;
const END_MS = 60_000;

/**
 * `count` loops stand still for seconds: half of them the server's whole process, stopped while 20 clients' runs stream, of agents with code and without; half of them a
 * thread's, by an agent that computes. A server goes on where it was: nothing is lost, told twice or begun again, and nobody else takes its data meanwhile.
 */
export async function blockLoops({ seed, count, say }: RowOptions): Promise<RowReport> {
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1));
  const longestMs = count > FEW ? LONGEST_MS.campaign : LONGEST_MS.landing;
  const stops = Math.ceil(count / 2);
  const violations: string[] = [];
  const goneOn: number[] = [];
  for (let n = 0; n < stops; n += ABREAST) {
    const cases = Array.from({ length: Math.min(ABREAST, stops - n) }, (_, i) => ({ n: n + i, ...planOf(n + i, longestMs, random) }));
    for (const { violations: found, goneOnMs } of await Promise.all(cases.map((each) => stopServer(each, seed)))) {
      violations.push(...found);
      goneOn.push(goneOnMs);
    }
    say(`  ${n + cases.length} servers stopped, ${violations.length} violations`);
  }
  const spun = await misbehaveOften(
    { seed, count: count - stops, say },
    {
      threads: { max: 4 },
      misdeeds: Array.from({ length: SPINS }, () => ({ shape: 'a loop of seconds', says: /AGENT_HUNG/ })),
      gapMs: 500,
      backMs: 3_000,
    },
  );
  violations.push(...spun.violations);
  return { cases: count, violations, figures: { ...spun.figures, 'went on after ms, max': Math.round(Math.max(...goneOn)) } };
}

interface Plan {
  readonly stillMs: number;
  /** Milliseconds from the first text to the stop. */
  readonly afterMs: number;
  /** Where agents' code runs: 0 for the server's own process. */
  readonly hosts: number;
}

/** Of every five, one lasts long. */
function planOf(n: number, longestMs: number, random: Random): Plan {
  const share = n % ABREAST === 0 ? 1 : random.float() / 3;
  const stillMs = Math.round(SHORTEST_MS + share * (longestMs - SHORTEST_MS));
  return { stillMs, afterMs: Math.round(random.float() * 1_000), hosts: n % 2 };
}

async function stopServer(
  { n, stillMs, afterMs, hosts }: Plan & { readonly n: number },
  seed: number,
): Promise<{ readonly violations: string[]; readonly goneOnMs: number }> {
  await using house = await openHouse({ threads: { max: 2, hosts } });
  const client = patientClient();
  let drops = 0;
  client.on('error', () => drops++);
  try {
    await client.connect(house.claw.url);
    const runs = Array.from({ length: RUNS }, (_, i) => follow(client, `still ${seed} ${n} ${i}`, i % 2 === 0));
    await within(END_MS, 'the first text', Promise.all(runs.map(({ begun }) => begun)));
    await sleep(afterMs);
    process.kill(house.claw.pid, 'SIGSTOP');
    const rival = tryRival(house);
    await sleep(stillMs);
    process.kill(house.claw.pid, 'SIGCONT');
    const began = performance.now();
    await within(END_MS, 'the runs’ going on', Promise.all(runs.map(({ movedAfter }) => movedAfter(began))));
    const goneOnMs = performance.now() - began;
    const violations = await within(END_MS, 'the end of runs', Promise.all(runs.map(({ end }) => end))).then((ends) => ends.flat());
    violations.push(...(await rival));
    if (goneOnMs > GO_ON_MS) violations.push(`runs went on ${Math.round(goneOnMs)} ms after the block`);
    if (stillMs < PATIENCE_MS && drops > 0) violations.push(`${drops} connections were lost`);
    if (/was lost|defect/.test(house.claw.complaints())) violations.push(`the server says: ${house.claw.complaints()}`);
    return { violations: violations.map((text) => `${stillMs} ms still, ${hosts} hosts (case ${n}): ${text}`), goneOnMs };
  } catch (error) {
    return { violations: [`${stillMs} ms still, ${hosts} hosts (case ${n}): ${OpenClawError.from(error).message}`], goneOnMs: stillMs };
  } finally {
    client.close();
  }
}

/** Another server on the same data is refused: who stands still is not gone. */
async function tryRival({ claw, data }: House): Promise<string[]> {
  const rival = await within(END_MS, 'a second server’s start', tryClaw({ data, port: 0 }));
  if ('url' in rival) {
    await rival.stop('SIGKILL');
    return [`a second server took the data of ${claw.url}`];
  }
  return /DATA_LOCKED/.test(rival.complaints) ? [] : [`a second server was refused otherwise: ${rival.complaints}`];
}

interface Followed {
  readonly begun: Promise<void>;
  /** Resolves when it told something after that moment, or had told all. */
  movedAfter(ms: number): Promise<void>;
  /** What is wrong with it. */
  readonly end: Promise<string[]>;
}

function follow(client: OpenClawClient, prompt: string, isCoded: boolean): Followed {
  const model = `simulated?tokens=${TOKENS}&ms=${STREAM_MS}`;
  const asked = isCoded ? { agent: 'good', operation: 'talk', args: { prompt, model, streams: 1 } } : { input: prompt, model };
  const run = client.run({ ...asked, tokenInterval: 0, idempotencyKey: prompt });
  const begun = Promise.withResolvers<void>();
  const moves: { readonly ms: number; resolve(): void }[] = [];
  const move = (now: number): void => {
    for (const { ms, resolve } of moves) if (now > ms) resolve();
  };
  const end = tell(run, simulatedText(isCoded ? `${prompt} 0` : prompt, TOKENS, ''), (now) => {
    begun.resolve();
    move(now);
  }).finally(() => {
    begun.resolve();
    move(Number.POSITIVE_INFINITY);
  });
  return {
    begun: begun.promise,
    end,
    async movedAfter(ms) {
      const moved = Promise.withResolvers<void>();
      moves.push({ ms, resolve: moved.resolve });
      await Promise.race([moved.promise, end]);
    },
  };
}

/** Follows a run to its end; resolves to what is wrong with what it told. */
async function tell(run: Run, expected: string, told: (now: number) => void): Promise<string[]> {
  const wrong: string[] = [];
  let seq = 0;
  try {
    for await (const item of run) {
      if (item.kind === 'snapshot') wrong.push(`${run.id}: a snapshot stands for its records up to ${item.seq}`);
      else if (item.seq !== seq + 1) wrong.push(`${run.id}: record ${item.seq} came after ${seq}`);
      if (item.kind === 'thread.lost' || (item.kind === 'step.started' && item.attempt > 1)) wrong.push(`${run.id}: ${item.kind} again`);
      seq = item.seq;
      if (item.kind === 'text') told(performance.now());
    }
    const { status, text, error } = await run.result();
    if (status !== 'completed') wrong.push(`${run.id} ended as ${status}: ${JSON.stringify(error)}`);
    else if (text !== expected) wrong.push(`${run.id} has another text: ${JSON.stringify(text.slice(0, 120))}`);
  } catch (error) {
    wrong.push(`${run.id} could not be followed: ${OpenClawError.from(error).message}`);
  }
  return wrong;
}
