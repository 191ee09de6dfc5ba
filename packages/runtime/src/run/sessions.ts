import type { Clock } from '@openclaw-runtime/kit';
import type { Message } from '@openclaw-runtime/protocol';
import { type RunKey, runOf, type Store, tenantOf } from '@openclaw-runtime/store';
import { untilAborted } from '../abort/until-aborted.ts';
import type { Anchor } from '../think/thinker.ts';
import { whenNotFull } from './when-not-full.ts';

/** Conversations: the runs of one session take turns, in the order in which they took their seats, and each sees what the ones before said. */
export interface Sessions {
  /** The seat that the run kept, or one behind all runs of this session that have one. To be taken before a run waits for anything, so that a restart keeps the order. */
  seat(key: RunKey, session: string): Seat;
  /** The run ends without its turn: the seat that it kept is free. */
  leave(key: RunKey): void;
}

/** Leaving it lets the next run have its turn. */
export interface Seat extends Disposable {
  /** The run is parked: leaving the seat does not free it, and the run's next owner goes on from it. */
  keep(): void;
  /** Waits until all before have left. Rejects with the signal's reason. */
  turn(signal: AbortSignal): Promise<Turn>;
}

export interface Turn {
  readonly messages: readonly Message[];
  /** How deep the run before thought, and why; absent where nobody predicted that. */
  readonly thought: Anchor | undefined;
  /** Given to the run before, which could not answer them: they come behind this run's input. */
  readonly held: readonly Message[];
  /**
   * What this run adds to the session, its input and `held` included, and what it leaves to the next. Takes the place of what it, or a dead owner of it, saved
   * before. Waits while the disk is full.
   */
  save(said: readonly Message[], held: readonly Message[], thought: Anchor | undefined, signal: AbortSignal): Promise<void>;
}

interface SessionState {
  readonly messages: readonly Message[];
  readonly held?: readonly Message[];
  readonly thought?: Anchor;
  /** The run that spoke last. */
  readonly last: string;
  /** What that run found: so many messages, and those that were held for it. */
  readonly found?: { readonly count: number; readonly held: readonly Message[] };
}

export function createSessions(store: Store, clock: Clock): Sessions {
  const house: Room = { store, clock, tails: new Map(), kept: new Map() };
  return {
    seat(key, session) {
      const own = house.kept.get(key);
      house.kept.delete(key);
      return own ?? new SessionSeat(house, key, session);
    },
    leave(key) {
      const own = house.kept.get(key);
      house.kept.delete(key);
      own?.[Symbol.dispose]();
    },
  };
}

interface Room {
  readonly store: Store;
  readonly clock: Clock;
  /** By session: the last seat that was taken and is not free. */
  readonly tails: Map<string, SessionSeat>;
  /** Of runs that are parked. */
  readonly kept: Map<RunKey, SessionSeat>;
}

/** One of a line of seats, without closures or promises of its own: it may be kept for days. */
class SessionSeat implements Seat {
  readonly #room: Room;
  readonly #key: RunKey;
  /** Of the session, in its tenant. */
  readonly #place: string;
  #before: SessionSeat | undefined;
  #next: SessionSeat | undefined;
  #isLeft = false;
  #onTurn: (() => void) | undefined;

  constructor(room: Room, key: RunKey, session: string) {
    this.#room = room;
    this.#key = key;
    this.#place = `${tenantOf(key)}/session/${session}`;
    this.#before = room.tails.get(this.#place);
    if (this.#before) this.#before.#next = this;
    room.tails.set(this.#place, this);
  }

  async turn(signal: AbortSignal): Promise<Turn> {
    if (this.#before) {
      const turn = new Promise<void>((resolve) => {
        this.#onTurn = resolve;
      });
      await untilAborted(turn, signal);
    }
    const { store, clock } = this.#room;
    const tenant = tenantOf(this.#key);
    return takeTurn(store, clock, tenant, this.#place.slice(tenant.length + 1), runOf(this.#key));
  }

  keep(): void {
    this.#room.kept.set(this.#key, this);
  }

  [Symbol.dispose](): void {
    if (this.#room.kept.get(this.#key) === this) return;
    this.#isLeft = true;
    if (!this.#before) this.#free();
  }

  /** Nobody sits here or before. */
  #free(): void {
    const { tails } = this.#room;
    if (tails.get(this.#place) === this) tails.delete(this.#place);
    let next = this.#next;
    while (next) {
      next.#before = undefined;
      if (!next.#isLeft) return next.#onTurn?.();
      if (tails.get(this.#place) === next) tails.delete(this.#place);
      next = next.#next;
    }
  }
}

async function takeTurn(store: Store, clock: Clock, tenant: string, name: string, run: string): Promise<Turn> {
  const found = await store.state.get(tenant, name);
  const state = found && (JSON.parse(found.value) as SessionState);
  /** Written by a version that kept no `found`: it saved once, at the end. */
  const isSaved = state?.last === run && !state.found;
  const { messages, held } = beforeRun(state, run);
  let { rev, value } = found ?? { rev: 0, value: '' };
  return {
    messages,
    held,
    thought: state?.thought,
    async save(said, left, thought, signal) {
      const found = { count: messages.length, held };
      const next: SessionState = { messages: [...messages, ...said], held: left, ...(thought && { thought }), last: run, found };
      const text = JSON.stringify(next);
      if (isSaved || text === value) return;
      rev = await whenNotFull(clock, signal, () => store.state.put(tenant, name, text, rev));
      value = text;
    },
  };
}

/** What the session held before this run spoke. */
function beforeRun(state: SessionState | undefined, run: string): Pick<Turn, 'messages' | 'held'> {
  if (!state) return { messages: [], held: [] };
  if (state.last !== run || !state.found) return { messages: state.messages, held: state.held ?? [] };
  return { messages: state.messages.slice(0, state.found.count), held: state.found.held };
}
