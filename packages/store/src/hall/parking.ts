import type { Clock } from '@openclaw-runtime/kit';
import type { Piece } from './chunk.ts';
import { createDueHeap } from './due-heap.ts';
import type { Entry } from './entry.ts';

/** Runs whose owners gave them back for a while: they wait for a command or for their time, and hardly take memory meanwhile. */
export interface Parking {
  /** Nobody holds the run: it is offered again when a command for it comes, or `forMs` from now. */
  park(entry: Entry, forMs: number): void;
  /** A command came for it. Nothing happens where it is not parked. */
  wake(entry: Entry): void;
  /** It is not to be offered any more. Defined while its first record is not in memory; resolves, never rejects, when it is. */
  rouse(entry: Entry): Promise<void> | undefined;
  /** All of its records are where they can be read from. */
  placed(entry: Entry): void;
  /** No run is offered any more. */
  stop(): void;
}

export interface ParkingHouse {
  readonly clock: Clock;
  /** Sees to it that the run's records get a place of their own, and then says `placed`. */
  place(entry: Entry): void;
  /** The run's first record, from its place. */
  creationOf(entry: Entry): Promise<string>;
  /** So many characters of requests left memory, or came back. */
  resized(chars: number): void;
  /** Now, whether a place is free or not: others may wait for what it holds, and somebody for it. */
  offer(entry: Entry): void;
}

/** Shared by all of them: a run gets records only after it has a list of its own again. */
const NOTHING = Object.freeze<Piece[]>([]) as Piece[];
/** Timers take no more. */
const LONGEST_MS = 2 ** 31 - 1;

export function createParking({ clock, place, creationOf, resized, offer }: ParkingHouse): Parking {
  const heap = createDueHeap();
  let cancelTimer: (() => void) | undefined;
  let timerMs = Number.POSITIVE_INFINITY;
  let isStopped = false;

  /** One timer for all of them, set for the first. */
  const arm = (): void => {
    const { firstMs } = heap;
    if (firstMs === timerMs || isStopped) return;
    cancelTimer?.();
    timerMs = firstMs;
    const waitMs = firstMs - clock.now();
    cancelTimer = firstMs === Number.POSITIVE_INFINITY ? undefined : clock.after(Math.min(Math.max(waitMs, 0), LONGEST_MS), ring);
  };

  const ring = (): void => {
    timerMs = Number.POSITIVE_INFINITY;
    cancelTimer = undefined;
    const now = clock.now();
    for (let entry = heap.takeDue(now); entry; entry = heap.takeDue(now)) offerAgain(entry);
    arm();
  };

  const offerAgain = (entry: Entry): void => {
    if (!entry.shed) return offer(entry);
    const { token } = entry;
    // Who claimed it meanwhile has it.
    void restore(entry).then(() => entry.token === token && !isStopped && offer(entry));
  };

  const restore = async (entry: Entry): Promise<void> => {
    let creation = '';
    let damage: string | undefined;
    try {
      creation = await creationOf(entry);
    } catch (error) {
      damage = `Its first record cannot be read: ${(error as Error).message}`;
    }
    if (!entry.shed) return;
    entry.shed = false;
    entry.pieces = [];
    entry.creation = creation;
    entry.damage ??= damage;
    resized(creation.length);
  };

  return {
    park(entry, forMs) {
      if (forMs <= 0) return offer(entry);
      heap.add(entry, clock.now() + forMs);
      arm();
      place(entry);
    },
    wake(entry) {
      if (entry.rank < 0) return;
      heap.remove(entry);
      arm();
      offerAgain(entry);
    },
    rouse(entry) {
      heap.remove(entry);
      arm();
      return entry.shed ? restore(entry) : undefined;
    },
    placed(entry) {
      if (entry.rank < 0 || entry.shed || entry.placed < entry.seq) return;
      entry.pieces = NOTHING;
      entry.bytes = 0;
      resized(-entry.creation.length);
      entry.creation = '';
      entry.shed = true;
    },
    stop() {
      isStopped = true;
      cancelTimer?.();
    },
  };
}
