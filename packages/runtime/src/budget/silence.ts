import type { Leveled, ModelSink } from '@openclaw-runtime/model';
import { addUsage, type ErrorBody, NO_USAGE, type Usage } from '@openclaw-runtime/protocol';

/** Hears what a call that is paid for delivers. */
export interface Meter {
  heard(flow: 'text' | 'thinking', delta: string): void;
  /** Tokens of a try of it that broke off, as its provider counted them. */
  spent(usage: Usage): void;
}

/** Is told how a call fares. */
export interface Watch {
  asked(): void;
  heard(): void;
  queued(ahead: number): void;
  retry(error: ErrorBody, delayMs: number): void;
}

/** Of a call that nobody watches: keeps what is said, and what it took. */
export class Silence implements ModelSink {
  /** Of a call that is paid for. */
  meter: Meter | undefined;
  /** Of a call that somebody may ask about. */
  wait: Watch | undefined;
  said = '';
  usage: Usage = NO_USAGE;
  readonly #leveled: (leveled: Leveled) => void;

  constructor(leveled: (leveled: Leveled) => void = () => undefined) {
    this.#leveled = leveled;
  }

  leveled(leveled: Leveled): void {
    this.#leveled(leveled);
  }

  text(delta: string): void {
    this.said += delta;
    this.wait?.heard();
    this.meter?.heard('text', delta);
  }

  spent(usage: Usage): void {
    this.usage = addUsage(this.usage, usage);
    this.meter?.spent(usage);
  }

  thinking(delta: string): void {
    this.wait?.heard();
    this.meter?.heard('thinking', delta);
  }

  asked(): void {
    this.wait?.asked();
  }

  retry(error: ErrorBody, delayMs: number): void {
    this.wait?.retry(error, delayMs);
  }

  queued(ahead: number): void {
    this.wait?.queued(ahead);
  }

  responding(): void {}

  full(): undefined {}
}
