import type { Clock } from '@openclaw-runtime/kit';
import { type ModelBroker, type ModelEnd, type ModelSink, RelaySink } from '@openclaw-runtime/model';
import { type ErrorBody, OpenClawError } from '@openclaw-runtime/protocol';
import type { Health } from './health.ts';
import type { Event } from './window.ts';

/** A sink that says itself how its call fares, to the watch that it is given before the call begins. */
export interface WatchableSink extends ModelSink {
  watch(call: CallWatch): void;
}

/**
 * The broker, whose calls are noted, each as a model's: where one fails, that it did, once; where it ends well after all, that too. What goes into a sink that can be
 * watched passes nothing on its way there, since that is done for each token.
 */
export function watchBroker(broker: ModelBroker, health: Health, clock: Pick<Clock, 'now'>): ModelBroker {
  return {
    info: (model) => broker.info(model),
    list: () => broker.list(),
    close: () => broker.close(),
    stream(request, sink, signal) {
      const watch = new CallWatch(health, request.model, clock);
      if (!isWatchable(sink)) return watched(broker.stream(request, new WatchedSink(sink, watch), signal), watch, signal);
      sink.watch(watch);
      return broker.stream(request, sink, signal);
    },
  };
}

async function watched(call: Promise<ModelEnd>, watch: CallWatch, signal: AbortSignal): Promise<ModelEnd> {
  try {
    const end = await call;
    watch.ended();
    return end;
  } catch (thrown) {
    if (!signal.aborted) watch.failed(OpenClawError.from(thrown));
    throw thrown;
  }
}

function isWatchable(sink: ModelSink): sink is WatchableSink {
  return 'watch' in sink;
}

/** What says nothing of the provider is not among them: a full queue, a request that nobody would take. */
const OUTAGES: ReadonlySet<string> = new Set([
  'PROVIDER_FAILED',
  'PROVIDER_MALFORMED',
  'PROVIDER_RATE_LIMITED',
  'PROVIDER_TIMEOUT',
  'CIRCUIT_OPEN',
]);

/** How one call of a model fares. */
export class CallWatch {
  readonly #health: Health;
  readonly #model: string;
  readonly #clock: Pick<Clock, 'now'>;
  #sinceMs: number;
  #firstMs: number | undefined;
  #hasFailed = false;

  constructor(health: Health, model: string, clock: Pick<Clock, 'now'>) {
    this.#health = health;
    this.#model = model;
    this.#clock = clock;
    this.#sinceMs = clock.now();
  }

  /** A try begins. */
  asked(): void {
    this.#sinceMs = this.#clock.now();
    this.#firstMs = undefined;
  }

  /** It says something: the first time of a try counts. */
  heard(): void {
    this.#firstMs ??= this.#clock.now() - this.#sinceMs;
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

  #note(event: Event): void {
    this.#health.note('model', this.#model, event, this.#firstMs);
  }
}

/** The caller's sink, of which the watch is told. */
class WatchedSink extends RelaySink {
  readonly #watch: CallWatch;

  constructor(sink: ModelSink, watch: CallWatch) {
    super(sink);
    this.#watch = watch;
  }

  override text(delta: string): void {
    this.#watch.heard();
    this.sink.text(delta);
  }

  override thinking(delta: string): void {
    this.#watch.heard();
    this.sink.thinking(delta);
  }

  override asked(): void {
    this.#watch.asked();
    this.sink.asked?.();
  }

  override retry(error: ErrorBody, delayMs: number): void {
    this.#watch.failed(error);
    this.sink.retry(error, delayMs);
  }
}
