import { backoffMs, type Clock, type Random, sleep } from '@openclaw-runtime/kit';
import type { ModelBroker, ModelEnd, ModelSink } from '@openclaw-runtime/model';
import { type Message, OpenClawError, type ToolSpec } from '@openclaw-runtime/protocol';
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

    let heard = false;
    const emit = (flow: 'text' | 'thinking', delta: string): void => {
      heard = true;
      writer.text(flow, step, attempt, delta);
    };
    const comparison: Comparison | undefined =
      rung === 'compare'
        ? createComparison(before, {
            differs(keep, keepThinking) {
              const supersedes = attempt++;
              said.text = before.text.slice(0, keep);
              said.thinking = before.thinking.slice(0, keepThinking);
              writer.record('step.started', step, attempt, { model, supersedes, keep, keepThinking }, 'process');
            },
            fresh: emit,
          })
        : undefined;
    const hear = comparison
      ? (flow: 'text' | 'thinking', delta: string): void => {
          heard = true;
          comparison.delta(flow, delta);
        }
      : emit;
    const sink: ModelSink = {
      text: (delta) => hear('text', delta),
      thinking: (delta) => hear('thinking', delta),
      retry: (error, delayMs) => writer.record('step.retried', step, attempt, { error, delayMs }, 'process'),
      full: () => lease.full(),
    };

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
      if (!error.retryable || !heard) throw error;
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
