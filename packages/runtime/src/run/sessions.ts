import type { Clock } from '@openclaw-runtime/kit';
import type { Message } from '@openclaw-runtime/protocol';
import type { RunKey, Store } from '@openclaw-runtime/store';
import { untilAborted } from './until-aborted.ts';
import { whenNotFull } from './when-not-full.ts';

/** Conversations: the runs of one session take turns, in the order in which they took their seats, and each sees what the ones before said. */
export interface Sessions {
  /** A seat behind all runs of this session that have one. To be taken before a run waits for anything, so that a restart keeps the order. */
  seat(key: RunKey, session: string): Seat;
}

/** Leaving it lets the next run have its turn. */
export interface Seat extends Disposable {
  /** Waits until all before have left. Rejects with the signal's reason. */
  turn(signal: AbortSignal): Promise<Turn>;
}

export interface Turn {
  readonly messages: readonly Message[];
  /** Given to the run before, which could not answer them: they come behind this run's input. */
  readonly held: readonly Message[];
  /**
   * What this run adds to the session, its input and `held` included, and what it leaves to the next. Takes the place of what it, or a dead owner of it, saved
   * before. Waits while the disk is full.
   */
  save(said: readonly Message[], held: readonly Message[], signal: AbortSignal): Promise<void>;
}

interface SessionState {
  readonly messages: readonly Message[];
  readonly held?: readonly Message[];
  /** The run that spoke last. */
  readonly last: string;
  /** What that run found: so many messages, and those that were held for it. */
  readonly found?: { readonly count: number; readonly held: readonly Message[] };
}

export function createSessions(store: Store, clock: Clock): Sessions {
  /** By session: resolves when the last seat that was taken is free. */
  const tails = new Map<string, Promise<void>>();

  return {
    seat(key, session) {
      const slash = key.indexOf('/');
      const tenant = key.slice(0, slash);
      const name = `session/${session}`;
      const place = `${tenant}/${name}`;
      const before = tails.get(place) ?? Promise.resolve();
      const left = Promise.withResolvers<void>();
      const mine = Promise.all([before, left.promise]).then(() => {
        if (tails.get(place) === mine) tails.delete(place);
      });
      tails.set(place, mine);
      return {
        async turn(signal) {
          await untilAborted(before, signal);
          return takeTurn(store, clock, tenant, name, key.slice(slash + 1));
        },
        [Symbol.dispose]: () => left.resolve(),
      };
    },
  };
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
    async save(said, left, signal) {
      const next: SessionState = { messages: [...messages, ...said], held: left, last: run, found: { count: messages.length, held } };
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
