import { encodeRecord, type Fork, OpenClawError, type WireRecord } from '@openclaw-runtime/protocol';
import { type Lease, runKey, runOf, type Store, tenantOf } from '@openclaw-runtime/store';

const PAGE_BYTES = 256 * 1024;

/**
 * Gives a forked run its past: the source's records up to where they part, exactly as they are, then what is said next. Goes on where a dead owner stopped.
 * Resolves, once all is durable, to where this run's own records begin. `goOn` throws when the run is to stop. Rejects with `NOT_FOUND` when the source's records
 * are gone, or with what reading them rejects with.
 */
export async function copyPast(store: Store, lease: Lease, fork: Fork, goOn: () => void): Promise<number> {
  const run = runOf(lease.key);
  const source = runKey(tenantOf(lease.key), fork.run);
  let seq = lease.head.seq;
  while (seq < fork.seq) {
    const { chunk } = await store.runs.read(source, seq, PAGE_BYTES);
    goOn();
    if (!chunk) throw gone(fork);
    const records = recordsOf(chunk.body).slice(0, fork.seq - seq);
    lease.append(records, 'process');
    seq += records.length;
    await lease.full();
    await lease.settled();
    goOn();
  }
  if (fork.text === undefined) return seq;
  if (seq === fork.seq) {
    lease.append([encodeRecord('message.given', 0, 0, { command: run, mode: 'queue', text: fork.text })], 'disk');
    seq++;
    await lease.settled();
  }
  return seq;
}

/** Each record's one encoding: what JSON.stringify writes of it (PROTOCOL.md §4.3). */
function recordsOf(body: string): string[] {
  return (JSON.parse(`[${body}]`) as WireRecord[]).map((record) => JSON.stringify(record));
}

function gone({ run, seq }: Fork): OpenClawError {
  return new OpenClawError('NOT_FOUND', `This run goes on from record ${seq} of run ${run}, which is not there any more. Start a new run.`);
}
