import type { Clock, Wheel } from '@openclaw-runtime/kit';
import type { ModelEnd, ModelSink } from '../contract/broker.ts';
import type { TokenSource } from './text.ts';

/** What is to be played, and when. */
export interface Score {
  readonly thinking: TokenSource;
  readonly text: TokenSource;
  /** UTF-16 units at the start of the text that are not sent: the caller has them. */
  readonly skip: number;
  readonly firstMs: number;
  readonly gapMs: number;
  /** After this many tokens comes the fault instead of the next one. */
  readonly faultAfter: number;
  /** When it must have ended, on the clock's `now`. */
  readonly totalAt: number;
  tooLate(): unknown;
  /** What then happens; `finish` answers the end of a play without fault. */
  fault(playing: Playing): void;
  finish(sent: number): ModelEnd;
}

export interface Time {
  readonly clock: Clock;
  readonly wheel: Wheel;
}

/**
 * One simulated answer while it comes. A wheel turns it; each turn sends all that is due by then, so that a late turn
 * catches up. There is no promise, closure or object per token: thousands of these play at once.
 */
export class Playing {
  readonly #score: Score;
  readonly #sink: ModelSink;
  readonly #signal: AbortSignal;
  readonly #time: Time;
  readonly #settle: (error: unknown, end?: ModelEnd) => void;
  readonly #total: number;
  #next: number;
  #skip: number;
  #sent = 0;
  #startMs: number;
  #over = false;
  #cancelStop: (() => void) | undefined;

  constructor(score: Score, sink: ModelSink, signal: AbortSignal, time: Time, settle: (error: unknown, end?: ModelEnd) => void) {
    this.#score = score;
    this.#sink = sink;
    this.#signal = signal;
    this.#time = time;
    this.#settle = settle;
    this.#total = score.thinking.length + score.text.length;
    this.#next = 0;
    this.#skip = score.skip;
    this.#startMs = time.clock.now();
  }

  start(): void {
    this.#signal.addEventListener('abort', this, { once: true });
    if (this.#skip > 0) this.#forward();
    this.#wait();
  }

  /** Ends it early. */
  stop(error: unknown): void {
    this.#end(error);
  }

  /** The same, in a while. */
  stopLater(error: unknown, delayMs: number): void {
    this.#cancelStop = this.#time.clock.after(delayMs, () => this.#end(error));
  }

  /** @internal Of its signal. */
  handleEvent(): void {
    this.#end(this.#signal.reason);
  }

  /** The caller has the thinking and the first `skip` units of the text. */
  #forward(): void {
    const { thinking, text } = this.#score;
    this.#next = thinking.length;
    while (this.#next < this.#total && text.at(this.#next - thinking.length).length <= this.#skip) {
      this.#skip -= text.at(this.#next - thinking.length).length;
      this.#next++;
    }
  }

  #wait(): void {
    const { firstMs, gapMs } = this.#score;
    this.#time.wheel.at(this.#startMs + firstMs + this.#sent * gapMs, turn, this);
  }

  /** Public for the wheel. */
  turn(now: number): void {
    if (this.#over) return;
    try {
      this.#play(now);
    } catch (error) {
      this.#end(error);
    }
  }

  #play(now: number): void {
    const { firstMs, gapMs, faultAfter, totalAt } = this.#score;
    if (now >= totalAt) return this.#end(this.#score.tooLate());
    const passedMs = now - this.#startMs - firstMs;
    const due = gapMs === 0 ? Number.POSITIVE_INFINITY : Math.floor(passedMs / gapMs + 1e-6) + 1;
    while (this.#next < this.#total && this.#sent < due && this.#sent < faultAfter) {
      this.#send();
      if (this.#over) return;
    }
    if (this.#sent >= faultAfter && this.#next < this.#total) return this.#score.fault(this);
    if (this.#next >= this.#total) return this.#end(undefined, this.#score.finish(this.#sent));
    const full = this.#sink.full();
    if (full)
      full.then(
        () => this.#wait(),
        (error: unknown) => this.#end(error),
      );
    else this.#wait();
  }

  #send(): void {
    const { thinking, text } = this.#score;
    const i = this.#next++;
    this.#sent++;
    if (i < thinking.length) return this.#sink.thinking(thinking.at(i));
    const token = text.at(i - thinking.length);
    this.#sink.text(this.#skip > 0 ? token.slice(this.#skip) : token);
    this.#skip = 0;
  }

  #end(error: unknown, end?: ModelEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelStop?.();
    this.#signal.removeEventListener('abort', this);
    this.#settle(error, end);
  }
}

function turn(playing: Playing, now: number): void {
  playing.turn(now);
}
