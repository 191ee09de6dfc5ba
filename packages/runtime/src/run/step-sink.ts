import type { Leveled } from '@openclaw-runtime/model';
import { addUsage, type ErrorBody, type Usage } from '@openclaw-runtime/protocol';
import type { Lease } from '@openclaw-runtime/store';
import type { Meter } from '../budget/silence.ts';
import type { CallWatch, WatchableSink } from '../health/watched-broker.ts';
import type { Comparison } from './comparison.ts';
import { recordLevel, type ToldLevels } from './level-warning.ts';
import type { ModelWait } from './model-wait.ts';
import type { RunWriter } from './writer.ts';

/** One call of a step. */
export interface CallPlace {
  readonly step: number;
  readonly model: string;
  /** The response that this call reads again. */
  readonly attach: string | undefined;
}

/** Where one call's output goes: to the log, by way of the comparison where there is one. */
export class StepSink implements WatchableSink {
  readonly #lease: Lease;
  readonly #writer: RunWriter;
  readonly #place: CallPlace;
  /** Shared by the calls of the step. */
  readonly #told: ToldLevels;
  /** For as long as the call goes on. */
  wait: ModelWait | undefined;
  attempt: number;
  comparison: Comparison | undefined;
  /** Of a call that is paid for. */
  meter: Meter | undefined;
  /** Whether the model said anything. */
  heard = false;
  #watch: CallWatch | undefined;
  /** Nothing was heard of this try yet. */
  #isQuiet = true;
  /** What the provider calls the response, when it keeps it. */
  response: string | undefined;

  constructor(lease: Lease, writer: RunWriter, place: CallPlace, attempt: number, told: ToldLevels) {
    this.#lease = lease;
    this.#writer = writer;
    this.#place = place;
    this.attempt = attempt;
    this.#told = told;
  }

  text(delta: string): void {
    this.#take('text', delta);
  }

  thinking(delta: string): void {
    this.#take('thinking', delta);
  }

  watch(call: CallWatch): void {
    this.#watch = call;
  }

  /** The call has ended well. */
  ended(): void {
    this.wait?.end();
    this.#watch?.ended();
  }

  /** It broke off: by its own failure, or `undefined` where it was stopped. */
  brokeOff(error: Pick<ErrorBody, 'code'> | undefined): void {
    this.wait?.end();
    if (error) this.#watch?.failed(error);
  }

  asked(): void {
    this.#isQuiet = true;
    this.#watch?.asked();
    this.wait?.asked();
  }

  retry(error: ErrorBody, delayMs: number): void {
    this.#watch?.failed(error);
    this.wait?.retry(error, delayMs);
    this.#writer.record('step.retried', this.#place.step, this.attempt, { error, delayMs: Math.round(delayMs) }, 'process');
  }

  queued(ahead: number): void {
    this.wait?.queued(ahead);
    const { step, model } = this.#place;
    this.#writer.record('step.queued', step, this.attempt, { model, ahead }, 'process');
  }

  responding(response: string): void {
    this.response = response;
    if (response !== this.#place.attach) this.#writer.record('step.responding', this.#place.step, this.attempt, { response }, 'process');
  }

  leveled(leveled: Leveled): void {
    if (this.#told.isNews(this.#place.model, leveled)) recordLevel(this.#writer, this.#place, leveled);
  }

  spent(usage: Usage): void {
    this.#writer.spent = addUsage(this.#writer.spent, usage);
    this.meter?.spent(usage);
  }

  full(): Promise<void> | undefined {
    return this.#lease.full();
  }

  #take(flow: 'text' | 'thinking', delta: string): void {
    if (this.#isQuiet) this.#speaks();
    this.meter?.heard(flow, delta);
    if (this.comparison) this.comparison.delta(flow, delta);
    else this.#writer.text(flow, this.#place.step, this.attempt, delta);
  }

  #speaks(): void {
    this.#isQuiet = false;
    this.#watch?.heard();
    if (this.heard) return;
    this.heard = true;
    this.wait?.heard();
  }
}
