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
  readonly resume?: { readonly delivered: Delivered; readonly meters: Meters };
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
  if (!call.resume) writer.record('step.started', step, 1, { model }, 'process');

  for (;;) {
    writer.flush();
    const before: Delivered = { attempt, ...said };
    const rung = chooseRung(before, capabilities.prefix);
    if (rung !== 'fresh') writer.record('step.resumed', step, attempt, { by: rung === 'continue' ? 'continue' : 'silent' }, 'process');

    const sink = new StepSink(lease, writer, step, attempt);
    const comparison =
      rung === 'compare'
        ? createComparison(before, {
            differs(keep, keepThinking) {
              sink.attempt = ++attempt;
              said.text = before.text.slice(0, keep);
              said.thinking = before.thinking.slice(0, keepThinking);
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
      const brokeOff = sink.heard && error.retryable && error.code.startsWith('PROVIDER_');
      if (!brokeOff) throw error;
      writer.flush();
      meters = countAttempt(meters, rung, before, { attempt, ...said });
      const stop = exhausted(meters, limits, error);
      if (stop) throw stop;
      const delayMs = Math.max(backoffMs(BACKOFF, meters.idle + 1, random), error.retryAfterMs ?? 0);
      writer.record('step.retried', step, attempt, { error: error.toBody(), delayMs: Math.round(delayMs) }, 'process');
      await sleep(clock, delayMs, signal);
    }
  }
}

/** Where one attempt's output goes: to the log, by way of the comparison where there is one. */
class StepSink implements ModelSink {
  readonly #lease: Lease;
  readonly #writer: RunWriter;
  readonly #step: number;
  attempt: number;
  comparison: Comparison | undefined;
  /** Whether the provider said anything. */
  heard = false;

  constructor(lease: Lease, writer: RunWriter, step: number, attempt: number) {
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

  full(): Promise<void> | undefined {
    return this.#lease.full();
  }

  #take(flow: 'text' | 'thinking', delta: string): void {
    this.heard = true;
    if (this.comparison) this.comparison.delta(flow, delta);
    else this.#writer.text(flow, this.#step, this.attempt, delta);
  }
}
