import { addUsage, encodeRecord, type Message, NO_USAGE, OpenClawError, type ToolCall, type ToolSpec } from '@openclaw-runtime/protocol';
import type { Depth } from '../think/thoughts.ts';
import { act, type PlacedCall } from './act.ts';
import { type Answer, answerOf, interruptedAnswer } from './answer.ts';
import { checkAnswer, mayCheck, mayDeepen } from './check-answer.ts';
import { Conversation } from './conversation.ts';
import { Interruption } from './interruption.ts';
import { NO_ATTEMPTS } from './ladder.ts';
import { type Given, NO_MESSAGES, type Said } from './messages.ts';
import type { CallPast } from './past.ts';
import { messagesOf, stepCall } from './question.ts';
import type { Replay } from './replay.ts';
import type { Turn } from './sessions.ts';
import { runStep, type StepCall, type StepResult } from './step.ts';
import { createToolbox, type Toolbox } from './toolbox.ts';
import type { Work } from './work.ts';
import type { RunWriter } from './writer.ts';

/** An answer to `query` that was asked for at `since`, as {@link Work.workedMs} has it. */
interface Unchecked {
  readonly first: StepResult;
  readonly query: string;
  readonly since: number;
}

/** Below it an answer counts as wrong. */
const HALF = 0.5;
/** Steps of one run whose tools it may call itself. */
const MAX_ROUNDS = 64;

/** The talk of a run with its model: steps, the tools they call, the messages that come meanwhile. */
export class Talk {
  readonly #work: Work;
  readonly #conversation = new Conversation();
  #toolbox: Toolbox | undefined;
  #tools: readonly ToolSpec[] | undefined;
  /** What an earlier owner left of the last step's calls. */
  #calls: readonly CallPast[] = [];
  #isCalling = false;

  constructor(work: Work) {
    this.#work = work;
    const { asked, deps } = work;
    this.#tools = asked.tools;
    const agent = deps.agents.get(asked.agent);
    if (!agent?.hasTools) return;
    this.#toolbox = createToolbox(agent, deps.houseTools);
    const { tools = [] } = asked;
    this.#tools = [...this.#toolbox.specs.filter(({ name }) => !tools.some((tool) => tool.name === name)), ...tools];
  }

  /** What an earlier owner left. */
  restore({ given, fold, state }: Replay): void {
    const { calls = [] } = state;
    const isToolless = calls.every(({ content }) => content === undefined);
    const before = fold.steps.slice(0, -1);
    this.#conversation.restore(given, isToolless ? before : before.map((said) => withResults(said, calls)));
    this.#calls = calls;
  }

