import { backoffMs, type Clock, type Random, sleep } from '@openclaw-runtime/kit';
import type { ModelBroker, ModelEnd, ModelSink } from '@openclaw-runtime/model';
import { type ErrorBody, type Message, OpenClawError, type ToolSpec } from '@openclaw-runtime/protocol';
import type { Lease } from '@openclaw-runtime/store';
import { type Comparison, createComparison } from './comparison.ts';
import { chooseRung, countAttempt, type Delivered, exhausted, type Meters } from './ladder.ts';
import type { RunLimits } from './limits.ts';
import type { RunWriter } from './writer.ts';

export interface StepHouse {
  readonly broker: ModelBroker;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: RunLimits;
}

export interface StepRun {
  readonly lease: Lease;
  readonly writer: RunWriter;
  readonly signal: AbortSignal;
}

export interface StepCall {
  readonly step: number;
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolSpec[] | undefined;
  /** What an earlier owner of the run delivered of this step; absent for a new step. */
  readonly resume?: Resume;
}

export interface Resume {
  readonly delivered: Delivered;
  readonly meters: Meters;
  /** The model that began the step is gone: another one's words must not follow its own. */
  readonly otherModel: boolean;
  /** Why it has to be resumed, for the error when the meters have run out. */
  readonly cause: OpenClawError;
}

export interface StepResult extends ModelEnd {
  readonly attempt: number;
  /** The whole text of the step, with what earlier owners delivered. */
  readonly text: string;
}

const BACKOFF = { baseMs: 100, capMs: 5_000 };

/**
 * One model call as a step of the log, tried until it is complete or a meter runs out. The broker repeats calls that delivered nothing; this repeats those that
 * broke off in the middle, by the crash ladder. Throws the last error, or the signal's reason.
 */
export async function runStep(house: StepHouse, run: StepRun, call: StepCall): Promise<StepResult> {
  const { broker, clock, random, limits } = house;
  const { lease, writer, signal } = run;
  const { step, model } = call;
  const { capabilities } = broker.info(model);
  const { said } = writer;
  let attempt = call.resume?.delivered.attempt ?? 1;
  said.text = call.resume?.delivered.text ?? '';
  said.thinking = call.resume?.delivered.thinking ?? '';
  let meters: Meters = call.resume?.meters ?? { attempts: 0, idle: 0, regenerated: 0 };
  const spent = call.resume && exhausted(call.resume.meters, limits, call.resume.cause);
  if (spent) throw spent;
  if (!call.resume) writer.record('step.started', step, 1, { model }, 'process');

  for (let round = 1; ; round++) {
    writer.flush();
    const before: Delivered = { attempt, ...said };
    const rung = chooseRung(before, capabilities.prefix && !call.resume?.otherModel);
    if (round > 1 || call.resume) writer.record('step.resumed', step, attempt, { by: rung }, 'process');

    const sink = new StepSink(lease, writer, model, step, attempt);
    const comparison =
      rung === 'compare'
        ? createComparison(before, {
            differs(keep, keepThinking) {
              writer.flush();
              sink.attempt = ++attempt;
              said.text = said.text.slice(0, keep);
              said.thinking = said.thinking.slice(0, keepThinking);
              writer.record('step.started', step, attempt, { model, supersedes: before.attempt, keep, keepThinking }, 'process');
            },
            fresh: (flow, delta) => writer.text(flow, step, attempt, delta),
          })
        : undefined;
    sink.comparison = comparison;

    try {
      const prefix = rung === 'continue' ? { prefix: before.text } : {};
      const tools = call.tools ? { tools: call.tools } : {};
      const end = await broker.stream({ model, messages: call.messages, ...tools, ...prefix }, sink, signal);
      comparison?.end();
      writer.flush();
      return { ...end, attempt, text: said.text };
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      const error = OpenClawError.from(thrown);
      writer.flush();
      if (!isOutage(error) || (said.text === '' && said.thinking === '' && !sink.heard)) throw error;
      if (error.code !== 'CIRCUIT_OPEN') meters = countAttempt(meters, rung, before, { attempt, ...said });
      const stop = exhausted(meters, limits, error);
      if (stop) throw stop;
      const delayMs = Math.max(backoffMs(BACKOFF, meters.idle + 1, random), error.retryAfterMs ?? 0);
      writer.record('step.retried', step, attempt, { error: error.toBody(), delayMs: Math.round(delayMs) }, 'process');
      await sleep(clock, delayMs, signal);
    }
  }
}

/** What the provider may recover from. An answer that has begun waits for that; an open circuit is no attempt. */
function isOutage(error: OpenClawError): boolean {
  return error.retryable && (error.code === 'CIRCUIT_OPEN' || error.code.startsWith('PROVIDER_'));
}

/** Where one attempt's output goes: to the log, by way of the comparison where there is one. */
class StepSink implements ModelSink {
  readonly #lease: Lease;
  readonly #writer: RunWriter;
  readonly #step: number;
  readonly #model: string;
  attempt: number;
  comparison: Comparison | undefined;
  /** Whether the provider said anything. */
  heard = false;

  constructor(lease: Lease, writer: RunWriter, model: string, step: number, attempt: number) {
    this.#model = model;
    this.#lease = lease;
    this.#writer = writer;
    this.#step = step;
    this.attempt = attempt;
  }

  text(delta: string): void {
    this.#take('text', delta);
  }

  thinking(delta: string): void {
    this.#take('thinking', delta);
  }

  retry(error: ErrorBody, delayMs: number): void {
    this.#writer.record('step.retried', this.#step, this.attempt, { error, delayMs: Math.round(delayMs) }, 'process');
  }

  queued(ahead: number): void {
    this.#writer.record('step.queued', this.#step, this.attempt, { model: this.#model, ahead }, 'process');
  }

  responding(response: string): void {
    this.#writer.record('step.responding', this.#step, this.attempt, { response }, 'process');
  }

  full(): Promise<void> | undefined {
    return this.#lease.full();
  }

  #take(flow: 'text' | 'thinking', delta: string): void {
    this.heard = true;
    if (this.comparison) this.comparison.delta(flow, delta);
    else this.#writer.text(flow, this.#step, this.attempt, delta);
  }
}
