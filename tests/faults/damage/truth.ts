import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, systemClock } from '@openclaw-runtime/kit';
import { encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import { type Command, type Lease, openSqliteStore, type RunKey, runKey, type Store } from '@openclaw-runtime/store';

/** What a data folder holds, as it was acknowledged. */
export interface Truth {
  readonly folder: string;
  readonly runs: readonly TrueRun[];
  readonly states: ReadonlyMap<string, string>;
  readonly runId: string;
}

export interface TrueRun {
  readonly key: RunKey;
  readonly records: readonly string[];
  readonly isDone: boolean;
  /** Its records are gone; the fold of its snapshot. */
  readonly fold: string | undefined;
  readonly commands: readonly Command[];
}

const STARTED = encodeRecord('step.started', 1, 1, { model: 'm' });
const FINISHED = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });
const LATER_MS = 3_600_000;

/** Fills a store, and keeps its folder as a process that died leaves it, and as one that was closed. Some runs have ended, some of them are compacted; some go on. */
export async function makeTruths(dir: string, random: Random): Promise<readonly Truth[]> {
  const folder = join(dir, 'source');
  const store = await openSqliteStore({ folder, cacheChars: 0, gap: { minMs: 0, maxMs: 0 } });
  const leases = new Map<RunKey, Lease>();
  store.queue.consume('truth', 1_000, {
    leased: (lease) => leases.set(lease.key, lease),
    command: () => undefined,
    lost: () => undefined,
  });
  const compacted = await writeRuns(store, leases, random, 'c', 4, true);
  await store.upkeep.compact({ compactAfterMs: 1 }, systemClock.wall() + LATER_MS);
  const runs = [
    ...compacted,
    ...(await writeRuns(store, leases, random, 'e', 10, true)),
    ...(await writeRuns(store, leases, random, 'a', 5, false)),
  ];
  const states = new Map<string, string>();
  for (const name of ['one', 'two']) {
    states.set(name, `${name} ${random.float()}`);
    await store.state.put('t', name, states.get(name) as string, 0);
  }
  const known: TrueRun[] = [];
  for (const run of runs) known.push({ ...run, fold: (await foldInPlaceOfRecords(store, run.key)) ?? undefined });
  const runId = store.runId('t', 'name');
  cpSync(folder, join(dir, 'killed'), { recursive: true });
  await store.close();
  cpSync(folder, join(dir, 'stopped'), { recursive: true });
  return ['killed', 'stopped'].map((name) => ({ folder: join(dir, name), runs: known, states, runId }));
}

async function writeRuns(store: Store, leases: ReadonlyMap<RunKey, Lease>, random: Random, prefix: string, count: number, isDone: boolean) {
  const runs: Omit<TrueRun, 'fold'>[] = [];
  for (let i = 0; i < count; i++) {
    const key = runKey('t', `${prefix}${Math.floor(random.float() * 1e12)}`.padEnd(22, '_').slice(0, 22));
    const creation = encodeRecord('run.created', 0, 0, { agent: 'default', input: `question ${i}`, at: 0, fingerprint: `f${i}` });
    await store.runs.create(key, creation, `f${i}`);
    const lease = leases.get(key) as Lease;
    const records = [creation, STARTED];
    lease.append([STARTED], 'process');
    // The last one is long: its records leave the journal while it goes on.
    const many = i === count - 1 ? 60 : 2 + Math.floor(random.float() * 6);
    for (let n = 0; n < many; n++) {
      const record = encodeRecord('text', 1, 1, `${key} ${n} ${'x'.repeat(i === count - 1 ? 12_000 : Math.floor(random.float() * 300))}`);
      lease.append([record], 'process');
      records.push(record);
      await lease.settled();
    }
    const commands: Command[] = [];
    for (const id of isDone ? [] : ['first', 'second'].slice(0, i % 3)) {
      const command = { id, kind: 'feedback', data: { note: `${key} ${id}` } };
      await store.inbox.put(key, command);
      commands.push(command);
    }
    if (isDone) {
      lease.append([FINISHED], 'disk', true);
      records.push(FINISHED);
      await lease.settled();
    }
    runs.push({ key, records, isDone, commands });
  }
  return runs;
}

async function foldInPlaceOfRecords(store: Store, key: RunKey): Promise<string | undefined> {
  return (await store.runs.read(key, 0, 1)).snapshot?.fold;
}
