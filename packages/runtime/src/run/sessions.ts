import type { Message } from '@openclaw-runtime/protocol';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { RunKey, Store } from '@openclaw-runtime/store';

/** Conversations: the runs of one session take turns, in the order in which they were leased, and each sees what the ones before said. */
export interface Sessions {
  /** Waits for the run's turn. Without a session there is nothing to wait for and nothing to remember. Rejects with the signal's reason. */
  enter(key: RunKey, session: string | undefined, signal: AbortSignal): Promise<Turn>;
}

export interface Turn extends AsyncDisposable {
  readonly messages: readonly Message[];
  /** Adds what this run said, once: a run that did so before its process died does not do it again. */
  save(said: readonly Message[]): Promise<void>;
}

interface SessionState {
  readonly messages: readonly Message[];
  /** The run that spoke last. */
  readonly last: string;
}

const NO_TURN: Turn = { messages: [], save: () => Promise.resolve(), [Symbol.asyncDispose]: () => Promise.resolve() };

export function createSessions(store: Store): Sessions {
  const tails = new Map<string, Promise<void>>();

  return {
    async enter(key, session, signal) {
      if (session === undefined) return NO_TURN;
      const slash = key.indexOf('/');
      const tenant = key.slice(0, slash);
      const run = key.slice(slash + 1);
      const name = `session/${session}`;
      const place = `${tenant}/${name}`;

      const before = tails.get(place) ?? Promise.resolve();
      let leave: () => void = () => undefined;
      const mine = before.then(
        () =>
          new Promise<void>((resolve) => {
            leave = resolve;
          }),
      );
      tails.set(place, mine);
      const done = (): Promise<void> => {
        leave();
        if (tails.get(place) === mine) tails.delete(place);
        return Promise.resolve();
      };

      try {
        await untilAborted(before, signal);
      } catch (error) {
        void before.then(done);
        throw error;
      }
      const found = await store.state.get(tenant, name).catch(async (error: unknown) => {
        await done();
        throw error;
      });
      const state: SessionState = found ? (JSON.parse(found.value) as SessionState) : { messages: [], last: '' };
      return {
        messages: state.last === run ? [] : state.messages,
        async save(said) {
          if (state.last === run) return;
          const next: SessionState = { messages: [...state.messages, ...said], last: run };
          await store.state.put(tenant, name, JSON.stringify(next), found?.rev ?? 0).catch((error: unknown) => {
            throw OpenClawError.from(error);
          });
        },
        [Symbol.asyncDispose]: done,
      };
    },
  };
}

function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, reject);
  });
}