  /** A message to the run. */
  take(message: Given): void {
    this.#conversation.add(message);
    if (message.mode === 'interrupt' && this.#isCalling) this.#work.brake.interrupt();
  }

  /** Whether this command's message waits for an answer. */
  isWaiting(command: string): boolean {
    return this.#conversation.isWaiting(command);
  }

  /** The run's first step, or where an earlier owner was: a step that is gone on with, or is only read when it was complete. */
  begin(turn: Turn | undefined, replay: Replay | undefined): Promise<Answer> | Answer {
    const last = replay?.fold.steps.at(-1);
    if (!last) return this.#step(turn, 1, undefined);
    if (last.ended) return { ...last, finish: last.finish ?? 'stop', records: [] };
    if (this.#conversation.isInterrupted) return interruptedAnswer(last);
    return this.#step(turn, last.step, replay);
  }

  /** Waits for what is coming, calls tools and takes further steps until the run is over. */
  async converse(turn: Turn | undefined, first: Answer): Promise<Answer> {
    let answer = first;
    while (!this.isOver(answer)) {
      answer = this.write(answer);
      if (this.#isToAct(answer)) answer = await this.#act(answer);
      await this.#work.lease.incoming();
      this.#work.brake.goOn();
      if (!this.#conversation.isAsked(answer)) continue;
      this.#conversation.push(answer);
      if (this.#conversation.rounds > MAX_ROUNDS) throw tooManyRounds();
      answer = await this.#step(turn, answer.step + 1, undefined);
    }
    return answer;
  }

  /** Nothing is to be done or answered, and nothing is coming: true only for this turn of the event loop. */
  isOver(answer: Answer): boolean {
    return !this.#isToAct(answer) && !this.#conversation.isAsked(answer) && !this.#work.lease.incoming();
  }

  /** Logs the end of a step whose run goes on. */
  write(answer: Answer): Answer {
    if (answer.records.length === 0) return answer;
    this.#work.writer.append(answer.records, false);
    return { ...answer, records: [] };
  }

  /** What the run adds to its session. */
  saidIn(turn: Turn, answer: Answer): readonly Message[] {
    return [...messagesOf(this.#work.asked), ...turn.held, ...this.#conversation.with(answer)];
  }

  /** What waits behind a tool call has to wait for its result, which comes with another run. */
  get unanswered(): readonly Message[] {
    return this.#conversation.unanswered;
  }

  async #step(turn: Turn | undefined, step: number, replay: Replay | undefined): Promise<Answer> {
    const { brake, lease, asked, deps, writer } = this.#work;
    brake.goOn();
    brake.renew();
    const answers = replay ? NO_MESSAGES : this.#conversation.answer(step);
    for (const { command } of answers) lease.handled(command);
    const dialogue = this.#conversation.before(step);
    const question = stepCall(asked, deps, { step, turn, dialogue, tools: this.#tools, answers, replay });
    const { signal } = brake;
    writer.attempt = question.resume?.delivered.attempt ?? 1;
    this.#isCalling = true;
    const isNew = !replay && (step === 1 || answers.length > 0);
    const thought = this.#work.think(question, { isNew }, signal);
    const depth = thought instanceof Promise ? await thought : thought;
    const since = this.#work.workedMs;
    try {
      const call = depth.level === undefined ? question : { ...question, ...depth };
      const { budget, tier, waits } = this.#work;
      const first = await runStep(
        deps,
        { lease, writer, signal, budget, tier, waits, headers: this.#work.traced(`step ${call.step}`) },
        call,
      );
      const isOpen = depth.about !== undefined && mayCheck(this.#work, call, first);
      if (!isOpen) this.#work.took(depth, call.model, first.usage, since);
      const result = isOpen ? await this.#checked(call, depth, { first, query: depth.about.query, since }, signal) : first;
      return answerOf(step, this.#toolbox ? { ...result, toolCalls: distinct(result.toolCalls) } : result);
    } catch (thrown) {
      const { said, spent } = writer;
      this.#work.spend(spent);
      if (!(signal.reason instanceof Interruption)) throw thrown;
      writer.seal(step);
      return interruptedAnswer({ step, text: said.text, attempt: writer.attempt }, spent);
    } finally {
      this.#isCalling = false;
      // What came too late to break the answer off breaks nothing off that follows it.
      brake.renew();
    }
  }

  /** Learns what an answer is worth. A wrong one is given again, once and deeper, where that may be. */
  async #checked(call: StepCall, depth: Depth, { first, query, since }: Unchecked, signal: AbortSignal): Promise<StepResult> {
    const { deps, lease, writer, thoughts, budget, tier, waits } = this.#work;
    // Where the step is broken off meanwhile, this is what it took.
    writer.spent = first.usage;
    const correct = await checkAnswer(this.#work, { call, query, result: first }, signal);
    writer.spent = NO_USAGE;
    this.#work.took(depth, call.model, first.usage, since);
    if (correct === undefined) return first;
    thoughts.checked(depth, correct);
    const deeper = correct < HALF && mayDeepen(this.#work) ? await thoughts.deeper(call, depth, signal) : undefined;
    if (!deeper) return first;

    const again = begunAgain(writer, { ...call, ...deeper }, first.attempt);
    const againSince = this.#work.workedMs;
    const second = await runStep(
      deps,
      { lease, writer, signal, budget, tier, waits, headers: this.#work.traced(`step ${again.step}`) },
      again,
    );
    this.#work.took(deeper, again.model, second.usage, againSince);
    const better = mayCheck(this.#work, again, second)
      ? await checkAnswer(this.#work, { call: again, query, result: second }, signal)
      : undefined;
    if (better !== undefined) thoughts.checked(deeper, better);
    return { ...second, usage: addUsage(first.usage, second.usage) };
  }

  /** Whether the step called tools of the run's own that were not called yet. */
  #isToAct({ toolCalls, results }: Said): boolean {
    return toolCalls.length > 0 && results === undefined && this.#toolbox !== undefined;
  }

  /** The calls that are the caller's are left to it. */
  async #act(answer: Answer): Promise<Answer> {
    const { deps, asked } = this.#work;
    const agent = deps.agents.get(asked.agent);
    if (!agent || !this.#toolbox) return { ...answer, results: [] };
    const { step, attempt, toolCalls } = answer;
    const calls = toolCalls.flatMap((call, place): PlacedCall[] => {
      if (asked.tools?.some(({ name }) => name === call.name)) return [];
      const past = this.#calls.find((each) => each.step === step && each.id === call.id) ?? { step, id: call.id };
      return [{ call, place, past }];
    });
    return { ...answer, results: await act({ work: this.#work, agent, toolbox: this.#toolbox }, { step, attempt, calls }) };
  }
}

/** The step begins anew: what its attempt `old` said is taken back. */
function begunAgain(writer: RunWriter, call: StepCall, old: number): StepCall {
  const { step, model, chosen } = call;
  const attempt = old + 1;
  const started = { model, supersedes: old, keep: 0, keepThinking: 0 };
  writer.record('step.started', step, attempt, started, 'process', chosen && encodeRecord('level.chosen', step, 0, chosen));
  const delivered = { attempt, text: '', thinking: '' };
  const cause = new OpenClawError('PROVIDER_FAILED', 'the answer did not pass its check');
  return { ...call, resume: { delivered, meters: NO_ATTEMPTS, asked: model, cause } };
}

function withResults(said: Said, calls: readonly CallPast[]): Said {
  if (said.toolCalls.length === 0) return said;
  const results = said.toolCalls.flatMap(({ id }) => {
    const content = calls.find((call) => call.step === said.step && call.id === id)?.content;
    return content === undefined ? [] : [{ id, content }];
  });
  return { ...said, results };
}

/** The same calls, each with an id of its own within the step. */
function distinct(calls: readonly ToolCall[]): readonly ToolCall[] {
  const seen = new Set<string>(['']);
  return calls.map((call, place) => {
    let { id } = call;
    for (let n = place + 1; seen.has(id); n++) id = `${call.id || 'call'}_${n}`;
    seen.add(id);
    return id === call.id ? call : { ...call, id };
  });
}

function tooManyRounds(): OpenClawError {
  return new OpenClawError(
    'NO_PROGRESS',
    `The model called tools in ${MAX_ROUNDS} steps and did not come to an end. Ask for less at once.`,
  );
}
