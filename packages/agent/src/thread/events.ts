import type { OpenClawError } from '@openclaw-runtime/protocol';
import { encodeState } from '../codec/encode.ts';
import type { Call } from './call.ts';
import type { Pieces } from './pieces.ts';

/** So many may be on their way before `emit` waits. */
const MAX_AHEAD = 64;

/**
 * What an operation tells its viewers. An event does not wait for its answer: it is no piece, so whoever waited for it would go on at another time in the next
 * life. `lose` ends the operation.
 */
export class Events {
  readonly #call: Call;
  readonly #pieces: Pieces;
  readonly #lose: (error: OpenClawError) => void;
  #ahead: Set<Promise<unknown>> | undefined;

  constructor(call: Call, pieces: Pieces, lose: (error: OpenClawError) => void) {
    this.#call = call;
    this.#pieces = pieces;
    this.#lose = lose;
  }

  /** Whether some are on their way. */
  get ahead(): boolean {
    return this.#ahead !== undefined && this.#ahead.size > 0;
  }

  /** `step`: inside of which one. */
  async emit(name: string, data: unknown, step: string | undefined): Promise<void> {
    const request = { do: 'emit', name, data: encodeState(data), ...(step !== undefined && { step }) } as const;
    const telling = this.#pieces.during(this.#call.ask(request));
    const ahead = (this.#ahead ??= new Set());
    ahead.add(telling);
    telling.then(
      () => ahead.delete(telling),
      (error: OpenClawError) => this.#lose(error),
    );
    if (ahead.size >= MAX_AHEAD) await telling;
  }

  /** When all so far were told. */
  async told(): Promise<void> {
    if (this.#ahead !== undefined) await Promise.all(this.#ahead);
  }
}
