import { type Ask, type DonePiece, encodeState, type ModelAnswer, type PersonAnswer } from '@openclaw-runtime/agent';
import { encodeRecord, OpenClawError, type StepFold, type Usage } from '@openclaw-runtime/protocol';
import type { Agent } from './agents.ts';
import { answerOf } from './answer.ts';
import { APPROVAL_MS } from './approvals.ts';
import { Children } from './children.ts';
import { generate } from './generate.ts';
import { countEvent, type OperationPast, questionId, saved } from './past.ts';
import { operationCall } from './question.ts';
import type { Replay } from './replay.ts';
import { scrubbed, scrubbedJson } from './scrubbed.ts';
import { runStep } from './step.ts';
import type { Work } from './work.ts';

type AskOf<D extends Ask['do']> = Extract<Ask, { readonly do: D }>;

/**
 * What an operation asks of its run. Each piece is done once, whichever of the operation's starts asks for it: a later start joins what an earlier one began, and is
 * told what came of what is done.
 */
export class Requests {
  readonly #work: Work;
  readonly #agent: Agent;
  readonly #past: OperationPast;
  readonly #signal: AbortSignal;
  readonly #children: Children;
  /** By what, name and number. */
  readonly #pending = new Map<string, Promise<string | undefined>>();
  /** The step that an earlier owner of the run left open. */
  #open: Replay | undefined;
  #lastStep: number;
  /** Model calls that are shown follow one another. */
  #lastStream: Promise<unknown> = Promise.resolve();
  /** Events that an earlier start has told, by name. */
  #told: Map<string, number> = new Map();

  constructor(work: Work, agent: Agent, past: OperationPast, replay: Replay | undefined, signal: AbortSignal) {
    this.#work = work;
    this.#agent = agent;
    this.#past = past;
    this.#signal = signal;
    this.#children = new Children(work);
    const steps = replay?.fold.steps ?? [];
    this.#lastStep = steps.at(-1)?.step ?? 0;
    if (replay?.state.children) this.#children.restore(replay.state.children);
    if (replay && steps.at(-1)?.ended === false) this.#open = replay;
    past.pieces = past.pieces.map((piece) =>
      withAnswer(
        piece,
        steps.find(({ step }) => step === past.base + piece.n + 1),
        past.usages[piece.n],
      ),
    );
  }

  /** The operation begins from its last state. */
  restart(): void {
    this.#told = new Map(this.#past.events);
  }

  /** Answers with text as `encodeState` writes it, once it is durable. */
  answer(request: Ask): Promise<string | undefined> {
    switch (request.do) {
      case 'stream':
        return this.#piece('stream', '', request.n, () => this.#stream(request));
      case 'generate':
        return this.#piece('generate', request.name, request.n, () => this.#generate(request));
      case 'done':
        return this.#piece('step', request.name, request.n, () => Promise.resolve(this.#step(request)));
      case 'person':
        return this.#piece('ask', request.name, request.n, () => this.#person(request));
      case 'run':
        return this.#piece('run', request.name, request.n, () => this.#child(request));
      case 'emit':
        return this.#emit(request);
      case 'checkpoint':
        return this.#save(request);
      case 'secret':
        return this.#secret(request);
    }
  }

