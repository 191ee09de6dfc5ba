import type { Clock } from '@openclaw-runtime/kit';
import { type ModelBroker, type ModelSink, RelaySink } from '@openclaw-runtime/model';
import { type ErrorBody, OpenClawError } from '@openclaw-runtime/protocol';
import type { Health } from './health.ts';
import type { Event } from './window.ts';

/** The broker, whose calls are noted, each as a model's: where one fails, that it did, once; where it ends well after all, that too. */
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

/** What says nothing of the provider is not among them: a full queue, a request that nobody would take. */
const OUTAGES: ReadonlySet<string> = new Set([
  'PROVIDER_FAILED',
  'PROVIDER_MALFORMED',
  'PROVIDER_RATE_LIMITED',
  'PROVIDER_TIMEOUT',
  'CIRCUIT_OPEN',
]);

/** The caller's sink, and when the first word went into it. */
class WatchedSink extends RelaySink {
  readonly #health: Health;
  readonly #model: string;
  readonly #clock: Pick<Clock, 'now'>;
  #sinceMs: number;
  #firstMs: number | undefined;
  #hasFailed = false;

  constructor(sink: ModelSink, health: Health, model: string, clock: Pick<Clock, 'now'>) {
    super(sink);
    this.#health = health;
    this.#model = model;
    this.#clock = clock;
    this.#sinceMs = clock.now();
  }

  ended(): void {
    this.#note('ok');
  }

  /** Once, however often it is tried: one that asks for what makes the provider fail is not to decide for all. */
  failed({ code }: Pick<ErrorBody, 'code'>): void {
    if (this.#hasFailed || !OUTAGES.has(code)) return;
    this.#hasFailed = true;
    this.#note(code === 'PROVIDER_TIMEOUT' ? 'timeout' : 'failed');
  }

  override text(delta: string): void {
    this.#firstMs ??= this.#clock.now() - this.#sinceMs;
    this.sink.text(delta);
  }

  override thinking(delta: string): void {
    this.#firstMs ??= this.#clock.now() - this.#sinceMs;
    this.sink.thinking(delta);
  }

  override asked(): void {
    this.#sinceMs = this.#clock.now();
    this.#firstMs = undefined;
    this.sink.asked?.();
  }

  override retry(error: ErrorBody, delayMs: number): void {
    this.failed(error);
    this.sink.retry(error, delayMs);
  }

  #note(event: Event): void {
    this.#health.note('model', this.#model, event, this.#firstMs);
  }
}
