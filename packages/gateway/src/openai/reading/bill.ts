import { microUsdOf, type RunRecord, type Usage } from '@openclaw-runtime/protocol';
import type { PriceOf } from '../../admission/options.ts';

/** What a run's steps cost. */
export class Bill {
  readonly #priceOf: PriceOf;
  #model = '';
  /** Millionths of a dollar; `undefined` once something cost nobody knows how much. */
  #microUsd: number | undefined = 0;

  constructor(priceOf: PriceOf | undefined) {
    this.#priceOf = priceOf ?? (() => undefined);
  }

  take(record: RunRecord): void {
    if (record.kind === 'step.started') this.#model = record.data.model;
    else if (record.kind === 'step.retried') this.#model = record.data.model ?? this.#model;
    else if (record.kind === 'step.ended') this.#spend(record.data.usage);
  }

  /** Records are gone, and with them which models they named. */
  lose(): void {
    this.#microUsd = undefined;
  }

  /** US dollars, as far as all prices are known. */
  get usd(): number | undefined {
    return this.#microUsd === undefined ? undefined : Math.round(this.#microUsd * 1e3) / 1e9;
  }

  #spend(usage: Usage): void {
    const price = this.#priceOf(this.#model);
    this.#microUsd = price && this.#microUsd !== undefined ? this.#microUsd + microUsdOf(price, usage) : undefined;
  }
}
