import { OpenClawError } from '@openclaw-runtime/protocol';
import type { ClientEvents } from './events.ts';

export type Listener<E extends keyof ClientEvents> = (...args: ClientEvents[E]) => void;

export interface Emitter {
  on<E extends keyof ClientEvents>(event: E, listener: Listener<E>): void;
  off<E extends keyof ClientEvents>(event: E, listener: Listener<E>): void;
  emit<E extends keyof ClientEvents>(event: E, ...args: ClientEvents[E]): void;
}

/** The client's public events. A listener that throws stops nobody: what it threw is told as `error`. */
export function createEmitter(): Emitter {
  const listeners = new Map<keyof ClientEvents, Set<unknown>>();
  const setOf = <E extends keyof ClientEvents>(event: E): Set<Listener<E>> => {
    const known = listeners.get(event) ?? new Set();
    listeners.set(event, known);
    return known as Set<Listener<E>>;
  };

  const emit = <E extends keyof ClientEvents>(event: E, ...args: ClientEvents[E]): void => {
    // Those of now: a listener may add others.
    const now = Array.from(setOf(event));
    for (const listener of now) {
      try {
        listener(...args);
      } catch (thrown) {
        if (event === 'error') surface(thrown);
        else emit('error', new OpenClawError('INTERNAL', `A listener of '${event}' threw: ${thrown}`, { cause: thrown }));
      }
    }
  };

  return {
    on(event, listener) {
      setOf(event).add(listener);
    },
    off(event, listener) {
      setOf(event).delete(listener);
    },
    emit,
  };
}

/** An error listener that throws has nobody left to tell: it becomes an uncaught error of the program, as elsewhere. */
function surface(thrown: unknown): void {
  queueMicrotask(() => {
    throw thrown;
  });
}
