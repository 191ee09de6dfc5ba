import type { Payloads, WireRecord } from '@openclaw-runtime/protocol';
import type { Lease, Store } from '@openclaw-runtime/store';
import { traceOf } from './context.ts';
import { type RunSpanOptions, RunSpans } from './run-spans.ts';
import { TracedLease } from './traced-lease.ts';

export interface TracedOptions extends RunSpanOptions {
  /** The part of the runs that are traced, 0–1. */
  readonly sample: number;
}

/** The same store, of whose runs those that are traced have leases that make spans of their records. Where nothing is traced there is none of this. */
export function tracedStore(store: Store, options: TracedOptions): Store {
  const traced = (lease: Lease): Lease => {
    if (lease.creation === '') return lease;
    const asked = (JSON.parse(lease.creation) as WireRecord)[3] as Payloads['run.created'];
    const trace = traceOf(lease.key, asked, options.sample);
    if (!trace.isSampled) return lease;
    // A fork's log begins with records of another run, which are in that one's trace.
    const copied = asked.fork ? Math.max(asked.fork.seq - lease.head.seq, 0) : 0;
    return new TracedLease(lease, new RunSpans(lease.key, asked, trace, options), copied);
  };
  return {
    runs: store.runs,
    queue: {
      consume: (owner, capacity, consumer) =>
        store.queue.consume(owner, capacity, {
          leased: (lease) => consumer.leased(traced(lease)),
          command: (key, command) => consumer.command(key, command),
          late: (key, command) => consumer.late?.(key, command),
          lost: (key, error) => consumer.lost(key, error),
        }),
      line: store.queue.line,
      claim: async (key, owner) => traced(await store.queue.claim(key, owner)),
    },
    inbox: store.inbox,
    state: store.state,
    presence: store.presence,
    upkeep: store.upkeep,
    runId: store.runId,
    failed: store.failed,
    close: () => store.close(),
  };
}
