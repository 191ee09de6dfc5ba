import type { ModelSink } from '../../contract/broker.ts';
import { RelaySink } from '../../contract/relay-sink.ts';
import { Splitter } from './splitter.ts';

/** A sink for a model that was told to think first: its thoughts go where thoughts go. */
export class ThinkingSink extends RelaySink {
  readonly #splitter: Splitter;

  constructor(sink: ModelSink) {
    super(sink);
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

  override text(delta: string): void {
    this.#splitter.push(delta);
  }
}
