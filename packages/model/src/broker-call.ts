import type { Clock, Random } from '@openclaw-runtime/kit';
import type { OpenClawError } from '@openclaw-runtime/protocol';
import type { Target } from './catalogue.ts';
import type { Circuit } from './circuit.ts';
import type { ModelEnd, ModelRequest, ModelSink } from './contract/broker.ts';
import type { Admitted } from './limits/within.ts';
import type { Provider } from './provider.ts';
import type { RetryLimits, Tries } from './retry.ts';

/** What the calls of a broker share. */
export interface CallHouse {
  readonly clock: Clock;
  readonly random: Random;
  /** What is said of calls once the broker was closed; undefined before. */
  closed(): OpenClawError | undefined;
}

export interface AskedCall {
  readonly target: Target;
  readonly provider: Provider;
  readonly circuit: Circuit;
  readonly request: ModelRequest;
  readonly signal: AbortSignal;
}

export interface CallEnds {
  /** Told when there are no more tries. */
  readonly over?: () => void;
  /** Where the model has limits. */
  readonly admitted?: Admitted;
}

/** One call of a broker, retries included. A class, since thousands of them wait at once. */
export class BrokerCall implements Tries {
  readonly totalAt: number;
  readonly over: (() => void) | undefined;
  readonly #house: CallHouse;
  readonly #asked: AskedCall;
  readonly #admitted: Admitted | undefined;

  constructor(house: CallHouse, asked: AskedCall, { over, admitted }: CallEnds) {
    this.#house = house;
    this.#asked = asked;
    this.over = over;
    this.#admitted = admitted;
    this.totalAt = house.clock.now() + asked.provider.config.timeouts.totalMs;
  }

  get limits(): RetryLimits {
    return this.#asked.provider.config.retries;
  }

  get circuit(): Circuit {
    return this.#asked.circuit;
  }

  get clock(): Clock {
    return this.#house.clock;
  }

  get random(): Random {
    return this.#house.random;
  }

  once(sink: ModelSink): Promise<ModelEnd> {
    const closed = this.#house.closed();
    if (closed) throw closed;
    this.#admitted?.asked();
    sink.asked?.();
    const { provider, target, request, signal } = this.#asked;
    return provider.stream(target, request, sink, signal, this.totalAt);
  }

  again(signal: AbortSignal): Promise<void> | undefined {
    return this.#admitted?.again(signal);
  }

  /** What breaks off when the broker is closed broke off since it was. */
  meaning(error: unknown): unknown {
    return this.#house.closed() ?? error;
  }
}
