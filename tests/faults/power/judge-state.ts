import {
  applyRecord,
  CHAIN_START,
  chain,
  decodeRecord,
  emptyFold,
  encodeRecord,
  foldText,
  NO_USAGE,
  OpenClawError,
  type RunFold,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import type { Lease, RunKey, Snapshot, Store } from '@openclaw-runtime/store';
import type { Promises, RunPromise } from './marks.ts';

export interface StateVerdict {
  readonly found: readonly string[];
  /** Text that was acknowledged as `process` is gone. */
  readonly shorter: boolean;
}

/**
 * Holds a store that was opened after a loss of power against what was promised before it. Everything on disk is there to the byte, what is there was written, in its
 * order; where text that was acknowledged is gone, the epoch is another.
 */
export async function judgeState(store: Store, promises: Promises): Promise<StateVerdict> {
  const found: string[] = [];
  let shorter = false;
  const leases = new Map<string, Lease>();
  store.queue.consume('judge', 10_000, {
    leased: (lease) => leases.set(lease.key, lease),
    command: () => undefined,
    lost: () => undefined,
  });
  for (const { run, what } of store.upkeep.found) found.push(`damage was reported: ${run ?? ''} ${what}`);
  if (promises.runId !== undefined && store.runId('t', 'name') !== promises.runId) found.push('the key of the run ids is another');
  for (const [key, promise] of promises.runs) {
    const blame = (says: string): void => void found.push(`${key}: ${says}`);
    try {
      const seq = await judgeRun(store, key as RunKey, promise, leases.get(key), blame);
      shorter ||= seq < promise.seenSeq;
    } catch (error) {
      const { code, message } = OpenClawError.from(error);
      if (code !== 'NOT_FOUND' || promise.diskSeq > 0) blame(`${code}: ${message}`);
    }
  }
  for (const [key, { sent, rev }] of promises.states) {
    const state = await store.state.get('t', key);
    if ((state?.rev ?? 0) < rev) found.push(`state ${key} is at revision ${state?.rev ?? 0}, ${rev} was acknowledged`);
    if (state && sent.get(state.rev) !== state.value) found.push(`state ${key} has a value at ${state.rev} that was not written there`);
  }
  return { found, shorter };
}

/** Ends every run that is open. What says how the log then ends, for `judgeAgain`. */
export async function goOn(store: Store, promises: Promises): Promise<ReadonlyMap<string, number>> {
  const ends = new Map<string, number>();
  for (const key of promises.runs.keys()) {
    try {
      const { head } = await store.runs.read(key as RunKey, 0, 1);
      if (head.done) continue;
      const lease = await store.queue.claim(key as RunKey, 'goes on');
      lease.append([encodeRecord('text', 1, 2, 'after the loss'), FINISHED], 'disk', true);
      await lease.settled();
      ends.set(key, lease.head.seq + 2);
    } catch (error) {
      if (OpenClawError.from(error).code !== 'NOT_FOUND') throw error;
    }
  }
  return ends;
}

/** After one more opening: what went on is there. */
export async function judgeAgain(store: Store, ends: ReadonlyMap<string, number>): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [key, seq] of ends) {
    const { head } = await store.runs.read(key as RunKey, 0, 1);
    if (head.seq !== seq || !head.done)
      found.push(`${key}: ended at ${seq}, opened again it is at ${head.seq}${head.done ? ', done' : ''}`);
  }
  return found;
}

const FINISHED = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });

async function judgeRun(
  store: Store,
  key: RunKey,
  promise: RunPromise,
  lease: Lease | undefined,
  blame: (says: string) => void,
): Promise<number> {
  const { diskSeq, seenSeq, epoch, ended } = promise;
  const { seq, h } = await judgeRecords(store, key, promise, blame);
  const { head } = await store.runs.read(key, seq, 1);
  if (head.seq !== seq || head.h !== h) blame(`the head is at ${head.seq}, its records end at ${seq}`);
  if (seq < diskSeq) blame(`${seq} records, ${diskSeq} were acknowledged as on disk`);
  if (seq < seenSeq && head.epoch <= epoch) blame(`${seq} records, ${seenSeq} were acknowledged, and the epoch is still ${head.epoch}`);
  if (head.epoch < epoch) blame(`the epoch is ${head.epoch}, ${epoch} was acknowledged`);
  if (ended && !head.done) blame('its end is gone');
  if (!head.done && !lease) blame('it has not ended, and is not offered to a runtime');
  if (lease?.damage !== undefined) blame(`it counts as damaged: ${lease.damage}`);
  await judgeRest(store, key, promise, seq, lease, blame);
  return seq;
}

/** Every record, or the snapshot that stands for the first of them, is what was written there. */
async function judgeRecords(store: Store, key: RunKey, { sent }: RunPromise, blame: (says: string) => void): Promise<Place> {
  let place: Place = { seq: 0, h: CHAIN_START };
  for (;;) {
    const { before, chunk, snapshot } = await store.runs.read(key, place.seq, 64 * 1024);
    if (snapshot) {
      blameSnapshot(snapshot, sent, blame);
      if (snapshot.seq <= place.seq) blame(`a snapshot of ${snapshot.seq} in place of what follows ${place.seq}`);
      place = snapshot;
      if (snapshot.seq > sent.length || snapshot.seq === 0) return place;
      continue;
    }
    if (before !== place.h) blame(`the chain before ${place.seq + 1} is another`);
    if (!chunk) return place;
    if (chunk.first !== place.seq + 1) blame(`record ${chunk.first} came after ${place.seq}`);
    let { seq, h } = place;
    for (const record of (JSON.parse(`[${chunk.body}]`) as unknown[]).map((each) => JSON.stringify(each))) {
      if (record !== sent[seq]) blame(`record ${seq + 1} is not the one that was written: ${record.slice(0, 80)}`);
      h = chain(h, record);
      seq++;
    }
    if (chunk.h !== h) blame(`the chain at ${seq} is another`);
    place = { seq, h };
  }
}

interface Place {
  readonly seq: number;
  readonly h: number;
}

function blameSnapshot({ seq, h, fold }: Snapshot, sent: readonly string[], blame: (says: string) => void): void {
  if (seq > sent.length) return blame(`the snapshot is of record ${seq}, ${sent.length} were written`);
  const own = emptyFold();
  for (const [at, record] of sent.slice(0, seq).entries()) applyRecord(own, decodeRecord(JSON.parse(record) as WireRecord, at + 1));
  if (foldText(JSON.parse(fold) as RunFold) !== foldText(own)) blame(`the snapshot at ${seq} has another text`);
  if (sent.slice(0, seq).reduce(chain, CHAIN_START) !== h) blame(`the snapshot at ${seq} has another chain`);
}

async function judgeRest(
  store: Store,
  key: RunKey,
  { sent, commands, replays }: RunPromise,
  seq: number,
  lease: Lease | undefined,
  blame: (says: string) => void,
): Promise<void> {
  const offered = new Set(lease?.commands.map(({ id }) => id));
  for (const id of commands) {
    if (lease && !offered.has(id)) blame(`command ${id} is gone`);
    if (!lease && !(await store.inbox.put(key, { id, kind: 'feedback' }, true)).dup) blame(`command ${id} is gone`);
  }
  const snapshot = await store.runs.snapshot(key);
  if (!snapshot) return;
  blameSnapshot(snapshot, sent, blame);
  if (snapshot.seq > seq) blame(`the snapshot is of record ${snapshot.seq}, the log ends at ${seq}`);
  if (snapshot.replay !== undefined && !replays.has(snapshot.replay)) blame('what its owner saved was not written');
}
