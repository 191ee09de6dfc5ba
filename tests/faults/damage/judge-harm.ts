import { encodeRecord, NO_USAGE, OpenClawError } from '@openclaw-runtime/protocol';
import type { Lease, RunKey, Store } from '@openclaw-runtime/store';
import type { TrueRun, Truth } from './truth.ts';

/** How what was asked for was answered: `right` to the byte, `shorter` as a beginning in a new epoch, `ended` as a run that needs attention, or a word of ours. */
export type Answers = Map<string, number>;

const GIVEN_UP = encodeRecord('run.finished', 0, 0, {
  status: 'needs_attention',
  error: { code: 'DATA_DAMAGED', message: 'lost' },
  usage: NO_USAGE,
});

/** Opens a data folder, in this process or as a server does. */
export type Open = (folder: string) => Store | Promise<Store>;

/** Opens a folder that was harmed, asks it for everything, ends what is lost and goes on with the rest; then opens it once more. Throws what no answer may be. */
export async function judgeHarm(folder: string, truth: Truth, open: Open): Promise<Answers> {
  const answers: Answers = new Map();
  const count = (answer: string): void => void answers.set(answer, (answers.get(answer) ?? 0) + 1);
  const typed = (error: unknown): void => count(wordOf(error));
  const ends = new Map<string, number>();
  // The newest commits are lost, as in an older copy: the store says so, and what came with them is not known to it.
  let isOlder = false;
  for (const time of ['first', 'second'] as const) {
    let store: Store;
    try {
      store = await open(folder);
    } catch (error) {
      typed(error);
      return answers;
    }
    try {
      isOlder ||= store.upkeep.found.some(({ what }) => what.includes('older copy'));
      const leases = takeLeases(store);
      if (store.runId('t', 'name') !== truth.runId) throw new Error('the run of an idempotency key is another one');
      for (const run of truth.runs) {
        await judgeRun(store, run, { lease: leases.get(run.key), end: ends.get(run.key), isOlder }).then(count, (error: unknown) =>
          typed(blame(error, run.key, isOlder)),
        );
      }
      for (const [name, value] of truth.states) await judgeState(store, name, value, isOlder).then(count, typed);
      if (time === 'first') await endLost(leases, ends).catch(typed);
    } finally {
      await store.close().catch(typed);
    }
  }
  return answers;
}

function takeLeases(store: Store): Map<RunKey, Lease> {
  const leases = new Map<RunKey, Lease>();
  store.queue.consume('judge', 10_000, {
    leased: (lease) => leases.set(lease.key, lease),
    command: () => undefined,
    lost: () => undefined,
  });
  return leases;
}

interface Circumstances {
  readonly lease: Lease | undefined;
  /** Where this run was ended by `endLost`. */
  readonly end: number | undefined;
  readonly isOlder: boolean;
}

async function judgeRun(store: Store, run: TrueRun, { lease, end, isOlder }: Circumstances): Promise<string> {
  const { records, head, fold } = await readAll(store, run.key);
  if (run.fold !== undefined) {
    if (fold !== run.fold) throw new Error('the snapshot is another one');
    return 'right';
  }
  const known = end === undefined ? records : records.slice(0, end);
  known.forEach((record, i) => {
    if (record !== run.records[i]) throw new Error(`record ${i + 1} is ${record}, it was ${run.records[i]}`);
  });
  if (head.seq !== records.length) throw new Error(`the head is ${head.seq}, there are ${records.length} records`);
  if (end !== undefined) return 'ended';
  if (known.length === run.records.length && run.isDone) {
    if (!head.done) throw new Error('the run had ended, and goes on');
    return 'right';
  }
  if (!lease) throw new Error('the run goes on, and nobody is given it');
  if (lease.damage !== undefined) {
    if (head.epoch === 1) throw new Error(`lost ${lease.damage}, in the epoch that readers saw`);
    return 'damaged';
  }
  const ids = (commands: readonly { readonly id: string }[]): string => commands.map(({ id }) => id).join();
  if (ids(lease.commands) !== ids(run.commands) && !isOlder)
    throw new Error(`the commands are ${ids(lease.commands)}, they were ${ids(run.commands)}`);
  if (known.length === run.records.length) return 'right';
  if (head.epoch === 1) throw new Error(`shorter by ${run.records.length - known.length} records, in the epoch that readers saw`);
  return 'shorter';
}

async function readAll(store: Store, key: RunKey) {
  const records: string[] = [];
  let fold: string | undefined;
  for (let after = 0; ; ) {
    const { chunk, snapshot, head } = await store.runs.read(key, after, 1 << 20);
    if (chunk) {
      records.push(...(JSON.parse(`[${chunk.body}]`) as unknown[]).map((record) => JSON.stringify(record)));
      after = chunk.first + chunk.count - 1;
    } else if (snapshot) {
      ({ fold } = snapshot);
      after = snapshot.seq;
    } else return { records, head, fold };
  }
}

async function judgeState(store: Store, name: string, value: string, isOlder: boolean): Promise<string> {
  const state = await store.state.get('t', name);
  if (!state && isOlder) return 'older';
  if (state?.value !== value) throw new Error(`the state ${name} is ${state?.value}, it was ${value}`);
  return 'right';
}

/** As a runtime does: lost runs end. The others are gone on with the next time. */
async function endLost(leases: ReadonlyMap<RunKey, Lease>, ends: Map<string, number>): Promise<void> {
  for (const lease of leases.values()) {
    if (lease.damage === undefined) continue;
    lease.append([GIVEN_UP], 'disk', true);
    await lease.settled();
    ends.set(lease.key, lease.head.seq);
  }
}

function wordOf(error: unknown): string {
  if (!(error instanceof OpenClawError) || error.code === 'INTERNAL') throw error;
  return error.code;
}

/** No run of the folder is unknown to it, unless it is older. */
function blame(error: unknown, key: RunKey, isOlder: boolean): unknown {
  if (error instanceof OpenClawError && (isOlder || error.code !== 'NOT_FOUND')) return error;
  return new Error(`${key}: ${(error as Error).message}`, { cause: error });
}
