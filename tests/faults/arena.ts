import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '@openclaw-runtime/kit';
import type { LedgerEntry } from '../provider/ledger.ts';
import { answersOf } from './answers.ts';
import { isOutOfOrder, judgeRun, type Violation } from './judge.ts';
import { type Mode, type PlanName, planRun } from './plan.ts';
import { type Child, freePort, startChild, startServer } from './processes.ts';
import { readLogs } from './read-log.ts';
import { linesByRun, readTranscript } from './transcript.ts';

export type Victim = 'server' | 'client' | 'both';

export interface ArenaOptions {
  /** The tree whose server and client are on trial; the judge is this one's. */
  readonly root: string;
  readonly name: string;
  readonly seed: number;
  readonly victim: Victim;
  readonly mode: Mode;
  readonly kills: number;
  /** The HTTP provider, which is never killed: of `vary` the one that answers differently at each attempt. */
  readonly providerUrl: string;
  /** Milliseconds without a line in the transcript, with everything up, that are too long. */
  readonly stallMs: number;
  /** Milliseconds from the last kill to the end of all runs. */
  readonly healMs: number;
  /** No more kills once the transcript is out of order. */
  readonly stopsAtFault?: boolean;
  /** Runs at a time; 8 where nothing is said. */
  readonly inFlight?: number;
}

export interface ArenaReport {
  /** Moments at which something was killed; `both` kills two processes at one moment. */
  readonly kills: number;
  readonly runs: number;
  readonly records: number;
  readonly superseded: number;
  readonly resumed: number;
  readonly violations: readonly Violation[];
  readonly serverReadyMs: readonly number[];
  readonly clientReadyMs: readonly number[];
  /** From the last kill to the end of the last run. */
  readonly healedMs: number;
  /** Kept when something is wrong. */
  readonly dir: string;
}

/** One server and one client, killed again and again while runs stream, then left alone; and what the judge says of every run. */
export async function runArena(options: ArenaOptions): Promise<ArenaReport> {
  const dir = mkdtempSync(join(tmpdir(), `openclaw-faults-${options.name}-`));
  await using arena = await openArena(options, dir);
  let stalled = false;
  let kills = 0;
  while (kills < options.kills && !stalled) {
    stalled = !(await arena.moment());
    if (stalled) break;
    await arena.strike();
    kills++;
    if (options.stopsAtFault && arena.isFaulty()) break;
  }
  const healedMs = await arena.heal();
  const report = await arena.judge();
  const complaints = [...arena.complaints(stalled, healedMs), ...report.violations];
  if (complaints.length === 0) rmSync(dir, { recursive: true, force: true });
  return { ...report, violations: complaints, kills, healedMs, dir };
}

interface Arena extends AsyncDisposable {
  /** Waits until runs stream, and then for a moment of chance. `false` when nothing streams. */
  moment(): Promise<boolean>;
  /** Kills, and starts again what was killed. */
  strike(): Promise<void>;
  isFaulty(): boolean;
  /** No more runs are started; resolves with the milliseconds until all have ended, or `Infinity`. */
  heal(): Promise<number>;
  judge(): Promise<Omit<ArenaReport, 'kills' | 'healedMs' | 'dir'>>;
  complaints(stalled: boolean, healedMs: number): readonly Violation[];
}

