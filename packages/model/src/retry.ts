import { type Backoff, backoffMs, type Clock, type Random, sleep } from '@openclaw-runtime/kit';
import { type ErrorCode, OpenClawError } from '@openclaw-runtime/protocol';
import type { Circuit, Pass } from './circuit.ts';
import type { ModelEnd, ModelSink } from './contract/broker.ts';
import { RelaySink } from './contract/relay-sink.ts';

export interface RetryLimits extends Backoff {
  /** Retries after the first try. */
  readonly max: number;
}

/** One call of a model, as it is tried. */
export interface Tries {
  readonly limits: RetryLimits;
  readonly circuit: Circuit;
  /** When the whole call must have ended, on the clock's `now`. */
  readonly totalAt: number;
  readonly clock: Clock;
  readonly random: Random;
  once(sink: ModelSink): Promise<ModelEnd>;
  /** Before each retry; when defined, the retry waits for it. */
  again(signal: AbortSignal): Promise<void> | undefined;
  /** What to throw for an error of a try. */
  meaning(error: unknown): unknown;
  /** There are no more of them. */
  readonly over?: (() => void) | undefined;
}

/** Errors that say something of the provider; the others are the caller's or our own. */
const PROVIDER_ERRORS: ReadonlySet<ErrorCode> = new Set([
  'PROVIDER_FAILED',
  'PROVIDER_MALFORMED',
  'PROVIDER_RATE_LIMITED',
  'PROVIDER_TIMEOUT',
]);

/** Tries until it works, until something was delivered, or until retrying is pointless; throws the last try's error as it was. */
export async function retrying(tries: Tries, sink: ModelSink, signal: AbortSignal): Promise<ModelEnd> {
  const { limits, circuit, totalAt, clock, random } = tries;
  try {
    for (let retry = 1; ; retry++) {
      signal.throwIfAborted();
      const pass = circuit.enter();
      const watched = new WatchedSink(sink, pass);
      try {
        const end = await tries.once(watched);
        pass.succeeded();
        return end;
      } catch (thrown) {
        if (signal.aborted) {
          pass.abandoned();
          throw signal.reason;
        }
        const error = tries.meaning(thrown);
        if (!(error instanceof OpenClawError && PROVIDER_ERRORS.has(error.code))) {
          pass.abandoned();
          throw error;
        }
        pass.failed();
        if (watched.delivered || retry > limits.max) throw error;
        const delayMs = Math.max(backoffMs(limits, retry, random), error.retryAfterMs ?? 0);
        if (clock.now() + delayMs >= totalAt) throw error;
        sink.retry(error.toBody(), delayMs);
        await sleep(clock, delayMs, signal);
        await tries.again(signal);
        if (clock.now() >= totalAt) throw error;
      }
    }
  } finally {
    tries.over?.();
  }
}

/** The caller's sink, and whether anything went into it. */
class WatchedSink extends RelaySink {
  readonly #pass: Pass;
  delivered = false;

  constructor(sink: ModelSink, pass: Pass) {
    super(sink);
    this.#pass = pass;
  }

  override text(delta: string): void {
    if (!this.delivered) this.#first();
    this.sink.text(delta);
  }

  override thinking(delta: string): void {
    if (!this.delivered) this.#first();
    this.sink.thinking(delta);
  }

  /** From here on the caller has something to go on with. */
  override responding(response: string): void {
    if (!this.delivered) this.#first();
    this.sink.responding(response);
  }

  #first(): void {
    this.delivered = true;
    this.#pass.answered();
  }
}
