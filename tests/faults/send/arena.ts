import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OpenClawClient, OpenClawError, type Run } from '@openclaw-runtime/client';
import { type Random, seededRandom } from '@openclaw-runtime/kit';
import type { RunRecord, SendMode } from '@openclaw-runtime/protocol';
import { type Child, freePort, startServer } from '../processes.ts';
import { judgeMessages, type Sent } from './judge.ts';

export interface SendArenaOptions {
  /** The tree whose server is on trial. */
  readonly root: string;
  readonly seed: number;
  readonly kills: number;
  /** Milliseconds at most between a restart and the next kill; 300 where nothing is said. */
  readonly pauseMs?: number;
  /** Runs at a time. */
  readonly inFlight: number;
  /** Milliseconds from the last kill to the end of all runs. */
  readonly healMs: number;
}

export interface SendReport {
  readonly kills: number;
  readonly runs: number;
  readonly accepted: number;
  readonly refused: number;
  /** Steps that a message broke off, and steps that went on after a kill. */
  readonly interrupted: number;
  readonly resumed: number;
  readonly violations: readonly string[];
}

interface Talk {
  readonly run: Run;
  readonly sent: Sent[];
}

const MODES: readonly SendMode[] = ['queue', 'steer', 'interrupt'];

/** One server, killed again and again while a client sends messages in all modes to the runs that it answers; and what the judge says of every run's log. */
export async function runSendArena(options: SendArenaOptions): Promise<SendReport> {
  const { seed, kills, pauseMs = 300, inFlight, healMs } = options;
  const random = seededRandom(seed);
  await using server = await openServer(options.root, random);
  const client = new OpenClawClient({ reconnectDelay: 20, maxReconnectAttempts: 10_000 });
  const talks: Talk[] = [];
  const floor = openFloor();
  try {
    await client.connect(server.url);
    const over = new AbortController();
    const talkers = Array.from({ length: inFlight }, (_, i) =>
      converse({ client, talks, floor, random: seededRandom(seed * 1_000 + i), name: `${seed}-${i}`, over: over.signal }),
    );
    const broken: string[] = [];
    const ends = Promise.all(
      talkers.map((talker) => talker.catch((error: unknown) => broken.push(`a run could not be followed: ${error}`))),
    );
    for (let n = 0; n < kills; n++) {
      if (random.float() < 0.5) await Promise.race([floor.acknowledged(), sleep(10_000)]);
      await sleep(random.float() < 0.5 ? random.float() * 6 : random.float() * pauseMs);
      await server.killed();
    }
    over.abort();
    const late = new AbortController();
    const healed = await Promise.race([ends, sleep(healMs, 'late' as const, { signal: late.signal })]);
    late.abort();
    const report = await judge(server.http, talks);
    const slow = healed === 'late' ? [`runs had not ended, or messages had no answer, ${healMs} ms after the last kill`] : [];
    return { ...report, kills, violations: [...slow, ...broken, ...server.complaints(), ...report.violations] };
  } finally {
    client.close();
  }
}

/** Where everything that senders see gets its place in one order. */
interface Floor {
  mark(): number;
  /** A message was accepted. */
  acknowledge(): void;
  /** Resolves when the next message is accepted. */
  acknowledged(): Promise<void>;
}

function openFloor(): Floor {
  let at = 0;
  let accepted = Promise.withResolvers<void>();
  return {
    mark: () => ++at,
    acknowledge() {
      accepted.resolve();
      accepted = Promise.withResolvers();
    },
    acknowledged: () => accepted.promise,
  };
}

interface Talker {
  readonly client: OpenClawClient;
  readonly talks: Talk[];
  readonly floor: Floor;
  readonly random: Random;
  readonly name: string;
  /** No more runs and messages are begun. */
  readonly over: AbortSignal;
}

