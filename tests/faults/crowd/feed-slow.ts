import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenClawClient } from '@openclaw-runtime/client';
import type { Claw } from '../../house/claw.ts';
import { fetchJson } from '../../house/http.ts';
import { followRun, patientClient, startStage, within } from '../claw/stage.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { percentile, startNeighbours } from './neighbour.ts';
import { openSlowReader, type SlowReader } from './slow-reader.ts';
import { watchStretch } from './stretch.ts';

/** Several times what the kernel's buffers and the server's limit hold for one connection. */
const TOKENS = 1_000_000;
const MEGABYTE = 1024 * 1024;
/** What one connection may make the server hold: what is unsent, and a page on its way. */
const PER_READER_BYTES = 0.8 * MEGABYTE;
const SLACK_BYTES = 200 * MEGABYTE;
/** What a further crowd of the same size may leave behind beyond what the one before it left. A heap may widen a few times; what leaks does so each time. */
const LEAK_BYTES = 40 * MEGABYTE;
const ROUNDS = 3;
const MOST_ROUNDS = 6;
const WATCHED_MS = 4_000;
const SUMMIT_MS = 20_000;
const PEACE_MS = 500;

/** `count` viewers of a long run that read a byte a second, or nothing: the server stays small, and others hardly notice. */
export async function feedSlowReaders({ count, say }: RowOptions): Promise<RowReport> {
  const dir = mkdtempSync(join(tmpdir(), 'openclaw-crowd-'));
  await using claw = await startStage({ data: join(dir, 'data') });
  const violations: string[] = [];
  const rounds: Round[] = [];
  const figures: Record<string, number | string> = {};
  const client = patientClient();
  try {
    await client.connect(claw.url);
    const long = client.run({ input: 'long', model: `simulated?tokens=${TOKENS}&ms=0` });
    const { text, status: ended } = await within(60_000, 'the long run', long.result());
    if (ended !== 'completed') violations.push(`the long run ended as ${ended}`);
    // So that the first reader's page is not what memory is measured by.
    await within(30_000, 'reading the long run', client.attach(long.id ?? '').result());
    await sleep(500);
    const before = claw.rssBytes();
    Object.assign(figures, { 'text, MB': mb(text.length), 'before, MB': mb(before) });
    while (rounds.length < ROUNDS || (rounds.length < MOST_ROUNDS && growths(rounds).every((bytes) => bytes > LEAK_BYTES)))
      rounds.push(await feedOnce({ claw, client, run: long.id ?? '', count, part: rounds.length, violations }));
    if (growths(rounds).every((bytes) => bytes > LEAK_BYTES))
      violations.push(`the server kept ${growths(rounds).map(mb).join(' MB, then ')} MB more after further crowds`);
    // A disk that stalls once holds up a round; readers that cost their neighbours something do so in each.
    if (rounds.every(({ p99Ms, shared }) => p99Ms > PEACE_MS * shared))
      violations.push(`neighbours waited ${rounds.map(({ p99Ms }) => Math.round(p99Ms)).join(', ')} ms (P99 of each round)`);
    const { status } = await fetchJson(`${claw.http}/healthz`);
    if (status !== 200 || claw.complaints() !== '') violations.push(`the server complained: ${claw.complaints()}`);
  } catch (error) {
    // What was seen until then counts as well.
    violations.push(`it could not be watched to its end: ${error}`);
  } finally {
    client.close();
    await claw.stop('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
  Object.assign(figures, {
    'peaks, MB': rounds.map(({ peak }) => mb(peak)).join(' '),
    'after, MB': rounds.map(({ kept }) => mb(kept)).join(' '),
    'neighbours P99, ms': rounds.map(({ p99Ms }) => Math.round(p99Ms)).join(' '),
    'machine shared, times': rounds.map(({ shared }) => shared.toFixed(1)).join(' '),
  });
  say(`  ${JSON.stringify(figures)}`);
  return { cases: count, violations, figures };
}

interface Crowd {
  readonly claw: Claw;
  readonly client: OpenClawClient;
  readonly run: string;
  readonly count: number;
  readonly part: number;
  readonly violations: string[];
}

interface Round {
  readonly peak: number;
  /** Held when the crowd had gone. */
  readonly kept: number;
  readonly p99Ms: number;
  readonly shared: number;
}

async function feedOnce({ claw, client, run, count, part, violations }: Crowd): Promise<Round> {
  const before = claw.rssBytes();
  const streaming = followRun(client, `streaming ${part}`, 200, WATCHED_MS);
  const neighbours = await startNeighbours(claw.url);
  const stretch = watchStretch(claw.pid);
  const readers: SlowReader[] = [];
  try {
    for (let n = 0; n < count; n++) readers.push(await openSlowReader(claw.port, run, n % 2 === 0 ? 'nothing' : 'byte'));
    const peak = await summit(() => claw.rssBytes());
    const allowed = count * PER_READER_BYTES + SLACK_BYTES;
    if (peak - before > allowed) violations.push(`the server grew by ${mb(peak - before)} MB, ${mb(allowed)} MB are allowed`);
    const { tookMs, failed } = await neighbours.stop();
    const shared = stretch();
    const said = await within(20_000, 'the end of a run beside them', streaming.end);
    if (said !== undefined) violations.push(said);
    const over = readers.filter((reader) => reader.isOver()).length;
    if (over > 0) violations.push(`${over} slow readers were ended before their time`);
    const p99Ms = percentile(tookMs, 0.99);
    if (failed > 0) violations.push(`${failed} runs of neighbours failed`);
    for (const reader of readers) reader[Symbol.dispose]();
    return { peak, kept: await settled(() => claw.rssBytes(), before), p99Ms, shared };
  } finally {
    for (const reader of readers) reader[Symbol.dispose]();
  }
}

/** What each round left beyond the one before it, in bytes. */
function growths(rounds: readonly Round[]): number[] {
  return rounds.slice(1).map(({ kept }, i) => kept - (rounds[i]?.kept ?? 0));
}

/** The most that is held, once it has not grown for a while. */
async function summit(rssBytes: () => number): Promise<number> {
  const began = performance.now();
  let peak = 0;
  let grewAt = began;
  for (;;) {
    const now = performance.now();
    const bytes = rssBytes();
    if (bytes > peak * 1.02) grewAt = now;
    peak = Math.max(peak, bytes);
    if (now - began > SUMMIT_MS || (now - began > WATCHED_MS && now - grewAt > 2_000)) return peak;
    await sleep(50);
  }
}

/** The least that is held within some seconds; not waited for once it is back near `baseline`. */
export async function settled(rssBytes: () => number, baseline: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 50 && least > baseline * 1.05; i++) {
    least = Math.min(least, rssBytes());
    await sleep(200);
  }
  return least;
}

function mb(bytes: number): number {
  return Math.round(bytes / MEGABYTE);
}
