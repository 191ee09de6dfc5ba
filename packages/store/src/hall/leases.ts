import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Command, Consumer, Durability, Lease, RunKey, Snapshot } from '../contract/store.ts';
import type { Committer } from './committer.ts';
import type { Entry } from './entry.ts';

/** Who may write which run, and the queue of runs that nobody writes yet. */
export interface Leases {
  offer(entry: Entry): void;
  consume(owner: string, capacity: number, consumer: Consumer): () => void;
  claim(entry: Entry): Promise<Lease>;
  /** The run is done: its holder has room for another. */
  finish(entry: Entry): void;
  command(entry: Entry, command: Command): void;
  fail(error: OpenClawError): void;
}

interface Holder {
  readonly consumer: Consumer;
  readonly capacity: number;
  held: number;
  open: boolean;
}

export function createLeases(committer: Committer): Leases {
  const holders: Holder[] = [];
  const holding = new Map<Entry, Holder | undefined>();
  /** In the order of offering; a Set, since it may be long and is taken from at the front. */
  const waiting = new Set<Entry>();

  const pump = (): void => {
    for (const entry of waiting) {
      const holder = holders.find((each) => each.open && each.held < each.capacity);
      if (!holder) return;
      waiting.delete(entry);
      give(entry, holder);
    }
  };

  const give = (entry: Entry, holder: Holder): void => {
    holder.held++;
    holding.set(entry, holder);
    holder.consumer.leased(lease(entry));
  };

  const lease = (entry: Entry): Lease => {
    const token = ++entry.token;
    const guard = (): void => {
      if (entry.token !== token) throw fenced(entry);
      if (entry.ending) throw new OpenClawError('FENCED', `The log of ${entry.key} has ended; nothing follows its end.`);
    };
    return {
      key: entry.key as RunKey,
      head: entry.head,
      creation: entry.creation,
      commands: [...entry.commands],
      append(records: readonly string[], durability: Durability, done = false) {
        guard();
        committer.append(entry, records, durability === 'disk', done);
      },
      settled() {
        if (entry.head.seq >= entry.seq) return Promise.resolve();
        return new Promise((resolve, reject) => entry.waiters.push({ seq: entry.seq, resolve, reject }));
      },
      full: () => committer.full(),
      snapshot(snapshot: Snapshot) {
        guard();
        committer.rowLater({ op: 'snapshot', key: entry.key, snapshot });
      },
    };
  };

  const drop = (entry: Entry): Holder | undefined => {
    const holder = holding.get(entry);
    holding.delete(entry);
    if (holder) holder.held--;
    return holder;
  };

  return {
    offer(entry) {
      waiting.add(entry);
      pump();
    },
    consume(_owner, capacity, consumer) {
      const holder: Holder = { consumer, capacity, held: 0, open: true };
      holders.push(holder);
      pump();
      return () => {
        holder.open = false;
      };
    },
    async claim(entry) {
      const before = drop(entry);
      entry.token++;
      waiting.delete(entry);
      holding.set(entry, undefined);
      before?.consumer.lost(entry.key as RunKey, fenced(entry));
      if (entry.head.seq < entry.seq) await new Promise<void>((resolve, reject) => entry.waiters.push({ seq: entry.seq, resolve, reject }));
      return lease(entry);
    },
    finish(entry) {
      drop(entry);
      pump();
    },
    command(entry, command) {
      holding.get(entry)?.consumer.command(entry.key as RunKey, command);
    },
    fail(error) {
      for (const [entry, holder] of holding) {
        for (const waiter of entry.waiters) waiter.reject(error);
        holder?.consumer.lost(entry.key as RunKey, error);
      }
      holding.clear();
    },
  };
}

function fenced(entry: Entry): OpenClawError {
  return new OpenClawError('FENCED', `Another owner holds the lease on ${entry.key}; this one must stop writing.`);
}
