import { backoffMs, type Clock, type Random, sleep } from '@openclaw-runtime/kit';
import { type Level, type ModelBroker, type ModelEnd, type ModelRequest, mayAnswerElsewhere } from '@openclaw-runtime/model';
import { addUsage, type Message, NO_USAGE, OpenClawError, type ToolSpec } from '@openclaw-runtime/protocol';
import type { Lease } from '@openclaw-runtime/store';
import { Chain } from './chain.ts';
import { type ComparisonEvents, createComparison, createReplacement } from './comparison.ts';
import type { Kept } from './course.ts';
import {
  chooseRung,
  countAttempt,
  type Delivered,
  exhausted,
  isNothing,
  isStuck,
  isTry,
  type Meters,
  NO_ATTEMPTS,
  type Rung,
} from './ladder.ts';
import { ToldLevels } from './level-warning.ts';
import type { RunLimits } from './limits.ts';
import { StepSink } from './step-sink.ts';
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
  /** How hard the model is to think; absent leaves it to the provider. */
  readonly level?: Level;
  /** Ids of the commands whose messages a new step is the first to answer. */
  readonly answers?: readonly string[];
  /** What an earlier owner of the run delivered of this step; absent for a new step. */
  readonly resume?: Resume;
}

export interface Resume {
  readonly delivered: Delivered;
  readonly meters: Meters;
  /** Who was asked last. */
  readonly asked?: string | undefined;
  /** Who said what was delivered; absent when nothing was, or when that model is gone. */
  readonly spoke?: string | undefined;
  /** The last response that a provider said it keeps. */
  readonly kept?: Kept | undefined;
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
 * broke off in the middle, by the crash ladder, and asks the model's fallbacks when it was given up. Throws the last error, or the signal's reason.
 */
export async function runStep(house: StepHouse, run: StepRun, call: StepCall): Promise<StepResult> {
  const step = new Step(house, run, call);
  step.begin();
  for (;;) {
    const asking = step.next();
    try {
      return await step.ask(asking);
    } catch (thrown) {
      if (run.signal.aborted) throw run.signal.reason;
      const delayMs = step.recover(asking, OpenClawError.from(thrown));
      if (delayMs > 0) await sleep(house.clock, delayMs, run.signal);
    }
  }
}

/** One call of the step. */
interface Asking {
  readonly model: string;
  readonly rung: Rung;
  readonly before: Delivered;
  readonly sink: StepSink;
  readonly request: ModelRequest;
}

class Step {
  readonly #house: StepHouse;
  readonly #run: StepRun;
  readonly #call: StepCall;
  readonly #chain: Chain;
  readonly #told = new ToldLevels();
  #attempt: number;
  #meters: Meters;
  /** Who said what was delivered. */
  #spoke: string | undefined;
  #kept: Kept | undefined;
  /** Whether the next call goes on with something. */
  #isResumed: boolean;

  constructor(house: StepHouse, run: StepRun, call: StepCall) {
    const { resume } = call;
    this.#house = house;
    this.#run = run;
    this.#call = call;
    this.#chain = chainOf(house.broker, call);
    this.#attempt = resume?.delivered.attempt ?? 1;
    this.#meters = resume?.meters ?? NO_ATTEMPTS;
    this.#spoke = resume?.spoke;
    this.#kept = resume?.kept;
    this.#isResumed = resume !== undefined;
  }

