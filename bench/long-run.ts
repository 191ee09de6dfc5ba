import { encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import { type Lease, openSqliteStore, runKey } from '@openclaw-runtime/store';
import { createSnapshots } from '../packages/runtime/src/run/snapshots.ts';
import type { Peer } from './peer.ts';

export interface LongRun {
  readonly run: string;
  readonly records: number;
  /** The chain at the head. */
  readonly h: number;
  /** Bytes of what was said. */
  readonly textBytes: number;
}

/** A run of so many records, written through the store, with what its owner would have saved. A live one answers for as long as its model does. */
export async function writeLongRun(folder: string, records: number, live = false): Promise<LongRun> {
  const store = await openSqliteStore({ folder });
  const run = store.runId('default', `long ${records} ${live}`);
  const key = runKey('default', run);
  const leased = new Promise<Lease>((resolve) => {
    store.queue.consume('bench', 1, { leased: resolve, command: () => undefined, lost: () => undefined });
  });
  const model = 'simulated?tokens=4000&ms=120000';
  const asked = { agent: 'default', input: 'hi', model, at: Date.now(), fingerprint: 'f' };
  await store.runs.create(key, encodeRecord('run.created', 0, 0, asked), 'f');
  const lease = await leased;
  const snapshots = createSnapshots(store, lease);
  lease.append([encodeRecord('step.started', 1, 1, { model })], 'process');
  let textBytes = 0;
  for (let seq = 3; seq < records; ) {
    const batch: string[] = [];
    for (; batch.length < 250 && seq < records; seq++) {
      const text = `${seq} `;
      textBytes += text.length;
      batch.push(encodeRecord('text', 1, 1, text));
    }
    lease.append(batch, 'process');
    if (seq % 1_000 < 250) await lease.settled();
  }
  await lease.settled();
  const end = { status: 'completed', reason: 'stop', usage: NO_USAGE } as const;
  lease.append(live ? [encodeRecord('text', 1, 1, 'x')] : [encodeRecord('run.finished', 0, 0, end)], 'disk', !live);
  await lease.settled();
  snapshots.stop();
  const { head } = await store.runs.read(key, records, 1);
  await store.close();
  return { run, records, h: head.h, textBytes };
}

/** Milliseconds from an attach to the frame that is waited for. */
export async function attach(peer: Peer, frame: object, done: (frame: { readonly t: string }) => boolean): Promise<number> {
  const at = performance.now();
  const answered = peer.until(done);
  peer.send({ t: 'attach', ...frame });
  await answered;
  return performance.now() - at;
}

/** Whether a frame brings a reader to this record. */
export function reaches(records: number): (frame: { readonly t: string; readonly b?: unknown; readonly s?: unknown }) => boolean {
  return (frame) =>
    (frame.t === 'snap' && frame.s === records) ||
    (frame.t === 'ev' && (frame.b as [number, number, unknown[]][]).some(([, first, batch]) => first + batch.length - 1 >= records));
}