async function openArena(options: ArenaOptions, dir: string): Promise<Arena> {
  const { root, seed, mode, victim } = options;
  const random = seededRandom(seed);
  const name: PlanName = { arena: options.name, seed, mode };
  const data = join(dir, 'data');
  mkdirSync(data);
  const config = writeConfig(dir, options);
  const port = await freePort(random.float);
  const url = `ws://127.0.0.1:${port}`;
  const transcript = join(dir, 'transcript.jsonl');
  const serverReadyMs: number[] = [];
  const clientReadyMs: number[] = [];
  const troubles: string[] = [];

  const startUp = async (): Promise<Child> => {
    const child = await startServer({ root, data, port, config });
    serverReadyMs.push(child.readyMs);
    return child;
  };
  const joinIn = async (): Promise<Child> => {
    const script = join(root, 'tests/faults/client-main.ts');
    const flags = { url, dir, arena: options.name, seed, mode, inflight: options.inFlight ?? 8 };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
    const child = await startChild([script, ...args]);
    clientReadyMs.push(child.readyMs);
    return child;
  };
  let server = await startUp();
  let client = await joinIn().catch(async (error: unknown) => {
    await server.kill();
    throw error;
  });
  const size = (): number => (existsSync(transcript) ? statSync(transcript).size : 0);

  /** Nobody but us ends a process: one that ended by itself is a fault. */
  const kill = async (child: Child): Promise<void> => {
    await child.kill();
    const code = await child.exited;
    if (code !== 'SIGKILL') troubles.push(`process ${child.pid} ended by itself with ${code}: ${child.complaints()}`);
  };
  const strikeServer = async (): Promise<void> => {
    await kill(server);
    server = await startUp();
  };
  const strikeClient = async (): Promise<void> => {
    await kill(client);
    client = await joinIn();
  };

  return {
    async moment() {
      if (random.float() < 0.15) {
        await sleep(random.float() * 60);
        return true;
      }
      const before = size();
      const deadline = performance.now() + options.stallMs;
      while (size() === before) {
        if (performance.now() > deadline) return false;
        await sleep(4);
      }
      await sleep(random.float() * 400);
      return true;
    },
    async strike() {
      if (victim === 'server') await strikeServer();
      else if (victim === 'client') await strikeClient();
      else {
        const [first, second] = random.float() < 0.5 ? [strikeServer, strikeClient] : [strikeClient, strikeServer];
        const striking = first();
        await sleep(random.float() < 0.5 ? 0 : random.float() * 60);
        // Both are waited for, lest one comes up when everything is over.
        const ends = await Promise.allSettled([striking, second()]);
        const errors = ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : []));
        if (errors.length > 0) throw new Error(errors.join('\n'));
      }
    },
    isFaulty: () => [...linesByRun(readTranscript(transcript)).values()].some(isOutOfOrder),
    async heal() {
      writeFileSync(join(dir, 'stop'), '');
      const began = performance.now();
      const late = new AbortController();
      const code = await Promise.race([client.exited, sleep(options.healMs, 'late', { signal: late.signal })]);
      late.abort();
      if (code === 'late') return Number.POSITIVE_INFINITY;
      if (code !== 0) troubles.push(`the client ended with ${code}: ${client.complaints()}`);
      return performance.now() - began;
    },
    async judge() {
      await client.kill();
      const lines = readTranscript(transcript);
      const byRun = linesByRun(lines);
      const plans = [...byRun.keys()].map((i) => planRun(name, i));
      await strikeServer();
      const logs = await readLogs(url, plans, options.healMs);
      const ledger = (await (await fetch(`${options.providerUrl}/ledger`)).json()) as LedgerEntry[];
      const violations = plans.flatMap((plan) => {
        const log = logs.get(plan.i);
        const evidence = { i: plan.i, lines: byRun.get(plan.i) ?? [], log: log?.dup ? log : undefined };
        return judgeRun({ ...evidence, answers: (text) => answersOf(plan, text, ledger) });
      });
      if (server.complaints() !== '') troubles.push(`the server complained: ${server.complaints()}`);
      const all = [...logs.values()].flatMap(({ records }) => records);
      return {
        runs: plans.length,
        records: lines.filter(({ t }) => t === 'record').length,
        superseded: all.filter((record) => record.startsWith('["step.started"') && record.includes('"supersedes":')).length,
        resumed: all.filter((record) => record.startsWith('["step.resumed"')).length,
        violations,
        serverReadyMs,
        clientReadyMs,
      };
    },
    complaints(stalled, healedMs) {
      const general = troubles.map((says) => ({ i: -1, rule: 'end' as const, says }));
      if (stalled) general.push({ i: -1, rule: 'end', says: `nothing streamed for ${options.stallMs} ms though everything was up` });
      if (healedMs === Number.POSITIVE_INFINITY)
        general.push({ i: -1, rule: 'end', says: `runs had not ended ${options.healMs} ms after the last kill` });
      return general;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([server.kill(), client.kill()]);
    },
  };
}

/** Meters so high that no number of kills ends a run. */
export function writeConfig(dir: string, { mode, providerUrl }: Pick<ArenaOptions, 'mode' | 'providerUrl'>): string {
  const path = join(dir, 'openclaw.yaml');
  const models = ['text', 'unicode', 'reasoning', 'usage-last', 'length'].map((model) => `  ${model}: { provider: http }`);
  const lines = [
    'providers:',
    '  simulated: { kind: simulated }',
    `  http: { kind: openai, baseUrl: '${providerUrl}/v1', prefix: ${mode === 'prefix' ? 'assistant' : 'none'} }`,
    'models:',
    ...models,
    'defaultModel: simulated',
    'limits: { attempts: 1000, noProgressAttempts: 1000, regeneratedChars: 1000000000 }',
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}
