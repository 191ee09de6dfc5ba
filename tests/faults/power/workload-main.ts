/**
 * A process that writes to a store and says what was promised to it: `node --conditions=openclaw-source workload-main.ts --folder F --marks M --seed N
 * --runs N --big CHARS --end close|kill`. Runs of many shapes side by side, states, commands, snapshots, epochs; what an earlier process
 * left goes on.
 */
import { openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Random, seededRandom } from '@openclaw-runtime/kit';
import { encodeRecord, NO_USAGE, OpenClawError } from '@openclaw-runtime/protocol';
import { type Durability, type Lease, openSqliteStore, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import type { Mark } from './marks.ts';

const option = { type: 'string' } as const;
const { values } = parseArgs({ options: { folder: option, marks: option, seed: option, runs: option, big: option, end: option } });
const { folder = '', marks = '', seed = '0', runs = '12', big = '0', end = 'close' } = values;
/** The exit code of a store that said that it had failed. */
const FAILED = 3;
const FINISHED = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });

await work({ random: seededRandom(Number(seed)), runs: Number(runs), bigChars: Number(big), seed: Number(seed) });

interface Task {
  readonly random: Random;
  readonly seed: number;
  /** Runs that this process creates. */
  readonly runs: number;
  /** Characters of a text; 0: short ones. */
  readonly bigChars: number;
}

async function work({ random, seed: name, runs: count, bigChars }: Task): Promise<void> {
  const file = openSync(marks, 'a');
  const say = (mark: Mark): void => void writeSync(file, JSON.stringify(mark));
  const refused = (error: unknown): never => {
    const { code } = OpenClawError.from(error);
    say({ t: 'failed', code });
    if (code === 'STORE_FAILED') process.exit(FAILED);
    throw error;
  };
  const store = await openSqliteStore({ folder }).catch(refused);
  say({ t: 'opened', runId: store.runId('t', 'name') });
  void store.failed.then((error) => {
    say({ t: 'failed', code: error.code });
    process.exit(FAILED);
  });
  const below = (n: number): number => Math.floor(random.float() * n);
  const live = new Set<Promise<void>>();
  let left = count;
  const carry = (lease: Lease): void => {
    say({ t: 'leased', key: lease.key, seq: lease.head.seq, epoch: lease.head.epoch });
    const going = writeRun({ store, lease, say, below, bigChars })
      .catch((error: unknown) => {
        const { code } = OpenClawError.from(error);
        // A run that another part of this workload moved to a new epoch, or a store that has failed, which is said there.
        if (code !== 'FENCED' && code !== 'STORE_FAILED') throw error;
      })
      .finally(() => live.delete(going));
    live.add(going);
  };
  store.queue.consume('workload', 1_000, { leased: carry, command: () => undefined, lost: () => undefined });

  const states = writeStates(store, say, below, `s${name}`, Math.ceil(count / 4));
  try {
    for (; left > 0; left--) {
      while (live.size >= 5) await Promise.race(live);
      const key = runKey('t', `r${name}-${left}`);
      const record = encodeRecord('run.created', 0, 0, { agent: 'default', input: filler(below, 40), at: 0, fingerprint: key });
      say({ t: 'sent', key, first: 1, records: [record] });
      const { head } = await store.runs.create(key, record, key);
      say({ t: 'durable', key, seq: 1, epoch: head.epoch, how: 'disk' });
    }
    if (end === 'kill') process.kill(process.pid, 'SIGKILL');
    await states;
    while (live.size > 0) await Promise.race(live);
    if (below(2) === 0) await store.upkeep.compact({ compactAfterMs: 0 }, Date.now() + 1_000);
    await store.close();
    say({ t: 'closed' });
    process.exit(0);
  } catch (error) {
    refused(error);
  }
}

interface RunTask {
  readonly store: Store;
  readonly lease: Lease;
  readonly say: (mark: Mark) => void;
  readonly below: (n: number) => number;
  readonly bigChars: number;
}

/** Text in batches of both durabilities, now and then a snapshot, a command or a new epoch; most runs come to their end, some stay open. */
async function writeRun({ store, lease, say, below, bigChars }: RunTask): Promise<void> {
  const key: RunKey = lease.key;
  let seq = lease.head.seq;
  let epoch = lease.head.epoch;
  const append = async (records: readonly string[], how: Durability, done = false): Promise<void> => {
    say({ t: 'sent', key, first: seq + 1, records });
    lease.append(records, how, done);
    seq += records.length;
    const reached = seq;
    // Not every append is waited for: several may share a commit.
    if (below(3) === 0 && !done) return;
    await lease.settled();
    say({ t: 'durable', key, seq: reached, epoch, how });
    if (done) say({ t: 'ended', key });
  };
  const text = (): string => encodeRecord('text', 1, 1, filler(below, bigChars > 0 ? bigChars / 2 + below(bigChars) : 5 + below(200)));
  const steps = 4 + below(16);
  for (let i = 0; i < steps; i++) {
    await append(Array.from({ length: 1 + below(3) }, text), below(8) === 0 ? 'disk' : 'process');
    if (below(12) === 0) {
      await lease.settled();
      const replay = JSON.stringify({ seq, filler: filler(below, 200) });
      say({ t: 'replay sent', key, replay });
      lease.saveReplay(seq, replay);
    }
    if (below(12) === 0) {
      const id = `c${i}`;
      say({ t: 'command sent', key, id });
      const { dup } = await store.inbox.put(key, { id, kind: 'feedback', data: i }, true);
      if (!dup) say({ t: 'command', key, id });
    }
    if (below(25) === 0) {
      await lease.settled();
      ({ epoch } = await store.runs.regress(key, epoch));
      say({ t: 'epoch', key, epoch });
    }
  }
  if (below(4) === 0) return;
  await append([FINISHED], 'disk', true);
}

async function writeStates(
  store: Store,
  say: (mark: Mark) => void,
  below: (n: number) => number,
  key: string,
  times: number,
): Promise<void> {
  try {
    for (let rev = 0; rev < times; rev++) {
      const value = filler(below, 300);
      say({ t: 'state sent', key, rev: rev + 1, value });
      await store.state.put('t', key, value, rev);
      say({ t: 'state', key, rev: rev + 1 });
    }
  } catch (error) {
    if (OpenClawError.from(error).code !== 'STORE_FAILED') throw error;
  }
}

function filler(below: (n: number) => number, length: number): string {
  const word = below(2 ** 30).toString(36);
  return `${word} `.repeat(Math.ceil(length / (word.length + 1))).slice(0, length);
}
