import {
  type Answered,
  type Ask,
  checkChars,
  type DonePiece,
  encodeState,
  type ModelAnswer,
  type PersonAnswer,
} from '@openclaw-runtime/agent';
import { SmallMap } from '@openclaw-runtime/kit';
import { encodeRecord, NO_USAGE, OpenClawError, type StepFold, type Usage } from '@openclaw-runtime/protocol';
import type { Agent } from './agents.ts';
import { answerOf } from './answer.ts';
import { APPROVAL_MS } from './approvals.ts';
import type { Children } from './children.ts';
import { generate } from './generate.ts';
import { recordLevel } from './level-warning.ts';
import { countEvent, type OperationPast, questionId, saved } from './past.ts';
import { operationCall } from './question.ts';
import type { Replay } from './replay.ts';
import { scrubbed, scrubbedJson } from './scrubbed.ts';
import { runStep } from './step.ts';
import type { Work } from './work.ts';

/** What is kept of pieces since the last checkpoint, here and for the next start; a small one counts for as much as it takes at least. */
const MAX_KEPT = 64 << 20;
const PIECE_CHARS = 256;

/** What an operation tells of the answer that it got last: `{correct}` or `{rating}`, as in feedback. */
const OUTCOME = 'reasoning.outcome';

/** Where a piece is among those of its operation. */
type Place = Pick<DonePiece, 'what' | 'name' | 'n'>;
type PieceWork = (before: string[]) => Promise<string | undefined>;
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
  /** By what, name and number: what is done since the state was saved last, and what is on its way. */
  readonly #known = new SmallMap<string, DonePiece>();
  readonly #pending = new SmallMap<string, Promise<Answered>>();
  /** Characters of what is done, about. */
  #kept = 0;
  /** Model calls that were shown since then, ended or not. */
  #streams = 0;
  /** The step that an earlier owner of the run left open. */
  #open: Replay | undefined;
  #lastStep: number;
  /** Model calls that are shown follow one another, each when the one before is durable: the last of them. */
  #streaming: Promise<unknown> | undefined;
  /** Events that an earlier start has told, by name. */
  #told: Map<string, number> | undefined;

  constructor(work: Work, agent: Agent, children: Children, past: OperationPast, replay: Replay | undefined, signal: AbortSignal) {
    this.#work = work;
    this.#agent = agent;
    this.#past = past;
    this.#signal = signal;
    this.#children = children;
    const steps = replay?.fold.steps ?? [];
    this.#lastStep = steps.at(-1)?.step ?? 0;
    if (replay && steps.at(-1)?.ended === false) this.#open = replay;
    if (past.pieces.length === 0) return;
    const byStep = new Map(steps.map((fold) => [fold.step, fold]));
    past.pieces = past.pieces.map((piece) => withAnswer(piece, byStep.get(past.base + piece.n + 1), past.usages[piece.n]));
    for (const piece of past.pieces) this.#know(piece);
  }

  /** The operation begins from its last state. */
  restart(): void {
    this.#work.rest.steps = 0;
    const { events } = this.#past;
    this.#told = events.length > 0 ? new Map(events) : undefined;
  }

  /** Answers once it is durable. */
  answer(request: Ask): Promise<Answered> {
    const { rest } = this.#work;
    rest.stir();
    switch (request.do) {
      case 'stream':
        return this.#piece('stream', '', request.n, (key, since) => this.#stream(request, key, since));
      case 'generate':
        return this.#once('generate', request.name, request.n, (before) => this.#generate(request, before));
      case 'begun':
        rest.steps++;
        return Promise.resolve(undefined);
      case 'done':
        if (rest.steps > 0) rest.steps--;
        return this.#once('step', request.name, request.n, async () => this.#step(request));
      case 'person':
        rest.steps = request.steps ?? 0;
        return this.#once('ask', request.name, request.n, () => this.#person(request));
      case 'run':
        return this.#once('run', request.name, request.n, () => this.#child(request));
      case 'emit':
        return this.#emit(request);
      case 'checkpoint':
        return this.#save(request);
      case 'secret':
        return this.#secret(request);
    }
  }

  /** Whether something of it goes on. */
  get isPending(): boolean {
    return this.#pending.size > 0;
  }

  /** Resolves when nothing of it goes on any more, once its signal aborted. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#pending.values());
  }

  /** `work` logs what it comes to; an error is logged here, behind the records that it left in `before`. */
  #once(what: DonePiece['what'], name: string, n: number, work: PieceWork): Promise<Answered> {
    return this.#piece(what, name, n, (key, since) => this.#carryOut({ what, name, n }, key, since, work));
  }

  /** `begin` calls {@link #over} in the end. */
  #piece(what: DonePiece['what'], name: string, n: number, begin: (key: string, since: number) => Promise<Answered>): Promise<Answered> {
    const key = keyOf({ what, name, n });
    const done = this.#known.get(key);
    if (done?.error) return Promise.reject(OpenClawError.fromBody(done.error));
    if (done) return Promise.resolve(done.plain ?? done.value);
    const pending = this.#pending.get(key);
    if (pending) return pending;
    if (this.#kept > MAX_KEPT) return Promise.reject(tooMuch());
    if (what === 'stream' && n !== this.#streams) return Promise.reject(outOfTurn(n, this.#streams));
    if (what === 'stream') this.#streams++;
    const { rest, deps } = this.#work;
    rest.begin();
    const begun = begin(key, deps.clock.now());
    this.#pending.set(key, begun);
    return begun;
  }

  async #carryOut(piece: Place, key: string, since: number, work: PieceWork): Promise<string | undefined> {
    const before: string[] = [];
    try {
      const value = await work(before);
      await this.#work.lease.settled();
      return value;
    } catch (thrown) {
      throw await this.#failed(piece, since, before, thrown);
    } finally {
      this.#over(key);
    }
  }

  /** Logs the error of a piece, unless the run does not go on; resolves to what the operation is told. */
  async #failed(piece: Place, since: number, before: readonly string[], thrown: unknown): Promise<unknown> {
    const { deps, lease } = this.#work;
    if (this.#signal.aborted) return this.#signal.reason;
    const error = OpenClawError.from(thrown, 'AGENT_FAILED');
    if (error.code === 'FENCED' || error.code === 'STORE_FAILED') return error;
    const body = scrubbed(error, deps.scrub).toBody();
    this.#done({ ...piece, error: body }, since, before);
    await lease.settled();
    return OpenClawError.fromBody(body);
  }

  #over(key: string): void {
    this.#pending.delete(key);
    this.#work.rest.end();
  }

  /** Logs a piece, behind what is part of it; `since`: when it began, on the clock's `now`. */
  #done(piece: DonePiece, since: number, before: readonly string[] = []): string | undefined {
    const { writer, deps } = this.#work;
    const ms = Math.max(Math.round(deps.clock.now() - since), 0);
    this.#past.pieces.push(piece);
    this.#know(piece);
    writer.append([...before, encodeRecord('piece.done', 0, 0, { ...piece, ms })], false);
    return piece.value;
  }

  #know(piece: DonePiece): void {
    this.#known.set(keyOf(piece), piece);
    this.#kept += PIECE_CHARS + (piece.value?.length ?? 0) + (piece.plain ? charsOf(piece.plain) : 0);
    if (piece.what === 'stream') this.#streams = Math.max(this.#streams, piece.n + 1);
  }

  #encoded(value: ModelAnswer | PersonAnswer | object): string {
    return scrubbedJson(encodeState(value), this.#work.deps.scrub);
  }

  #stream(request: AskOf<'stream'>, key: string, since: number): Promise<Answered> {
    const show = (): Promise<Answered> => this.#shown(request, key, since);
    const next = this.#streaming ? this.#streaming.then(show, show) : show();
    this.#streaming = next;
    return next;
  }

  /** In one function with what is done around other pieces: what waits for a model waits in each. */
  async #shown({ n, call }: AskOf<'stream'>, key: string, since: number): Promise<Answered> {
    const { lease, writer, deps, asked } = this.#work;
    /** The step whose model is asked now. */
    let asking: number | undefined;
    try {
      if (this.#signal.aborted) throw this.#signal.reason;
      const step = this.#past.base + n + 1;
      const open = this.#lastStep === step ? this.#open : undefined;
      this.#open = undefined;
      this.#lastStep = step;
      const question = operationCall(asked, deps, call, step, open);
      const thought = this.#work.think(question, { isNew: true, isOwn: true }, this.#signal);
      const depth = thought instanceof Promise ? await thought : thought;
      writer.attempt = question.resume?.delivered.attempt ?? 1;
      writer.spent = NO_USAGE;
      const sinceMs = this.#work.workedMs;
      asking = step;
      const result = await runStep(
        deps,
        {
          lease,
          writer,
          signal: this.#signal,
          budget: this.#work.budget,
          tier: this.#work.tier,
          waits: this.#work.waits,
          headers: this.#work.traced(`step ${step}`),
        },
        depth.level === undefined ? question : { ...question, ...depth },
      );
      this.#work.thoughts.spent(depth, question.model, result.usage, this.#work.workedMs - sinceMs);
      const { finish, text, toolCalls, records } = answerOf(step, result);
      asking = undefined;
      this.#spend(result.usage);
      writer.append(records, false);
      const plain: ModelAnswer = { text, toolCalls, finish, usage: result.usage };
      checkChars(charsOf(plain));
      const piece: DonePiece = { what: 'stream', name: '', n, plain };
      this.#past.pieces.push(piece);
      this.#know(piece);
      await lease.settled();
      return plain;
    } catch (thrown) {
      const before = asking === undefined ? [] : [this.#interrupted(asking)];
      throw await this.#failed({ what: 'stream', name: '', n }, since, before, thrown);
    } finally {
      this.#over(key);
    }
  }

  /** The record of a step that failed. */
  #interrupted(step: number): string {
    const { writer } = this.#work;
    const usage = writer.spent;
    this.#spend(usage);
    return encodeRecord('step.ended', step, writer.attempt, { finish: 'interrupted', usage });
  }

  #spend(usage: Usage): void {
    this.#work.spend(usage);
    this.#past.usages.push(usage);
  }

  async #generate({ name, n, call }: AskOf<'generate'>, before: string[]): Promise<string | undefined> {
    const { deps, asked, tenant } = this.#work;
    const since = deps.clock.now();
    const { workedMs } = this.#work;
    const asking = operationCall(asked, deps, call, 0, undefined);
    const thought = this.#work.think(asking, { isNew: true, isOwn: true }, this.#signal);
    const depth = thought instanceof Promise ? await thought : thought;
    if (depth.chosen) before.push(encodeRecord('level.chosen', 0, 0, depth.chosen));
    const { model, messages, tools } = asking;
    const { level } = depth;
    const spend = (usage: Usage): void => this.#work.spend(usage);
    const question = { model, messages, tenant, ...(tools && { tools }), ...(level && { level }) };
    const house = { ...deps, budget: this.#work.budget, tier: this.#work.tier, waits: this.#work.waits };
    const answer = await generate(house, question, spend, this.#signal, (who, leveled) =>
      recordLevel(this.#work.writer, { step: 0, model: who }, leveled),
    );
    this.#work.thoughts.spent(depth, model, answer.usage, this.#work.workedMs - workedMs);
    return this.#done({ what: 'generate', name, n, value: this.#encoded(answer) }, since, before);
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

  /** What a step tells is not told again when the step is known, and so is not counted either. */
  async #emit({ name, data, step }: AskOf<'emit'>): Promise<undefined> {
    const { writer, lease, deps } = this.#work;
    if (step === undefined) {
      const told = this.#told?.get(name) ?? 0;
      if (told > 0) {
        this.#told?.set(name, told - 1);
        return;
      }
      countEvent(this.#past, name);
    }
    const event = { name, data: JSON.parse(scrubbedJson(data, deps.scrub)) as unknown, ...(step !== undefined && { step }) };
    writer.record('event', 0, 0, event, 'process');
    if (name === OUTCOME) this.#work.thoughts.learn(event.data);
    await lease.settled();
  }

  async #save({ version, state }: AskOf<'checkpoint'>): Promise<undefined> {
    const { writer, lease, deps } = this.#work;
    const value = scrubbedJson(state, deps.scrub);
    writer.record('state.saved', 0, 0, { version, state: value }, 'disk');
    saved(this.#past, { version, value }, this.#lastStep);
    this.#told = undefined;
    this.#known.clear();
    this.#kept = 0;
    this.#streams = 0;
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

function keyOf({ what, name, n }: Pick<DonePiece, 'what' | 'name' | 'n'>): string {
  return `${what}\n${name}\n${n}`;
}

function outOfTurn(n: number, next: number): OpenClawError {
  return new OpenClawError('AGENT_FAILED', `The operation asked for model call ${n} where ${next} is next. Ask by ctx.model only.`);
}

function tooMuch(): OpenClawError {
  const message = `What the operation did since its last checkpoint takes more than ${MAX_KEPT >> 20} MiB. Call ctx.checkpoint() now and then, or return less from steps.`;
  return new OpenClawError('AGENT_FAILED', message);
}

/** A model call that was shown is known by its step. */
function withAnswer(piece: DonePiece, fold: StepFold | undefined, usage: Usage | undefined): DonePiece {
  if (piece.what !== 'stream' || piece.error || !fold || !usage) return piece;
  const { text, toolCalls, finish = 'stop' } = fold;
  return { ...piece, plain: { text, toolCalls, finish, usage } };
}

/** About. */
function charsOf({ text, toolCalls }: ModelAnswer): number {
  return toolCalls.reduce((sum, call) => sum + call.arguments.length, text.length);
}
