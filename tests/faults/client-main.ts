/**
 * A client process that may be killed: `node --conditions=openclaw-source client-main.ts --url URL --dir DIR --arena NAME --seed N --mode vary|prefix
 * [--inflight N]`.
 *
 * Keeps N runs in flight and writes all it gets to `DIR/transcript.jsonl`. Started again, it goes on from the last complete line. Once
 * `DIR/stop` exists it starts no more runs, and ends when the last one has ended.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { OpenClawClient, type Run } from '@openclaw-runtime/client';
import { applyRecord, decodeRecord, emptyFold } from '@openclaw-runtime/protocol';
import { type Mode, planRun, requestOf } from './plan.ts';
import { tellAll } from './tell.ts';
import { type HeardRecord, type Line, openPen, readTranscript } from './transcript.ts';

const STAGGER_MS = 200;

const option = { type: 'string' } as const;
const { values } = parseArgs({ options: { url: option, dir: option, arena: option, seed: option, mode: option, inflight: option } });
const { url = '', dir = '', arena = '', seed = '0', mode = 'vary', inflight = '8' } = values;
const inFlight = Number(inflight);
await serve({ arena, seed: Number(seed), mode: mode as Mode });

async function serve(name: { arena: string; seed: number; mode: Mode }): Promise<void> {
  const path = join(dir, 'transcript.jsonl');
  const before = readTranscript(path);
  using pen = openPen(path);
  pen.write({ t: 'process', pid: process.pid });
  const client = new OpenClawClient({ reconnectDelay: 40, maxReconnectAttempts: 10_000 });
  const follow = tellAll(client, pen.write);
  await client.connect(url);
  console.log('{"ready":true}');

  const live = new Set<Promise<void>>();
  const begin = (run: Run, i: number): void => {
    const following = follow(run, i).finally(() => live.delete(following));
    live.add(following);
  };
  const ask = (i: number): void => {
    pen.write({ t: 'asked', i });
    const plan = planRun(name, i);
    begin(client.run({ ...requestOf(plan), idempotencyKey: plan.idem }), i);
  };

  const past = pastOf(before);
  for (const { i, run, records } of past.values()) {
    const last = records.at(-1);
    if (last?.wire[0] === 'run.finished') continue;
    if (!last || run === undefined) ask(i);
    else {
      const withFold = i % 2 === 0;
      pen.write({ t: 'resumed', i, after: last.seq, with: withFold ? 'fold' : 'cursor' });
      const cursor = { run, epoch: last.epoch, seq: last.seq, h: last.h };
      begin(client.attach(withFold ? { ...cursor, fold: foldOf(records) } : cursor), i);
    }
  }
  for (let i = past.size; !existsSync(join(dir, 'stop')); i++) {
    while (live.size >= inFlight) await Promise.race(live);
    ask(i);
    await sleep(STAGGER_MS / inFlight);
  }
  while (live.size > 0) await Promise.race(live);
  client.close();
}

interface Past {
  readonly i: number;
  run?: string;
  readonly records: HeardRecord[];
}

function pastOf(lines: readonly Line[]): Map<number, Past> {
  const past = new Map<number, Past>();
  for (const line of lines) {
    if (line.t === 'asked' && !past.has(line.i)) past.set(line.i, { i: line.i, records: [] });
    else if (line.t === 'started') Object.assign(past.get(line.i) ?? {}, { run: line.run });
    else if (line.t === 'record') past.get(line.i)?.records.push(line);
  }
  return past;
}

function foldOf(records: readonly HeardRecord[]) {
  const fold = emptyFold();
  for (const { wire, seq } of records) applyRecord(fold, decodeRecord(wire, seq));
  return fold;
}
