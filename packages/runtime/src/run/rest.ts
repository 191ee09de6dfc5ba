import type { Clock } from '@openclaw-runtime/kit';

/** Whether a run does nothing but wait for people, and since when. */
export class Rest {
  readonly #clock: Clock;
  /** Things that go on, those that wait for a person included. */
  #working = 0;
  #asking = 0;
  #stirredMs = 0;
  /** Steps that an operation's code is at, as far as it tells. */
  steps = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether nothing but people was waited for in the last `ms`. */
  hasLasted(ms: number, nowMs: number): boolean {
    return this.#asking > 0 && this.#asking === this.#working && this.steps === 0 && nowMs - this.#stirredMs >= ms;
  }

  /** Something happened. */
  stir(): void {
    this.#stirredMs = this.#clock.now();
  }

  /** Something goes on, until it ends. */
  begin(): void {
    this.#working++;
    this.stir();
  }

  end(): void {
    this.#working--;
    this.stir();
  }

  async working<T>(work: () => Promise<T>): Promise<T> {
    this.begin();
    try {
      return await work();
    } finally {
      this.end();
    }
  }

  /** Inside of what goes on, a person is waited for. */
  async asking<T>(wait: () => Promise<T>): Promise<T> {
    this.#asking++;
    this.stir();
    try {
      return await wait();
    } finally {
      this.#asking--;
      this.stir();
    }
  }
}