  /** Throws when an earlier owner has used up what there was. */
  begin(): void {
    const { step, model, resume, answers } = this.#call;
    const { writer } = this.#run;
    writer.said.text = resume?.delivered.text ?? '';
    writer.said.thinking = resume?.delivered.thinking ?? '';
    writer.spent = NO_USAGE;
    if (!resume) return writer.record('step.started', step, 1, { model, ...(answers && { answers }) }, 'process');
    const spent = exhausted(resume.meters, this.#house.limits, resume.cause);
    if (spent) throw spent;
    if (resume.asked !== this.#chain.asked) this.#pass(resume.cause);
  }

  /** Who is asked now, and how that joins what was delivered. */
  next(): Asking {
    const { step, messages, tools, level } = this.#call;
    const { lease, writer } = this.#run;
    writer.flush();
    const model = this.#chain.asked;
    const before = this.#delivered();
    const { capabilities } = this.#house.broker.info(model);
    const attach = capabilities.attach && this.#kept?.model === model ? this.#kept.response : undefined;
    const isSpeaker = this.#spoke === model;
    const hasTools = tools !== undefined && tools.length > 0;
    const rung = chooseRung(before, { isSpeaker, isKept: attach !== undefined, canContinue: capabilities.prefix, hasTools });
    if (this.#isResumed) writer.record('step.resumed', step, this.#attempt, { by: rung }, 'process');

    const sink = new StepSink(lease, writer, { step, model, attach }, this.#attempt, this.#told);
    if (rung !== 'continue' && !isNothing(before)) {
      const events = this.#joining(model, before.attempt, sink);
      sink.comparison = isSpeaker ? createComparison(before, events) : createReplacement(events);
    }
    const request = {
      model,
      messages,
      tenant: lease.key.slice(0, lease.key.indexOf('/')),
      ...(tools && { tools }),
      ...(level && { level }),
      ...(rung === 'continue' && { prefix: before.text }),
      ...(attach !== undefined && { attach }),
    };
    return { model, rung, before, sink, request };
  }

  async ask({ sink, request }: Asking): Promise<StepResult> {
    const { writer, signal } = this.#run;
    const end = await this.#house.broker.stream(request, sink, signal);
    sink.comparison?.end();
    writer.flush();
    const usage = writer.spent === NO_USAGE ? end.usage : addUsage(writer.spent, end.usage);
    writer.spent = NO_USAGE;
    return { ...end, usage, attempt: this.#attempt, text: writer.said.text };
  }

  /** Decides what follows a call that failed: milliseconds to wait before the next one. Throws where there is to be none. */
  recover({ model, rung, before, sink }: Asking, error: OpenClawError): number {
    const { limits } = this.#house;
    this.#run.writer.flush();
    this.#isResumed = true;
    if (sink.heard) this.#spoke = model;
    if (sink.response !== undefined) this.#kept = { model, response: sink.response };
    if (rung === 'attach' && error.code === 'NOT_FOUND') {
      this.#kept = undefined;
      return 0;
    }
    const isTransient = isOutage(error);
    if (!isTransient && !mayAnswerElsewhere(error)) throw error;
    const after = this.#delivered();
    if (isTry(error)) this.#meters = countAttempt(this.#meters, rung, before, after);
    const hasBegun = !isNothing(after) || this.#kept !== undefined;

    const isStuckNow = isStuck(this.#meters, limits);
    const isGivenUp = !isTransient || (!sink.heard && sink.response === undefined);
    if (isStuckNow && rung === 'attach') {
      // The response itself is at fault: the next rung begins anew.
      this.#kept = undefined;
      this.#meters = { ...this.#meters, idle: 0 };
    } else if (isGivenUp ? this.#chain.pass() : isStuckNow && this.#chain.drop()) {
      if (!isGivenUp) this.#meters = { ...this.#meters, idle: 0 };
      this.#isResumed = false;
      this.#pass(error);
      return 0;
    } else if (!isTransient || !hasBegun) throw error;
    return this.#wait(model, error);
  }

  /** A new round, from who spoke. */
  #wait(model: string, error: OpenClawError): number {
    const { limits, random } = this.#house;
    const stop = exhausted(this.#meters, limits, error);
    if (stop) throw stop;
    const delayMs = Math.ceil(Math.max(backoffMs(BACKOFF, this.#meters.idle + 1, random), error.retryAfterMs ?? 0, 1));
    this.#chain.restart(this.#spoke);
    const { asked } = this.#chain;
    const { step } = this.#call;
    const retried = { error: error.toBody(), delayMs, ...(asked !== model && { model: asked }) };
    this.#run.writer.record('step.retried', step, this.#attempt, retried, 'process');
    return delayMs;
  }

  /** Another model is asked, at once. */
  #pass(error: OpenClawError): void {
    const { step } = this.#call;
    const retried = { error: error.toBody(), delayMs: 0, model: this.#chain.asked };
    this.#run.writer.record('step.retried', step, this.#attempt, retried, 'process');
  }

  /** What becomes of words that are held against those of attempt `old`. */
  #joining(model: string, old: number, sink: StepSink): ComparisonEvents {
    const { step } = this.#call;
    const { writer } = this.#run;
    return {
      differs: (keep, keepThinking) => {
        writer.flush();
        sink.attempt = ++this.#attempt;
        writer.said.text = writer.said.text.slice(0, keep);
        writer.said.thinking = writer.said.thinking.slice(0, keepThinking);
        writer.record('step.started', step, this.#attempt, { model, supersedes: old, keep, keepThinking }, 'process');
      },
      fresh: (flow, delta) => writer.text(flow, step, this.#attempt, delta),
    };
  }

  #delivered(): Delivered {
    return { attempt: this.#attempt, ...this.#run.writer.said };
  }
}

/** A step that is gone on with begins with who was asked last, if he keeps a response, else with who spoke last, else with who was asked last. */
function chainOf(broker: ModelBroker, { model, resume }: StepCall): Chain {
  const { fallbacks } = broker.info(model);
  const models = [model, ...fallbacks];
  if (!resume) return new Chain(models, model);
  const { kept, spoke, asked } = resume;
  const last = asked !== undefined && models.includes(asked) ? asked : model;
  const first = kept !== undefined && kept.model === asked ? kept.model : (spoke ?? last);
  return new Chain(models.includes(first) ? models : [first, ...models], first);
}

/** What the provider may recover from. */
function isOutage(error: OpenClawError): boolean {
  return error.retryable && (!isTry(error) || error.code.startsWith('PROVIDER_'));
}
