import { backoffMs, type Clock, type Random, sleep } from '@openclaw-runtime/kit';
import { type Level, type ModelBroker, type ModelEnd, type ModelRequest, mayAnswerElsewhere } from '@openclaw-runtime/model';
import {
  addUsage,
  type ChosenLevel,
  encodeRecord,
  type Message,
  NO_USAGE,
  OpenClawError,
  type Settings,
  type ToolSpec,
} from '@openclaw-runtime/protocol';
import { type Lease, tenantOf } from '@openclaw-runtime/store';
import type { Account } from '../budget/account.ts';
import { tokensIn } from '../budget/forecast.ts';
import type { Fares } from '../health/health.ts';
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
import { ModelWait } from './model-wait.ts';
import { pay } from './pay.ts';
import type { RunTier } from './run-tier.ts';
import { StepSink } from './step-sink.ts';
import type { Waits } from './waits.ts';
import type { RunWriter } from './writer.ts';

export interface StepHouse {
  readonly broker: ModelBroker;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: RunLimits;
  /** `false`: each answer is delivered whole. */
  readonly streaming?: boolean | undefined;
}

export interface StepRun {
  readonly lease: Lease;
  readonly writer: RunWriter;
  readonly signal: AbortSignal;
  readonly waits: Waits;
  /** Absent where the run falls under no budget. */
  readonly budget?: Account | undefined;
  /** Absent where nobody minds how models fare. */
  readonly tier?: RunTier | undefined;
  /** Sent to whoever is asked. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface StepCall {
  readonly step: number;
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolSpec[] | undefined;
  /** How hard the model is to think; absent leaves it to the provider. */
  readonly level?: Level;
  /** How that was chosen; written with the beginning of a new step. */
  readonly chosen?: ChosenLevel;
  readonly settings?: Settings;
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
      return step.end(asking, await step.ask(asking));
    } catch (thrown) {
      const { aborted, reason } = run.signal;
      asking.sink.brokeOff(aborted ? undefined : OpenClawError.from(thrown));
      if (aborted) throw reason;
      const delayMs = step.recover(asking, OpenClawError.from(thrown));
      if (delayMs > 0) await step.pause(asking.model, delayMs, thrown);
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
    this.#chain = chainOf(house.broker, call, run.tier);
    this.#attempt = resume?.delivered.attempt ?? 1;
    this.#meters = resume?.meters ?? NO_ATTEMPTS;
    this.#spoke = resume?.spoke;
    this.#kept = resume?.kept;
    this.#isResumed = resume !== undefined;
  }

  /** Throws when an earlier owner has used up what there was. */
  begin(): void {
    const { step, model, resume, answers, chosen } = this.#call;
    const { writer } = this.#run;
    writer.said.text = resume?.delivered.text ?? '';
    writer.said.thinking = resume?.delivered.thinking ?? '';
    writer.spent = NO_USAGE;
    const { tier } = this.#run;
    const fares = tier?.look(model);
    if (!resume) {
      if (!fares) tier?.calm();
      const before = chosen && encodeRecord('level.chosen', step, 0, chosen);
      writer.record('step.started', step, 1, { model, ...(answers && { answers }) }, 'process', before);
      if (fares && this.#avoid()) this.#pass(unreliable(fares));
      return;
    }
    const spent = exhausted(resume.meters, this.#house.limits, resume.cause);
    if (spent) throw spent;
    if (resume.asked !== this.#chain.asked) this.#pass(resume.cause);
  }

  /** Who is asked now, and how that joins what was delivered. */
  next(): Asking {
    const { step, messages, tools, level, settings } = this.#call;
    const hasTools = this.#hasTools;
    const { lease, writer, headers } = this.#run;
    writer.flush();
    const model = this.#chain.asked;
    const before = this.#delivered();
    // An answer of which nothing was delivered can still be delivered whole, or not at all.
    const isWhole = this.#house.streaming === false || this.#run.tier?.look(this.#call.model);
    if (isNothing(before) && isWhole) writer.hold();
    const { capabilities } = this.#house.broker.info(model);
    const attach = capabilities.attach && this.#kept?.model === model ? this.#kept.response : undefined;
    const isSpeaker = this.#spoke === model;
    const rung = chooseRung(before, { isSpeaker, isKept: attach !== undefined, canContinue: capabilities.prefix, hasTools });
    const sink = new StepSink(lease, writer, { step, model, attach }, this.#attempt, this.#told);
    if (rung !== 'continue' && !isNothing(before)) {
      const events = this.#joining(model, before.attempt, sink);
      sink.comparison = isSpeaker ? createComparison(before, events) : createReplacement(events);
    }
    const request = {
      model,
      messages,
      tenant: tenantOf(lease.key),
      ...(tools && { tools }),
      ...(level && { level }),
      ...(settings && { settings }),
      ...(rung === 'continue' && { prefix: before.text }),
      ...(attach !== undefined && { attach }),
      ...(headers && { headers }),
    };
    return { model, rung, before, sink, request };
  }

  ask(asking: Asking): Promise<ModelEnd> {
    const { sink, request } = asking;
    const { signal, budget, waits } = this.#run;
    sink.wait = new ModelWait(waits, request.model);
    return budget ? this.#pay(budget, asking) : this.#stream(asking, request, signal);
  }

  /** What the step came to, by the call that ended. */
  end({ sink }: Asking, end: ModelEnd): StepResult {
    const { writer } = this.#run;
    sink.ended();
    sink.comparison?.end();
    writer.letGo();
    const usage = writer.spent === NO_USAGE ? end.usage : addUsage(writer.spent, end.usage);
    writer.spent = NO_USAGE;
    return { ...end, usage, attempt: this.#attempt, text: writer.said.text };
  }

  #stream({ rung, sink }: Asking, request: ModelRequest, signal: AbortSignal): Promise<ModelEnd> {
    // A call that waits for a budget, however often it is begun to wait, is none yet.
    if (this.#isResumed) this.#run.writer.record('step.resumed', this.#call.step, this.#attempt, { by: rung }, 'process');
    return this.#house.broker.stream(request, sink, signal);
  }

  #pay(account: Account, asking: Asking): Promise<ModelEnd> {
    const { sink, request } = asking;
    const { broker, clock } = this.#house;
    const { signal, writer } = this.#run;
    const { attach } = broker.info(request.model).capabilities;
    const isKept = (): boolean => attach && (sink.response ?? request.attach) !== undefined;
    const leastTokens = tokensIn(writer.said.text) + tokensIn(writer.said.thinking);
    return pay({ account, clock, step: this.#call.step, request, leastTokens, signal, isKept }, (asked, meter, watched) => {
      sink.meter = meter;
      return this.#stream(asking, asked, watched);
    });
  }

  async pause(model: string, delayMs: number, error: unknown): Promise<void> {
    const { clock } = this.#house;
    const { signal, waits } = this.#run;
    const { code, message } = OpenClawError.from(error);
    const wait = waits.begin('retry', model, `${code}: ${message}`, clock.now() + delayMs);
    try {
      await sleep(clock, delayMs, signal);
    } finally {
      waits.end(wait);
    }
  }

  /** Decides what follows a call that failed: milliseconds to wait before the next one. Throws where there is to be none. */
  recover({ model, rung, before, sink }: Asking, error: OpenClawError): number {
    const { limits } = this.#house;
    const { writer } = this.#run;
    if (this.#goesOn(model, sink)) writer.letGo();
    else writer.forget();
    writer.flush();
    this.#isResumed = true;
    const after = this.#delivered();
    if (sink.heard && !isNothing(after)) this.#spoke = model;
    if (sink.response !== undefined) this.#kept = { model, response: sink.response };
    // Broken off by ourselves: it goes on when there is room for it.
    if (error.code === 'BUDGET_EXHAUSTED') return 0;
    if (rung === 'attach' && error.code === 'NOT_FOUND') {
      this.#kept = undefined;
      return 0;
    }
    const isTransient = isOutage(error);
    if (!isTransient && !mayAnswerElsewhere(error)) throw error;
    if (isTry(error)) this.#meters = countAttempt(this.#meters, rung, before, after);
    const hasBegun = !isNothing(after) || this.#kept !== undefined || sink.heard;

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
    if (this.#spoke === undefined && this.#run.tier?.look(this.#call.model)) this.#avoid();
    const { asked } = this.#chain;
    const { step } = this.#call;
    const retried = { error: error.toBody(), delayMs, ...(asked !== model && { model: asked }) };
    this.#run.writer.record('step.retried', step, this.#attempt, retried, 'process');
    return delayMs;
  }

  /** What is held of an answer is kept where the model goes on behind it, and no other could give it whole. */
  #goesOn(model: string, { response }: StepSink): boolean {
    if (!this.#chain.isAlone) return false;
    const { capabilities } = this.#house.broker.info(model);
    const isKept = capabilities.attach && (response ?? this.#kept) !== undefined;
    const footing = { isSpeaker: true, isKept, canContinue: capabilities.prefix, hasTools: this.#hasTools };
    return chooseRung({ ...this.#delivered(), ...this.#run.writer.saidAndHeld }, footing) === 'continue';
  }

  /** What must be JSON as a whole is not gone on with either. */
  get #hasTools(): boolean {
    const { tools, settings } = this.#call;
    return (tools !== undefined && tools.length > 0) || settings?.format !== undefined;
  }

  /** A model that is not to be relied on is asked last; first where there is no other, or where it is time to find out whether it has recovered. */
  #avoid(): boolean {
    const { tier } = this.#run;
    const first = this.#chain.asked;
    if (!tier?.isStatic(first) || tier.mayProbe(first)) return false;
    return this.#chain.prefer((model) => !tier.isStatic(model));
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
function chainOf(broker: ModelBroker, { model, resume }: StepCall, tier: RunTier | undefined): Chain {
  const { fallbacks } = broker.info(model);
  const cheap = tier?.isStatic(model) ? tier.substitute : undefined;
  const models = [model, ...(cheap === undefined || cheap === model ? [] : [cheap]), ...fallbacks.filter((each) => each !== cheap)];
  if (!resume) return new Chain(models, model);
  const { kept, spoke, asked } = resume;
  const last = asked !== undefined && models.includes(asked) ? asked : model;
  const first = kept !== undefined && kept.model === asked ? kept.model : (spoke ?? last);
  return new Chain(models.includes(first) ? models : [first, ...models], first);
}

function unreliable({ of, name, why }: Fares): OpenClawError {
  return new OpenClawError('CIRCUIT_OPEN', `The ${of} ${name} is in tier 3: ${why}. Another model is asked.`);
}

/** What the provider may recover from. */
function isOutage(error: OpenClawError): boolean {
  return error.retryable && (!isTry(error) || error.code.startsWith('PROVIDER_'));
}
