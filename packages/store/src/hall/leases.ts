import { SlotMap } from '@openclaw-runtime/kit';
import { OpenClawError, type WireRecord } from '@openclaw-runtime/protocol';
import type { Capacity, Command, Consumer, Durability, Lease, QueueLine, RunKey } from '../contract/store.ts';
import type { Committer } from './committer.ts';
import type { EngineMeter, LeaseMeter } from './engine-meter.ts';
import type { Entry } from './entry.ts';
import type { Parking } from './parking.ts';

/** Who may write which run, and the queue of runs that nobody writes yet. */
export interface Leases {
  /** `hurried`: at once, whether a place is free or not. */
  offer(entry: Entry, hurried?: boolean): void;
  consume(owner: string, capacity: Capacity, consumer: Consumer): () => void;
  claim(entry: Entry): Promise<Lease>;
  readonly line: QueueLine;
  /** The run is done: its holder has room for another. */
  finish(entry: Entry): void;
  command(entry: Entry, command: Command): void;
  /** A command for a run that has ended. */
  late(key: RunKey, command: Command): void;
  fail(error: OpenClawError): void;
}

interface Holder {
  readonly consumer: Consumer;
  readonly capacity: Capacity;
  held: number;
  open: boolean;
}

/** `holder`: absent where the run was claimed. */
interface Held {
  readonly entry: Entry;
  readonly holder: Holder | undefined;
}

export function createLeases(committer: Committer, parking: Parking, meter?: EngineMeter): Leases {
  const holders: Holder[] = [];
  /** By key. */
  const holding = new SlotMap<string, Held>();
  /** By key, in the order of offering: it may be long, and is taken from at the front. */
  const waiting = new SlotMap<string, Entry>();
  let passed = 0;

  /** Whoever started the run waits for it, and holds a place itself: it needs none. */
  const isUrgent = ({ creation }: Entry): boolean =>
    creation.includes('"parent":{') && ((JSON.parse(creation) as WireRecord)[3] as { readonly parent?: unknown }).parent !== undefined;

  const anyone = (): Holder | undefined => holders.find(({ open }) => open);

  const withRoom = (): Holder | undefined =>
    holders.find((each) => each.open && each.held < (typeof each.capacity === 'number' ? each.capacity : each.capacity()));

  const pump = (): void => {
    if (waiting.size === 0) return;
    for (const entry of waiting.values()) {
      const holder = withRoom();
      if (!holder) return;
      leave(entry);
      give(entry, holder);
    }
  };

  const leave = (entry: Entry): void => {
    if (waiting.delete(entry.key)) passed++;
  };

  const give = (entry: Entry, holder: Holder): void => {
    holder.held++;
    holding.set(entry.key, { entry, holder });
    holder.consumer.leased(lease(entry));
  };

  const lease = (entry: Entry): Lease => new HallLease(entry, committer, park, meter);

  const heldBy = (entry: Entry): Held | undefined => {
    const held = holding.get(entry.key);
    return held?.entry === entry ? held : undefined;
  };

  const drop = (entry: Entry): Holder | undefined => {
    const held = heldBy(entry);
    if (!held) return undefined;
    holding.delete(entry.key);
    if (held.holder) held.holder.held--;
    return held.holder;
  };

  const park = (entry: Entry, forMs: number): void => {
    drop(entry);
    entry.token++;
    parking.park(entry, forMs);
    pump();
  };

  return {
    offer(entry, hurried = false) {
      const free = waiting.size === 0 ? withRoom() : undefined;
      if (free) passed++;
      const holder = free ?? (hurried || isUrgent(entry) ? anyone() : undefined);
      if (holder) give(entry, holder);
      else {
        waiting.set(entry.key, entry);
        // There may be more room than there was.
        pump();
      }
    },
    consume(_owner, capacity, consumer) {
      const holder: Holder = { consumer, capacity, held: 0, open: true };
      holders.push(holder);
      pump();
      for (const entry of [...waiting.values()].filter(isUrgent)) {
        leave(entry);
        give(entry, holder);
      }
      return () => {
        holder.open = false;
      };
    },
    async claim(entry) {
      const before = drop(entry);
      entry.token++;
      const roused = parking.rouse(entry);
      leave(entry);
      holding.set(entry.key, { entry, holder: undefined });
      before?.consumer.lost(entry.key as RunKey, fenced(entry));
      if (entry.head.seq < entry.seq)
        await new Promise<void>((resolve, reject) => (entry.waiters ??= []).push({ seq: entry.seq, resolve, reject }));
      await roused;
      return lease(entry);
    },
    line: {
      get waiting() {
        return waiting.size;
      },
      get passed() {
        return passed;
      },
    },
    finish(entry) {
      drop(entry);
      pump();
    },
    command(entry, command) {
      const holder = heldBy(entry)?.holder;
      if (holder) holder.consumer.command(entry.key as RunKey, command);
      else parking.wake(entry);
    },
    late(key, command) {
      anyone()?.consumer.late?.(key, command);
    },
    fail(error) {
      parking.stop();
      for (const { entry, holder } of holding.values()) {
        for (const waiter of entry.waiters ?? []) waiter.reject(error);
        holder?.consumer.lost(entry.key as RunKey, error);
      }
      holding.clear();
    },
  };
}

