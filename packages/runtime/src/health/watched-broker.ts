import type { Clock } from '@openclaw-runtime/kit';
import type { Leveled, ModelBroker, ModelSink } from '@openclaw-runtime/model';
import { type ErrorBody, OpenClawError, type Usage } from '@openclaw-runtime/protocol';
import type { Health } from './health.ts';
import type { Event } from './window.ts';

/** The broker, whose tries are noted, each as a model's. */
export function watchBroker(broker: ModelBroker, health: Health, clock: Pick<Clock, 'now'>): ModelBroker {
  return {
    info: (model) => broker.info(model),
    list: () => broker.list(),
    close: () => broker.close(),
    async stream(request, sink, signal) {
      const watched = new WatchedSink(sink, health, request.model, clock);
      try {
        const end = await broker.stream(request, watched, signal);
        watched.ended();
        return end;
      } catch (thrown) {
        if (!signal.aborted) watched.failed(OpenClawError.from(thrown));
        throw thrown;
      }
    },
  };
}

/** The caller's sink, and when the first word went into it. */
class WatchedSink implements ModelSink {
  readonly #sink: ModelSink;
  readonly #health: Health;
  readonly #model: string;
  readonly #clock: Pick<Clock, 'now'>;
  #sinceMs: number;
  #firstMs: number | undefined;

  constructor(sink: ModelSink, health: Health, model: string, clock: Pick<Clock, 'now'>) {
    this.#sink = sink;
    this.#health = health;
    this.#model = model;
    this.#clock = clock;
    this.#sinceMs = clock.now();
  }

  ended(): void {
    this.#note('ok');
  }

  /** What says nothing of the provider does not count: an open circuit, a full queue, a request that nobody would take. */
  failed(error: Pick<ErrorBody, 'code'>): void {
    const { code } = error;
    if (code === 'PROVIDER_TIMEOUT') this.#note('timeout');
    else if (code === 'PROVIDER_FAILED' || code === 'PROVIDER_MALFORMED' || code === 'PROVIDER_RATE_LIMITED') this.#note('failed');
  }

  text(delta: string): void {
    this.#firstMs ??= this.#clock.now() - this.#sinceMs;
    this.#sink.text(delta);
  }

  thinking(delta: string): void {
    this.#firstMs ??= this.#clock.now() - this.#sinceMs;
    this.#sink.thinking(delta);
  }

  asked(): void {
    this.#sinceMs = this.#clock.now();
    this.#firstMs = undefined;
    this.#sink.asked?.();
  }

  retry(error: ErrorBody, delayMs: number): void {
    this.failed(error);
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

  #note(event: Event): void {
    this.#health.note('model', this.#model, event, this.#firstMs);
  }
}
