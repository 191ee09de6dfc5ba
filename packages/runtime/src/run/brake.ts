import { Interruption } from './interruption.ts';
import type { Stop } from './stop.ts';

/** How a run is stopped, and how the model call that it waits for is broken off while the run goes on. */
export class Brake {
  #stop: Stop | undefined;
  /** Of what the run does now: a message that interrupts a model call leaves the next step a new one. */
  #abort = new AbortController();

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get stop(): Stop | undefined {
    return this.#stop;
  }

  /** Whether the run was let go of: another owner goes on. */
  get isReleased(): boolean {
    return this.#stop !== undefined && this.#stop.end === undefined;
  }

  halt(stop: Stop): void {
    this.#stop ??= stop;
    this.#abort.abort(this.#stop);
  }

  interrupt(why: unknown = new Interruption()): void {
    this.#abort.abort(why);
  }

  /** What was interrupted is over. */
  renew(): void {
    if (this.#abort.signal.aborted && !this.#stop) this.#abort = new AbortController();
  }

  /** Throws when the run is to stop. */
  goOn(): void {
    if (this.#stop) throw this.#stop;
  }
}
