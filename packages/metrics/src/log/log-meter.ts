import type { Clock } from '@openclaw-runtime/kit';
import type { TokenPrice } from '@openclaw-runtime/protocol';
import type { EngineMeter } from '@openclaw-runtime/store';
import type { HouseSeries } from '../series/house-series.ts';

export interface LogMeterOptions {
  readonly series: HouseSeries;
  readonly clock: Clock;
  /** Absent, or `undefined` of a model: its money is not counted. */
  readonly priceOf?: (model: string) => TokenPrice | undefined;
}

/** Somebody whose records are in a group of the store. */
export interface Committed {
  /** They are durable; `nowMs` is of the clock's `now`. */
  durable(nowMs: number): void;
}

/** Where a model is, in series whose first label is the model. */
export interface ModelPlaces {
  readonly name: string;
  /** In series with no other label. */
  readonly at: number;
  /** Of its text among what was streamed, beside which its thoughts are. */
  readonly text: number;
  /** Of the first kind of its tokens, behind which the others are, in money as in tokens. */
  readonly tokens: number;
}

/**
 * What the meters of all runs share. Times are taken once per group of records that becomes durable, not once per record: that is when clients can see them, and it
 * costs what a group costs, however much it carries.
 */
export class LogMeter implements EngineMeter {
  readonly series: HouseSeries;
  readonly clock: Clock;
  readonly priceOf: (model: string) => TokenPrice | undefined;
  #gathering: Committed[] = [];
  #underWay: Committed[] = [];
  readonly noModel: ModelPlaces = { name: '', at: 0, text: 0, tokens: 0 };
  /** Those that were asked for last: mostly it is the same again. */
  #model = this.noModel;
  #agent = { name: '', at: -1 };
  #status = { name: '', at: -1 };
  /** Milliseconds since 1970 when the clock's `now` was 0. */
  #epochMs: number;

  constructor({ series, clock, priceOf = () => undefined }: LogMeterOptions) {
    this.series = series;
    this.clock = clock;
    this.priceOf = priceOf;
    this.#epochMs = clock.wall() - clock.now();
  }

  model(name: string): ModelPlaces {
    if (name === this.#model.name) return this.#model;
    const { firstToken, streamed, tokens } = this.series;
    const at = firstToken.at(name);
    this.#model = { name, at, text: streamed.under(at, 'text'), tokens: tokens.under(at, 'input') };
    return this.#model;
  }

  /** In series whose first label is the agent. */
  agentAt(name: string): number {
    if (this.#agent.at < 0 || name !== this.#agent.name) this.#agent = { name, at: this.series.latency.at(name) };
    return this.#agent.at;
  }

  /** Among the times that whole runs took. */
  statusAt(name: string): number {
    if (name !== this.#status.name) this.#status = { name, at: this.series.runSeconds.at(name) };
    return this.#status.at;
  }

  /** On the clock's `now`. */
  nowOf(wallMs: number): number {
    return wallMs - this.#epochMs;
  }

  /** With the group that is being gathered. */
  await(one: Committed): void {
    this.#gathering.push(one);
  }

  left(chars: number): void {
    this.#underWay = this.#gathering;
    this.#gathering = [];
    this.series.commitBytes.observe(chars);
  }

  kept(tookMs: number): void {
    const { clock, series } = this;
    const now = clock.now();
    this.#epochMs = clock.wall() - now;
    series.commitSeconds.observe(tookMs / 1000);
    for (const one of this.#underWay) one.durable(now);
    this.#underWay = [];
  }

  refused(): void {
    this.#gathering = [...this.#underWay, ...this.#gathering];
    this.#underWay = [];
    this.series.storeFull.add();
  }

  folded(tookMs: number): void {
    this.series.snapshotSeconds.observe(tookMs / 1000);
  }
}