  /** Resolves when nothing of it goes on any more, once its signal aborted. Children go on only where another owner of the run does. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#pending.values());
    if (!this.#work.brake.isReleased) await this.#children.cancel();
  }

  /** `work` logs what it comes to; an error is logged here. */
  #piece(what: DonePiece['what'], name: string, n: number, work: () => Promise<string | undefined>): Promise<string | undefined> {
    const done = this.#past.pieces.find((piece) => piece.what === what && piece.name === name && piece.n === n);
    if (done?.error) return Promise.reject(OpenClawError.fromBody(done.error));
    if (done) return Promise.resolve(done.value);
    const key = `${what}\n${name}\n${n}`;
    const pending = this.#pending.get(key);
    if (pending) return pending;
    const begun = this.#carryOut({ what, name, n }, work).finally(() => this.#pending.delete(key));
    begun.catch(() => undefined);
    this.#pending.set(key, begun);
    return begun;
  }

  async #carryOut(piece: Pick<DonePiece, 'what' | 'name' | 'n'>, work: () => Promise<string | undefined>): Promise<string | undefined> {
    const { deps, lease } = this.#work;
    const since = deps.clock.now();
    try {
      const value = await work();
      await lease.settled();
      return value;
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason;
      if (!(error instanceof OpenClawError) || error.code === 'FENCED' || error.code === 'STORE_FAILED') throw error;
      const body = scrubbed(error, deps.scrub).toBody();
      this.#done({ ...piece, error: body }, since);
      await lease.settled();
      throw OpenClawError.fromBody(body);
    }
  }

  /** Logs a piece, behind what is part of it; `since`: when it began, on the clock's `now`. */
  #done(piece: DonePiece, since: number, before: readonly string[] = []): string | undefined {
    const { writer, deps } = this.#work;
    const ms = Math.max(Math.round(deps.clock.now() - since), 0);
    this.#past.pieces.push(piece);
    writer.append([...before, encodeRecord('piece.done', 0, 0, { ...piece, ms })], false);
    return piece.value;
  }

  #encoded(value: ModelAnswer | PersonAnswer | object): string {
    return scrubbedJson(encodeState(value), this.#work.deps.scrub);
  }

  #stream(request: AskOf<'stream'>): Promise<string | undefined> {
    const next = this.#lastStream.then(() => this.#shown(request));
    this.#lastStream = next.catch(() => undefined);
    return next;
  }

  async #shown({ n, call }: AskOf<'stream'>): Promise<string | undefined> {
    const { lease, writer, deps, asked } = this.#work;
    if (this.#signal.aborted) throw this.#signal.reason;
    const step = this.#past.base + n + 1;
    const open = this.#lastStep === step ? this.#open : undefined;
    this.#open = undefined;
    this.#lastStep = step;
    const question = operationCall(asked, deps, call, step, open);
    writer.attempt = question.resume?.delivered.attempt ?? 1;
    try {
      const result = await runStep(deps, { lease, writer, signal: this.#signal }, question);
      const { finish, text, toolCalls, records } = answerOf(step, result);
      this.#spend(result.usage);
      writer.append(records, false);
      const value = encodeState({ text, toolCalls, finish, usage: result.usage } satisfies ModelAnswer);
      this.#past.pieces.push({ what: 'stream', name: '', n, value });
      return value;
    } catch (error) {
      if (this.#signal.aborted) throw error;
      const usage = writer.spent;
      this.#spend(usage);
      writer.append([encodeRecord('step.ended', step, writer.attempt, { finish: 'interrupted', usage })], false);
      throw error;
    }
  }

  #spend(usage: Usage): void {
    this.#work.spend(usage);
    this.#past.usages.push(usage);
  }

  async #generate({ name, n, call }: AskOf<'generate'>): Promise<string | undefined> {
    const { deps, asked, tenant } = this.#work;
    const since = deps.clock.now();
    const { model, messages, tools } = operationCall(asked, deps, call, 0, undefined);
    const answer = await generate(deps, { model, messages, tenant, ...(tools && { tools }) }, this.#signal);
    this.#work.spend(answer.usage);
    return this.#done({ what: 'generate', name, n, value: this.#encoded(answer) }, since);
  }

  #step({ name, n, ms, value, error }: AskOf<'done'>): string | undefined {
    const { deps } = this.#work;
    const since = deps.clock.now() - ms;
    if (error) {
      const body = scrubbed(OpenClawError.fromBody(error), deps.scrub).toBody();
      return this.#done({ what: 'step', name, n, error: body }, since);
    }
    return this.#done({ what: 'step', name, n, ...(value !== undefined && { value: scrubbedJson(value, deps.scrub) }) }, since);
  }

  async #person({ name, n, text, timeoutMs }: AskOf<'person'>): Promise<string | undefined> {
    const { approvals, deps } = this.#work;
    const since = deps.clock.now();
    const patienceMs = timeoutMs !== undefined && timeoutMs > 0 ? Math.min(timeoutMs, deps.limits.runMs) : APPROVAL_MS;
    const id = questionId(this.#past, name, n);
    const plea = { id, about: 'question', name, text: deps.scrub(text), timeoutMs: patienceMs, step: 0 } as const;
    const given = await approvals.ask(plea, this.#signal);
    if (given.answer === 'expired') throw new OpenClawError('EXPIRED', `Nobody answered "${name}" in time.`);
    const answer: PersonAnswer = { allowed: given.answer === 'allow', ...(given.text !== undefined && { text: given.text }) };
    return this.#done({ what: 'ask', name, n, value: this.#encoded(answer) }, since);
  }

  async #child({ name, n, child }: AskOf<'run'>): Promise<string | undefined> {
    const since = this.#work.deps.clock.now();
    const answer = await this.#children.run({ name, n, saves: this.#past.saves }, child, this.#signal);
    return this.#done({ what: 'run', name, n, value: this.#encoded(answer) }, since, [this.#children.finished(answer, name)]);
  }

  async #emit({ name, data }: AskOf<'emit'>): Promise<undefined> {
    const { writer, lease, deps } = this.#work;
    const told = this.#told.get(name) ?? 0;
    if (told > 0) {
      this.#told.set(name, told - 1);
      return;
    }
    countEvent(this.#past, name);
    writer.record('event', 0, 0, { name, data: JSON.parse(scrubbedJson(data, deps.scrub)) as unknown }, 'process');
    await lease.settled();
  }

  async #save({ version, state }: AskOf<'checkpoint'>): Promise<undefined> {
    const { writer, lease, deps } = this.#work;
    const value = scrubbedJson(state, deps.scrub);
    writer.record('state.saved', 0, 0, { version, state: value }, 'disk');
    saved(this.#past, { version, value }, this.#lastStep);
    this.#told.clear();
    await lease.settled();
  }

  #secret({ name }: AskOf<'secret'>): Promise<string> {
    try {
      return Promise.resolve(encodeState(this.#work.deps.secrets(name, this.#agent.name)));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }
}

/** A model call that was shown is known by its step. */
function withAnswer(piece: DonePiece, fold: StepFold | undefined, usage: Usage | undefined): DonePiece {
  if (piece.what !== 'stream' || piece.error || !fold || !usage) return piece;
  const { text, toolCalls, finish = 'stop' } = fold;
  return { ...piece, value: encodeState({ text, toolCalls, finish, usage } satisfies ModelAnswer) };
}
