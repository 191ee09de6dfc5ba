// Whether cost grows with history: a run after 1,000 and after 100,000 others; attaching to a run of 100 and of 100,000 records.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from './capacity.ts';
import { attach, reaches, writeLongRun } from './long-run.ts';
import { openPeer, type Peer } from './peer.ts';
import { percentile } from './percentile.ts';
import { startServer } from './server.ts';

export interface FlatnessReport {
  /** Milliseconds of a single short run over its script, median of 100, with so many runs in the store. */
  readonly runAfter: Readonly<Record<string, number>>;
  /** Milliseconds, median of 50: attach at the head; attach ten records before it, until they are there; attach from nothing, until all is there. */
  readonly attach: readonly {
    readonly records: number;
    readonly atHead: number;
    readonly tenBefore: number;
    readonly fromNothing: number;
    readonly bytes: number;
  }[];
}

export async function measureFlatness(): Promise<FlatnessReport> {
  return { runAfter: await measureRuns(), attach: await measureAttach() };
}

async function measureRuns(): Promise<FlatnessReport['runAfter']> {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-flat-'));
  try {
    await using server = await startServer(folder);
    using peer = await openPeer(server.url);
    await load({ rate: 500, seconds: 2, name: 'a' }, server.url);
    const early = await singleRuns(peer, 'early', 0);
    await load({ rate: 5_000, seconds: 20, name: 'b' }, server.url);
    return { 1000: early, 100000: await singleRuns(peer, 'late', 1_000) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function singleRuns(peer: Peer, name: string, from: number): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < 100; i++) {
    const at = performance.now();
    const ended = peer.until((frame) => frame.t === 'ev' && JSON.stringify(frame).includes('run.finished'));
    peer.send({ t: 'start', ch: from + i, idem: `${name}-${i}`, run: { input: `${name} ${i}`, model: 'simulated?tokens=5&ms=20' } });
    await ended;
    took.push(performance.now() - at - 20);
  }
  return percentile(took, 0.5);
}

async function measureAttach(): Promise<FlatnessReport['attach']> {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-attach-'));
  try {
    const runs = [];
    for (const records of [100, 100_000]) runs.push(await writeLongRun(folder, records));
    await using server = await startServer(folder);
    using peer = await openPeer(server.url);
    const rows = [];
    let ch = 0;
    for (const { run, records, h } of runs) {
      const times = { atHead: [] as number[], tenBefore: [] as number[], fromNothing: [] as number[] };
      let bytes = 0;
      for (let i = 0; i < 50; i++) {
        times.atHead.push(await attach(peer, { ch: ch++, run, epoch: 1, after: records, h }, (frame) => frame.t === 'attached'));
        times.tenBefore.push(await attach(peer, { ch: ch++, run, epoch: 1, after: records - 10 }, reaches(records)));
        bytes = 0;
        times.fromNothing.push(
          await attach(peer, { ch: ch++, run }, (frame) => {
            bytes += JSON.stringify(frame).length;
            return reaches(records)(frame);
          }),
        );
      }
      const { atHead, tenBefore, fromNothing } = times;
      rows.push({
        records,
        atHead: percentile(atHead, 0.5),
        tenBefore: percentile(tenBefore, 0.5),
        fromNothing: percentile(fromNothing, 0.5),
        bytes,
      });
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