/** Run after run, each with a few messages at moments of chance; every other talker keeps to one session. */
async function converse({ client, talks, floor, random, name, over }: Talker): Promise<void> {
  const below = (n: number): number => Math.floor(random.float() * n);
  const session = below(2) === 0 ? {} : { session: name };
  for (let n = 0; !over.aborted; n++) {
    const vary = below(2) === 0 ? '&vary=1' : '';
    // Short ones, so that messages meet their ends.
    const durationMs = below(2) === 0 ? 20 + below(60) : 100 + below(400);
    const model = `simulated?tokens=${5 + below(40)}&ms=${durationMs}${vary}`;
    const run = client.run({ input: `run ${n}`, model, idempotencyKey: `${name}-${n}`, tokenInterval: 0, ...session });
    const talk: Talk = { run, sent: [] };
    talks.push(talk);
    let isOver = false;
    const ended = run.result().finally(() => {
      isOver = true;
    });
    ended.catch(() => undefined);
    const sending: Promise<void>[] = [];
    if (below(2) === 0) {
      // One that is to meet the run's end.
      await run.started;
      await sleep(durationMs + random.float() * 16);
      if (!isOver) await sendOne(talk, { floor, mode: MODES[below(3)] as SendMode, id: `${name}-${n}-0` });
      await ended;
      continue;
    }
    for (let m = below(7); m > 0 && !isOver && !over.aborted; m--) {
      await Promise.race([ended, sleep(random.float() * durationMs)]).catch(() => undefined);
      const one = sendOne(talk, { floor, mode: MODES[below(3)] as SendMode, id: `${name}-${n}-${m}` });
      sending.push(one);
      if (below(2) === 0) await one;
    }
    await Promise.all([...sending, ended]);
  }
}

async function sendOne({ run, sent }: Talk, { floor, mode, id }: { floor: Floor; mode: SendMode; id: string }): Promise<void> {
  const text = `message ${id}`;
  const sentAt = floor.mark();
  const answer = await run.send(text, { mode, id }).then(
    () => 'ok',
    (error: unknown) => (error instanceof OpenClawError ? error.code : String(error)),
  );
  sent.push({ id, mode, text, sentAt, answeredAt: floor.mark(), answer });
  if (answer === 'ok') floor.acknowledge();
}

async function judge(http: string, talks: readonly Talk[]): Promise<Omit<SendReport, 'kills'>> {
  const violations: string[] = [];
  const sent = talks.flatMap((talk) => talk.sent);
  const all: RunRecord[] = [];
  for (const { run, sent } of talks) {
    if (run.id === undefined) {
      violations.push('a run was never started');
      continue;
    }
    const records = await readEvents(`${http}/v1/runs/${run.id}/events`);
    all.push(...records);
    violations.push(...judgeMessages(records, sent).map((says) => `run ${run.id}: ${says}`));
  }
  return {
    runs: talks.length,
    accepted: sent.filter(({ answer }) => answer === 'ok').length,
    refused: sent.filter(({ answer }) => answer !== 'ok').length,
    interrupted: all.filter((record) => record.kind === 'step.ended' && record.data.finish === 'interrupted').length,
    resumed: all.filter(({ kind }) => kind === 'step.resumed').length,
    violations,
  };
}

/** A log as the server tells it by HTTP: nothing of the client's code. A run that does not end within 5 s is told as far as it is. */
async function readEvents(url: string): Promise<readonly RunRecord[]> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  let text = '';
  try {
    for await (const part of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) text += part;
  } catch {
    // What came so far is judged.
  }
  return [...text.matchAll(/^data: (.+)$/gm)].map(([, json = '']) => JSON.parse(json) as RunRecord);
}

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly http: string;
  /** SIGKILL, and a new process on the same folder and port. */
  killed(): Promise<void>;
  complaints(): readonly string[];
}

async function openServer(root: string, random: Random): Promise<Server> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-send-'));
  const data = join(dir, 'data');
  const config = join(dir, 'openclaw.yaml');
  mkdirSync(data);
  // Meters so high that no number of kills ends a run.
  const limits = 'limits: { attempts: 1000, noProgressAttempts: 1000, regeneratedChars: 1000000000 }';
  writeFileSync(config, `providers: { simulated: { kind: simulated } }\ndefaultModel: simulated\n${limits}\n`);
  const port = await freePort(random.float);
  const start = (): Promise<Child> => startServer({ root, data, port, config });
  const complaints: string[] = [];
  let server = await start();
  const end = async (): Promise<void> => {
    await server.kill();
    const code = await server.exited;
    if (code !== 'SIGKILL') complaints.push(`the server ended by itself with ${code}: ${server.complaints()}`);
    else if (server.complaints() !== '') complaints.push(`the server complained: ${server.complaints()}`);
  };
  return {
    url: `ws://127.0.0.1:${port}`,
    http: `http://127.0.0.1:${port}`,
    async killed() {
      await end();
      server = await start();
    },
    complaints: () => complaints,
    async [Symbol.asyncDispose]() {
      await server.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
