import type { OpenClawError } from '@openclaw-runtime/protocol';
import { encodeState } from '../codec/encode.ts';
import type { Call } from './call.ts';
import type { Pieces } from './pieces.ts';

/** What an operation tells its viewers. */
export interface Events {
  /** `step`: inside of which one. */
  emit(name: string, data: unknown, step: string | undefined): Promise<void>;
  /** Whether some are on their way. */
  readonly ahead: boolean;
  /** When all so far were told. */
  told(): Promise<void>;
}

/** So many may be on their way before `emit` waits. */
const MAX_AHEAD = 64;

/** An event does not wait for its answer: it is no piece, so whoever waited for it would go on at another time in the next life. `lose` ends the operation. */
export function createEvents(call: Call, pieces: Pieces, lose: (error: OpenClawError) => void): Events {
  const ahead = new Set<Promise<unknown>>();
  return {
    async emit(name, data, step) {
      const request = { do: 'emit', name, data: encodeState(data), ...(step !== undefined && { step }) } as const;
      const telling = pieces.during(call.ask(request));
      ahead.add(telling);
      telling.then(
        () => ahead.delete(telling),
        (error: OpenClawError) => lose(error),
      );
      if (ahead.size >= MAX_AHEAD) await telling;
    },
    get ahead() {
      return ahead.size > 0;
    },
    async told() {
      await Promise.all(ahead);
    },
  };
}
