import type { ErrorBody, Usage } from '@openclaw-runtime/protocol';
import type { Leveled, ModelSink } from '../../contract/broker.ts';
import { Splitter } from './splitter.ts';

/** A sink for a model that was told to think first: its thoughts go where thoughts go. */
export class ThinkingSink implements ModelSink {
  readonly #sink: ModelSink;
  readonly #splitter: Splitter;

  constructor(sink: ModelSink) {
    this.#sink = sink;
    this.#splitter = new Splitter(sink);
  }

  /** Whether there were thoughts, and nothing behind them. */
  get isUnanswered(): boolean {
    return this.#splitter.isUnanswered;
  }

  /** The answer came to its end. */
  end(): void {
    this.#splitter.end();
  }

  text(delta: string): void {
    this.#splitter.push(delta);
  }

  thinking(delta: string): void {
    this.#sink.thinking(delta);
  }

  retry(error: ErrorBody, delayMs: number): void {
    this.#sink.retry(error, delayMs);
  }

  queued(ahead: number): void {
    this.#sink.queued(ahead);
  }

  responding(response: string): void {
    this.#sink.responding(response);
  }

  leveled(leveled: Leveled): void {
    this.#sink.leveled?.(leveled);
  }

  spent(usage: Usage): void {
    this.#sink.spent?.(usage);
  }

  full(): Promise<void> | undefined {
    return this.#sink.full();
  }
}
