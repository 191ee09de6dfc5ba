import type { ErrorBody } from '@openclaw-runtime/protocol';
import type { Wait, Waits } from './waits.ts';

/** What a call of a model waits for, for as long as it goes on. */
export class ModelWait {
  readonly #waits: Waits;
  readonly #wait: Wait;

  constructor(waits: Waits, model: string) {
    this.#waits = waits;
    this.#wait = waits.begin('first chunk', model);
  }

  asked(): void {
    this.#waits.turn(this.#wait, 'first chunk');
  }

  queued(ahead: number): void {
    this.#waits.turn(this.#wait, 'rate limit', `${ahead} calls are before it`);
  }

  /** `delayMs`: to the next try. */
  retry({ code, message }: Pick<ErrorBody, 'code' | 'message'>, delayMs: number): void {
    this.#waits.turn(this.#wait, 'retry', `${code}: ${message}`, delayMs);
  }

  heard(): void {
    this.#waits.turn(this.#wait, 'next chunk');
  }

  end(): void {
    this.#waits.end(this.#wait);
  }
}