function fenced(entry: Entry): OpenClawError {
  return new OpenClawError('FENCED', `Another owner holds the lease on ${entry.key}; this one must stop writing.`);
}

const NO_COMMANDS: readonly Command[] = [];

/** A class, since there is one per run and its methods need not be made anew each time. */
class HallLease implements Lease {
  readonly head: Lease['head'];
  readonly commands: readonly Command[];
  readonly #entry: Entry;
  readonly #committer: Committer;
  readonly #park: (entry: Entry, forMs: number) => void;
  readonly #token: number;
  readonly #meter: LeaseMeter | undefined;

  constructor(entry: Entry, committer: Committer, park: (entry: Entry, forMs: number) => void, meter: EngineMeter | undefined) {
    this.#entry = entry;
    this.#committer = committer;
    this.#park = park;
    this.#token = ++entry.token;
    this.head = entry.head;
    this.commands = entry.commands.length > 0 ? [...entry.commands] : NO_COMMANDS;
    this.#meter = meter?.leased?.(entry);
  }

  get key(): RunKey {
    return this.#entry.key as RunKey;
  }

  get creation(): string {
    return this.#entry.creation;
  }

  get damage(): string | undefined {
    return this.#entry.damage;
  }

  append(records: readonly string[], durability: Durability, done = false): void {
    const entry = this.#entry;
    this.#guard();
    if (entry.ending) throw new OpenClawError('FENCED', `The log of ${entry.key} has ended; nothing follows its end.`);
    this.#committer.append(entry, records, durability === 'disk', done);
    this.#meter?.appended(records);
  }

  settled(): Promise<void> {
    const entry = this.#entry;
    if (entry.head.seq >= entry.seq) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#committer.check();
      (entry.waiters ??= []).push({ seq: entry.seq, resolve, reject });
    });
  }

  full(): Promise<void> | undefined {
    return this.#committer.full();
  }

  incoming(): Promise<void> | undefined {
    const entry = this.#entry;
    if (entry.incoming === 0) return undefined;
    const quiet = (entry.quiet ??= []);
    return new Promise((resolve) => quiet.push(resolve));
  }

  handled(id: string): void {
    const { commands } = this.#entry;
    const at = commands.findIndex((command) => command.id === id);
    if (at >= 0) commands.splice(at, 1);
  }

  show(status: 'running' | 'budget_exhausted'): void {
    const entry = this.#entry;
    if (entry.token !== this.#token) return;
    entry.waitsForBudget = status === 'budget_exhausted';
    entry.head = { ...entry.head, waits: entry.waitsForBudget };
  }

  saveReplay(seq: number, replay: string): void {
    this.#guard();
    this.#committer.rowLater({ op: 'replay', key: this.#entry.key, seq, replay });
    this.#meter?.replaySaved(replay.length);
  }

  park(forMs: number): void {
    if (this.#entry.token === this.#token && !this.#entry.ending) this.#park(this.#entry, forMs);
  }

  #guard(): void {
    if (this.#entry.token !== this.#token) throw fenced(this.#entry);
  }
}
