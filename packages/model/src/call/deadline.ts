import type { Clock } from '@openclaw-runtime/kit';

export interface Silence {
  /** When the whole call must have ended, on the clock's `now`. */
  readonly totalAt: number;
  readonly firstChunkMs: number;
  readonly betweenChunksMs: number;
}

/** Timers wrap around at 2^31 ms. */
const LONGEST_TIMER_MS = 2 ** 30;

/** How long usage and the end mark may take once the answer has its finish. */
const END_MARK_MS = 1_000;

/** What is awaited. */
type Awaited = 'first chunk' | 'between chunks' | 'end mark';

export type Lateness = 'total' | Awaited;

/** One timer for the time-outs of an answer: content only stores a time, the timer looks at it when it fires. */
export class Deadline {
  readonly #clock: Clock;
  readonly #silence: Silence;
  readonly #onLate: (late: Lateness) => void;
  /** When the silence becomes too long; never while our own side does not read. */
  #quietUntil: number;
  #awaited: Awaited = 'first chunk';
  /** When the timer fires; it may be early, never late. */
  #armedFor = 0;
  #cancel: () => void = () => {};

  constructor(clock: Clock, silence: Silence, onLate: (late: Lateness) => void) {
    this.#clock = clock;
    this.#silence = silence;
    this.#onLate = onLate;
    this.#quietUntil = clock.now() + silence.firstChunkMs;
    this.#arm();
  }

  /** Content came, or the finish. */
  touch(awaited: 'between chunks' | 'end mark'): void {
    this.#awaited = awaited;
    this.#quietUntil = this.#clock.now() + this.#patienceMs();
    if (this.#quietUntil < this.#armedFor) this.#arm();
  }

  /** From now until `resume` it is not the provider that is slow. */
  pause(): void {
    this.#quietUntil = Number.POSITIVE_INFINITY;
  }

  resume(): void {
    this.#quietUntil = this.#clock.now() + this.#patienceMs();
    this.#arm();
  }

  stop(): void {
    this.#cancel();
  }

  #patienceMs(): number {
    const { firstChunkMs, betweenChunksMs } = this.#silence;
    return { 'first chunk': firstChunkMs, 'between chunks': betweenChunksMs, 'end mark': END_MARK_MS }[this.#awaited];
  }

  #arm(): void {
    this.#cancel();
    const at = Math.min(this.#quietUntil, this.#silence.totalAt);
    this.#armedFor = at;
    this.#cancel = this.#clock.after(Math.min(Math.max(at - this.#clock.now(), 0), LONGEST_TIMER_MS), () => this.#look());
  }

  #look(): void {
    const now = this.#clock.now();
    if (now >= this.#silence.totalAt) this.#onLate('total');
    else if (now >= this.#quietUntil) this.#onLate(this.#awaited);
    else this.#arm();
  }
}
