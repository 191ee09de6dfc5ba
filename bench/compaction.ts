// What a long history costs: attaching to a run of 1,000,000 records, recovering it, what compaction leaves on disk, and how long commits wait for it.
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Random, seededRandom } from '@openclaw-runtime/kit';
import { encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import { type CompactReport, type Lease, openSqliteStore, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { replayRun } from '../packages/runtime/src/run/replay.ts';
import { attach, type LongRun, reaches, writeLongRun } from './long-run.ts';
import { openPeer } from './peer.ts';
import { percentile, round } from './percentile.ts';
import { startServer } from './server.ts';

export interface CompactionReport {
  readonly records: number;
  /** Milliseconds, median of 20 (of 5 where everything is sent). */
  readonly attach: Readonly<Record<'ended' | 'compacted' | 'alive', AttachReport>>;
  readonly longRun: DiskReport;
  readonly midSizeRuns: DiskReport & { readonly runs: number };
  /** Milliseconds of one commit to another run. */
  readonly commits: { readonly quiet: Latency; readonly whileCompacting: Latency };
  /** Milliseconds: opening the store and replaying the live run in it; a started server until the run's next record. */
  readonly recovery: { readonly openMs: number; readonly replayMs: number; readonly serverMs: number };
}

interface AttachReport {
  readonly atHead: number;
  readonly tenBefore: number;
  readonly fromNothing: number;
}

interface DiskReport {
  readonly keptTextBytes: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Disk after compaction, by kept text. */
  readonly ratio: number;
  readonly compactMs: number;
  /** The longest slice: commits wait for as long at most. */
  readonly longestSliceMs: number;
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const RECORDS = 1_000_000;
const LATER_MS = 7_200_000;

export async function measureCompaction(records = RECORDS): Promise<CompactionReport> {
  const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'openclaw-compaction-'));
  const place = (name: string): string => join(folder, name);
  try {
    const run = await writeLongRun(place('ended'), records);
    for (const copy of ['compacted', 'beside']) cpSync(place('ended'), place(copy), { recursive: true });
    const live = await writeLongRun(place('live'), records, true);
    const commits = await compactBesideCommits(place('beside'));
    const longRun = diskReport(place('ended'), place('compacted'), run.textBytes, await compactFolder(place('compacted')));
    const recovery = await measureReplay(place('live'), live);
    const alive = await attachTo(place('live'), live, true);
    return {
      records,
      attach: {
        ended: (await attachTo(place('ended'), run)).attach,
        compacted: (await attachTo(place('compacted'), run)).attach,
        alive: alive.attach,
      },
      longRun,
      midSizeRuns: await measureMidSize(place('mid')),
      commits,
      recovery: { ...recovery, serverMs: alive.recoveredMs },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function attachTo(
  folder: string,
  { run, records, h }: LongRun,
  live = false,
): Promise<{ attach: AttachReport; recoveredMs: number }> {
  const from = performance.now();
  await using server = await startServer(folder);
  using peer = await openPeer(server.url);
  let ch = 1;
  const recoveredMs = live
    ? (await attach(peer, { ch, run, epoch: 1, after: records, h }, reaches(records + 1)), performance.now() - from)
    : 0;
  const times = async (rounds: number, frame: object, done: (frame: { readonly t: string }) => boolean): Promise<number> => {
    const all: number[] = [];
    for (let i = 0; i < rounds; i++) {
      all.push(await attach(peer, { ...frame, ch: ++ch, run }, done));
      peer.send({ t: 'detach', ch });
    }
    return round(percentile(all, 0.5));
  };
  const report = {
    atHead: await times(20, { epoch: 1, after: records, h }, (frame) => frame.t === 'attached'),
    tenBefore: await times(20, { epoch: 1, after: records - 10 }, reaches(records)),
    fromNothing: await times(5, {}, reaches(records)),
  };
  return { attach: report, recoveredMs: round(recoveredMs) };
}

/** The long run is compacted while another run commits as fast as it can. */
async function compactBesideCommits(folder: string): Promise<CompactionReport['commits']> {
  const store = await openSqliteStore({ folder });
  const lease = await begin(store, runKey('default', 'beside'));
  const quiet = await commitUntil(lease, new Promise((resolve) => setTimeout(resolve, 3_000)));
  const compacting = compact(store);
  const whileCompacting = await commitUntil(lease, compacting);
  lease.append([FINISHED], 'disk', true);
  await lease.settled();
  await store.close();
  return { quiet, whileCompacting };
}

async function commitUntil(lease: Lease, end: Promise<unknown>): Promise<Latency> {
  const took: number[] = [];
  let open = true;
  const close = end.then(() => {
    open = false;
  });
  while (open) {
    const at = performance.now();
    lease.append([encodeRecord('feedback.given', 0, 0, { command: 'c', feedback: 'x' })], 'process');
    await lease.settled();
    took.push(performance.now() - at);
  }
  await close;
  return { p50: round(percentile(took, 0.5)), p99: round(percentile(took, 0.99)), max: round(Math.max(...took)) };
}

async function measureMidSize(folder: string, runs = 1_000): Promise<CompactionReport['midSizeRuns']> {
  let textBytes = 0;
  const chance = seededRandom(1);
  const store = await openSqliteStore({ folder });
  for (let i = 0; i < runs; i++) {
    const lease = await begin(store, runKey('default', `mid-size run ${i}`));
    const texts = Array.from({ length: 100 + ((i * 37) % 400) }, () => `${words(chance)} ${words(chance)} `);
    for (const text of texts) textBytes += text.length;
    lease.append([encodeRecord('step.started', 1, 1, { model: 'm' }), ...texts.map((text) => encodeRecord('text', 1, 1, text))], 'process');
    lease.append([encodeRecord('step.ended', 1, 1, { finish: 'stop', usage: NO_USAGE }), FINISHED], 'process', true);
    await lease.settled();
  }
  await store.close();
  cpSync(folder, `${folder}-compacted`, { recursive: true });
  return { runs, ...diskReport(folder, `${folder}-compacted`, textBytes, await compactFolder(`${folder}-compacted`)) };
}

/** Letters and digits by chance: no text that people or models write is as hard to compress. */
function words(chance: Random): string {
  return Math.floor(chance.float() * 36 ** 8).toString(36);
}

/** What a restart after a kill has to do for the live run before it can go on, measured on a copy. */
async function measureReplay(folder: string, { run, records }: LongRun): Promise<{ openMs: number; replayMs: number }> {
  const copy = `${folder}-copy`;
  cpSync(folder, copy, { recursive: true });
  const from = performance.now();
  const store = await openSqliteStore({ folder: copy });
  const opened = performance.now();
  await replayRun(store, runKey('default', run), records);
  const replayed = performance.now();
  await store.close();
  return { openMs: round(opened - from), replayMs: round(replayed - opened) };
}

interface Compacted extends CompactReport {
  readonly tookMs: number;
}

async function compactFolder(folder: string): Promise<Compacted> {
  const store = await openSqliteStore({ folder });
  try {
    return await compact(store);
  } finally {
    await store.close();
  }
}

async function compact(store: Store): Promise<Compacted> {
  const from = performance.now();
  const report = await store.upkeep.compact({ compactAfterMs: 3_600_000 }, Date.now() + LATER_MS);
  if (report.compacted === 0) throw new Error('nothing was compacted');
  return { ...report, tookMs: performance.now() - from };
}

async function begin(store: Store, key: RunKey): Promise<Lease> {
  await store.runs.create(key, encodeRecord('run.created', 0, 0, { agent: 'default', input: 'hi', at: 0, fingerprint: 'f' }), 'f');
  return store.queue.claim(key, 'bench');
}

const FINISHED = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });

function diskReport(before: string, after: string, keptTextBytes: number, { tookMs, longestMs }: Compacted): DiskReport {
  const bytesAfter = bytesOf(after);
  return {
    keptTextBytes,
    bytesBefore: bytesOf(before),
    bytesAfter,
    ratio: round(bytesAfter / keptTextBytes),
    compactMs: round(tookMs),
    longestSliceMs: round(longestMs),
  };
}

function bytesOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

if (import.meta.main)
  process.stdout.write(`${JSON.stringify(await measureCompaction(Number(process.argv[2] ?? RECORDS)), undefined, 2)}\n`);
