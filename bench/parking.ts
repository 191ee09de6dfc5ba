// What runs cost that wait for a person: memory for each, on its thread and parked, and how soon one goes on when it is answered.
// node --conditions=openclaw-source bench/parking.ts [runs]
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { seededRandom, systemClock, systemRandom } from '@openclaw-runtime/kit';
import { createBroker } from '@openclaw-runtime/model';
import { type Approval, encodeRecord, type WireRecord } from '@openclaw-runtime/protocol';
import { createThreadPool, createWorkers, RUN_LIMITS, type Runtime, startRuntime } from '@openclaw-runtime/runtime';
import { openSqliteStore, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { percentile, round } from './percentile.ts';

export interface ParkingReport {
  readonly runs: number;
  /** Of the heap of the house's own thread, for each run. */
  readonly heapBytesPerRun: number;
  /** The same in sessions of their own. */
  readonly heapBytesPerRunInSession: number;
  /** Resident memory of the process, all threads, before them and with all of them parked, once what it took to get there was given back. */
  readonly rssMiB: { readonly before: number; readonly parked: number };
  /** Seconds until all were parked, from when the first was created. */
  readonly parkedSeconds: number;
  /** Milliseconds from sending an answer until the end of the run is durable: one after the other. */
  readonly answerMs: { readonly median: number; readonly p99: number };
  /** Runs whose ends are durable in a second when all the others are answered at once, in any order. */
  readonly answersPerSecond: number;
}

const module = new URL('./parking-agent.ts', import.meta.url).href;
/** As long as a small task is. */
const INPUT = 'Look through the orders of the last week, and ask before anything is paid back. '.repeat(4);
const PROBES = 200;
/** In which V8 gives back what it took at the height of the work. */
const RETURN_MS = 12_000;

export async function measureParking(runs = 10_000): Promise<ParkingReport> {
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-parking-'));
  const collect = garbageCollector();
  const store = await openSqliteStore({ folder });
  const pool = createThreadPool({
    spawn: createWorkers(),
    clock: systemClock,
    maxThreads: 2,
    onLost: () => undefined,
    timeouts: { idleMs: 1_000 },
  });
  const agent = { name: 'asker', module, card: await pool.describe('asker', module) };
  const runtime = await startRuntime({
    store,
    broker: createBroker({ providers: {}, models: {}, clock: systemClock, random: systemRandom }),
    agents: [agent],
    threads: pool,
    defaultModel: 'sim',
    clock: systemClock,
    random: systemRandom,
    limits: { ...RUN_LIMITS, parkAfterMs: 0 },
    textDurability: 'process',
    tokenIntervalMs: 0,
    owner: 'bench',
    onDefect(_key, error) {
      throw error;
    },
  });
  try {
    const { keys: warm } = await begin(store, runtime, 'warm', 500, false);
    await answer(store, warm);
    const before = await collect();
    const at = performance.now();
    const { keys, parkedAtMs } = await begin(store, runtime, 'run', runs, false);
    const parkedSeconds = (parkedAtMs - at) / 1_000;
    const parked = await collect();
    await begin(store, runtime, 'session', runs, true);
    const inSession = await collect();
    await new Promise((resolve) => setTimeout(resolve, RETURN_MS));
    const rested = await collect();

    const random = seededRandom(1);
    const order = keys.map((key) => ({ key, at: random.float() })).toSorted((a, b) => a.at - b.at);
    const took: number[] = [];
    for (const { key } of order.slice(0, PROBES)) {
      const sent = performance.now();
      await answer(store, [key]);
      took.push(performance.now() - sent);
    }
    const rest = order.slice(PROBES).map(({ key }) => key);
    const sent = performance.now();
    await answer(store, rest);
    return {
      runs,
      heapBytesPerRun: Math.round((parked.heap - before.heap) / runs),
      heapBytesPerRunInSession: Math.round((inSession.heap - parked.heap) / runs),
      rssMiB: { before: round(before.rss / 2 ** 20), parked: round(rested.rss / 2 ** 20) },
      parkedSeconds: round(parkedSeconds),
      answerMs: { median: percentile(took, 0.5), p99: percentile(took, 0.99) },
      answersPerSecond: Math.round((rest.length * 1_000) / (performance.now() - sent)),
    };
  } finally {
    await runtime.drain(0);
    await pool.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Begun {
  readonly keys: readonly RunKey[];
  readonly parkedAtMs: number;
}

/** Resolves when all of them are parked, and the store has come to rest. */
async function begin(store: Store, runtime: Runtime, name: string, count: number, inSessions: boolean): Promise<Begun> {
  const parked = runtime.parked + count;
  const keys: RunKey[] = [];
  for (let i = 0; i < count; i++) {
    const key = runKey('bench', store.runId('bench', `${name} ${i}`));
    const request = { agent: 'asker', operation: 'ask', input: INPUT, ...(inSessions && { session: `${name} ${i}` }) };
    const fingerprint = hash('sha256', key, 'base64url').slice(0, 22);
    const record = encodeRecord('run.created', 0, 0, { ...request, at: systemClock.wall(), fingerprint });
    const created = store.runs.create(key, record, fingerprint);
    if (i % 250 === 249) await created;
    keys.push(key);
  }
  while (runtime.parked < parked) await new Promise((resolve) => setTimeout(resolve, 50));
  const parkedAtMs = performance.now();
  // What is left of them on the way to the disk goes, and threads that nobody needs any more.
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  return { keys, parkedAtMs };
}

/** Allows what each of them asks; resolves when all have ended. */
async function answer(store: Store, keys: readonly RunKey[]): Promise<void> {
  const allow = async (key: RunKey): Promise<void> => {
    const ended = Promise.withResolvers<void>();
    const { id, hash } = await askedOf(store, key);
    const stop = store.runs.follow(key, () => {
      void Promise.resolve(store.runs.read(key, 1_000_000, 1)).then(({ head }) => head.done && ended.resolve());
    });
    await store.inbox.put(key, { id: 'allow', kind: 'approve', data: { approval: id, hash, answer: 'allow' } });
    await ended.promise;
    stop();
  };
  await Promise.all(keys.map(allow));
}

async function askedOf(store: Store, key: RunKey): Promise<Approval> {
  for (let after = 0; ; ) {
    const { chunk } = await store.runs.read(key, after, 1 << 20);
    const asked = (JSON.parse(`[${chunk?.body ?? ''}]`) as WireRecord[]).find(([kind]) => kind === 'approval.asked');
    if (asked) return asked[3] as Approval;
    if (!chunk) throw new Error(`${key} asks nothing`);
    after = chunk.first + chunk.count - 1;
  }
}

/** What is left after everything was collected that can be. */
function garbageCollector(): () => Promise<{ readonly heap: number; readonly rss: number }> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  return async () => {
    for (let i = 0; i < 4; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    return { heap: heapUsed + external, rss };
  };
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await measureParking(Number(process.argv[2] ?? 10_000)))}\n`);
