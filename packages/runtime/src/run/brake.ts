import type { StopListener, StopSignal } from '../abort/stop-signal.ts';
import { Interruption } from './interruption.ts';
import type { Stop } from './stop.ts';

/** How a run is stopped, and how the model call that it waits for is broken off while the run goes on. It is a signal itself, for one listener at a time: an `AbortSignal` costs microseconds for each. */
export class Brake implements StopSignal {
  #stop: Stop | undefined;
  #listener: StopListener | undefined;
  /** Of what the run does now: a message that interrupts a model call leaves the next step a new one. */
  #abort = new AbortController();

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get aborted(): boolean {
    return this.#abort.signal.aborted;
  }

  get reason(): unknown {
    return this.#abort.signal.reason;
  }

  addEventListener(_type: 'abort', listener: StopListener): void {
    if (this.aborted) return;
    if (this.#listener) this.#abort.signal.addEventListener('abort', listener, { once: true });
    else this.#listener = listener;
  }

  removeEventListener(_type: 'abort', listener: StopListener): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#abort.signal.removeEventListener('abort', listener);
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
    this.interrupt(this.#stop);
  }

  interrupt(why: unknown = new Interruption()): void {
    if (this.aborted) return;
    this.#abort.abort(why);
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.handleEvent();
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
