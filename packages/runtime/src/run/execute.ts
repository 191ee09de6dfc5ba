import type { AgentSpec } from '@openclaw-runtime/agent';
import { type Clock, newId, type Random, type Wheel } from '@openclaw-runtime/kit';
import type { ModelBroker } from '@openclaw-runtime/model';
import {
  addUsage,
  type ErrorCode,
  encodeRecord,
  NO_USAGE,
  OpenClawError,
  type Outcome,
  type Payloads,
  type SendData,
  type Usage,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import type { Command, Durability, Lease, RunKey, Store } from '@openclaw-runtime/store';
import { type Answer, answerOf, interruptedAnswer } from './answer.ts';
import { Conversation } from './conversation.ts';
import { executeDamaged } from './damaged.ts';
import { copyPast } from './fork.ts';
import { Interruption } from './interruption.ts';
import { type RunLimits, runDeadlineMs } from './limits.ts';
import { NO_MESSAGES } from './messages.ts';
import { messagesOf, stepCall } from './question.ts';
import { type Replay, type ReplayState, replayRun } from './replay.ts';
import type { Sessions, Turn } from './sessions.ts';
import { createSnapshots, type Snapshots } from './snapshots.ts';
import { runStep } from './step.ts';
import { Stop } from './stop.ts';
import { RunWriter } from './writer.ts';

export interface RunDeps {
  readonly store: Store;
  readonly broker: ModelBroker;
  readonly agents: ReadonlyMap<string, AgentSpec>;
  readonly defaultModel: string;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly random: Random;
  readonly wheel: Wheel;
  readonly limits: RunLimits;
  readonly textDurability: Durability;
  readonly tokenIntervalMs: number;
  onDefect(key: RunKey, error: unknown, id: string): void;
}

/** A run that this process works on. */
export interface RunningRun {
  command(command: Command): void;
  /** Ends the run when its time is up. */
  expire(now: number): void;
  /** Lets go without an end in the log: the lease is lost, or the process drains. Another owner goes on. */
  release(): void;
  /** Resolves when the run is over for this process. Never rejects, save for a defect. */
  readonly over: Promise<void>;
}

/** Carries one run from its lease to its end: what it was asked → its steps → what happened. */
export function executeRun(lease: Lease, deps: RunDeps): RunningRun {
  return lease.damage === undefined ? new Execution(lease, deps) : executeDamaged(lease, lease.damage, deps.store);
}

class Execution implements RunningRun {
  readonly over: Promise<void>;
  readonly #lease: Lease;
  readonly #deps: RunDeps;
  /** Of what the run does now: a message that interrupts a model call leaves the next step a new one. */
  #abort = new AbortController();
  #stop: Stop | undefined;
  #isCalling = false;
  readonly #asked: Payloads['run.created'];
  readonly #writer: RunWriter;
  readonly #deadlineMs: number;
  /** Ids of commands that the log knows or is about to. */
  #accepted: Set<string> | undefined;
  /** Commands that came while an earlier owner's log was read: they wait for the ones before them. */
  #early: Command[] | undefined;
  readonly #conversation = new Conversation();
  #snapshots: Snapshots | undefined;
  /** What replaying an earlier owner's log gave. */
  #past: ReplayState | undefined;
  #usage = NO_USAGE;

  constructor(lease: Lease, deps: RunDeps) {
    this.#lease = lease;
    this.#deps = deps;
    this.#asked = (JSON.parse(lease.creation) as WireRecord)[3] as Payloads['run.created'];
    const { wheel, textDurability } = deps;
    this.#writer = new RunWriter(lease, { wheel, textDurability, intervalMs: this.#asked.tokenInterval ?? deps.tokenIntervalMs }, () => {
      this.#snapshots = createSnapshots(deps.store, lease, this.#past);
    });
    this.#deadlineMs = runDeadlineMs(this.#asked.at, deps.limits, deps.clock);
    this.over = this.#work();
  }

  command(command: Command): void {
    if (this.#early) return void this.#early.push(command);
    try {
      this.#accept(command);
    } catch (error) {
      if (!isLeaseGone(error)) throw error;
    }
  }

  expire(now: number): void {
    if (now < this.#deadlineMs) return;
    this.#halt(new Stop((used) => failure(tooLong(this.#deps.limits), used)));
  }

  release(): void {
    try {
      this.#writer.flush();
    } catch {
      this.#writer.drop();
    }
    this.#halt(new Stop());
  }

  #halt(stop: Stop): void {
    this.#stop ??= stop;
    this.#abort.abort(this.#stop);
  }

  async #work(): Promise<void> {
    try {
      await this.#answer();
    } catch (thrown) {
      const reason: unknown = this.#stop ?? thrown;
      if (isLeaseGone(thrown)) return;
      const outcome = reason instanceof Stop ? reason.end?.(this.#usage) : failure(this.#shown(reason), this.#usage);
      if (outcome) await this.#endAnyway(outcome);
    } finally {
      this.#snapshots?.stop();
    }
  }

  /** An error that may be shown: a defect is reported, and its id shown instead. */
  #shown(error: unknown): OpenClawError {
    if (error instanceof OpenClawError && error.code !== 'INTERNAL') return error;
    const id = newId(this.#deps.random).slice(0, 8);
    this.#deps.onDefect(this.#lease.key, error, id);
    return new OpenClawError('INTERNAL', `Something went wrong here that should not have. Report it with the id ${id}.`);
  }

  async #answer(): Promise<void> {
    const { session } = this.#asked;
    using seat = session === undefined ? undefined : this.#deps.sessions.seat(this.#lease.key, session);
    const replay = this.#lease.head.seq > 1 || this.#asked.fork ? await this.#replay() : undefined;
    this.#open();
    this.#goOn();
    if (!seat) {
      let answer = await this.#begin(undefined, replay);
      // Looked at in the turn in which the end is written.
      while (!this.#isOver(answer)) answer = await this.#converse(undefined, answer);
      return this.#finish(answer);
    }

    const turn = await seat.turn(this.#abort.signal);
    this.#goOn();
    for (let answer = await this.#begin(turn, replay); ; ) {
      answer = this.#write(this.#isOver(answer) ? answer : await this.#converse(turn, answer));
      await this.#lease.settled();
      // What waits behind a tool call has to wait for its result, which comes with another run.
      const said = [...messagesOf(this.#asked), ...turn.held, ...this.#conversation.with(answer)];
      await turn.save(said, this.#conversation.unanswered, this.#abort.signal);
      this.#goOn();
      if (this.#isOver(answer)) return this.#finish(answer);
    }
  }

  /** Finds out what an earlier owner left, or another run. */
  async #replay(): Promise<Replay> {
    const { store } = this.#deps;
    const { fork } = this.#asked;
    this.#early = [];
    const seq = fork ? await copyPast(store, this.#lease, fork, () => this.#goOn()) : this.#lease.head.seq;
    const replay = await replayRun(store, this.#lease.key, seq);
    this.#usage = replay.fold.usage;
    this.#past = replay.state;
    this.#accepted = new Set(replay.accepted);
    this.#conversation.restore(replay.given, replay.fold.steps.slice(0, -1));
    if (replay.cancelled !== undefined) this.#cancel(replay.cancelled);
    return replay;
  }

  /** Takes the commands that came before the lease, then those that came since. */
  #open(): void {
    for (const each of this.#lease.commands) this.#accept(each);
    this.#openEarly();
  }

  #openEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const each of early) this.#accept(each);
  }

  #goOn(): void {
    if (this.#stop) throw this.#stop;
  }

  /** The run's first step, or where an earlier owner was: a step that is gone on with, or is only read when it was complete. */
  #begin(turn: Turn | undefined, replay: Replay | undefined): Promise<Answer> | Answer {
    const last = replay?.fold.steps.at(-1);
    if (!last) return this.#step(turn, 1, undefined);
    if (last.ended) return { ...last, finish: last.finish ?? 'stop', records: [] };
    if (this.#conversation.isInterrupted) return interruptedAnswer(last);
    return this.#step(turn, last.step, replay);
  }

  /** Waits for what is coming and takes further steps until the run is over. */
  async #converse(turn: Turn | undefined, first: Answer): Promise<Answer> {
    let answer = first;
    while (!this.#isOver(answer)) {
      answer = this.#write(answer);
      await this.#lease.incoming();
      this.#goOn();
      if (!this.#conversation.isAsked(answer)) continue;
      this.#conversation.push(answer);
      answer = await this.#step(turn, answer.step + 1, undefined);
    }
    return answer;
  }

  /** Nothing waits for an answer, and nothing is coming: true only for this turn of the event loop. */
  #isOver(answer: Answer): boolean {
    return !this.#conversation.isAsked(answer) && !this.#lease.incoming();
  }

  async #step(turn: Turn | undefined, step: number, replay: Replay | undefined): Promise<Answer> {
    this.#goOn();
    if (this.#abort.signal.aborted) this.#abort = new AbortController();
    const answers = replay ? NO_MESSAGES : this.#conversation.answer(step);
    for (const { command } of answers) this.#lease.handled(command);
    const call = stepCall(this.#asked, this.#deps, { step, turn, dialogue: this.#conversation.before(step), answers, replay });
    const { signal } = this.#abort;
    this.#writer.attempt = call.resume?.delivered.attempt ?? 1;
    this.#isCalling = true;
    try {
      const result = await runStep(this.#deps, { lease: this.#lease, writer: this.#writer, signal }, call);
      this.#usage = addUsage(this.#usage, result.usage);
      return answerOf(step, result);
    } catch (thrown) {
      const { said, spent } = this.#writer;
      this.#usage = addUsage(this.#usage, spent);
      if (!(signal.reason instanceof Interruption)) throw thrown;
      this.#writer.seal(step);
      return interruptedAnswer({ step, text: said.text, attempt: this.#writer.attempt }, spent);
    } finally {
      this.#isCalling = false;
    }
  }

  /** Logs the end of a step whose run goes on. */
  #write(answer: Answer): Answer {
    if (answer.records.length === 0) return answer;
    this.#writer.append(answer.records, false);
    return { ...answer, records: [] };
  }

  /** A run that was let go of is not ended here: what it was sent since then is for its next owner. */
  #finish({ finish, records }: Answer): void {
    if (this.#stop && !this.#stop.end) throw this.#stop;
    this.#end(records, { status: 'completed', reason: finish, usage: this.#usage });
  }

  #end(records: readonly string[], outcome: Outcome): void {
    this.#writer.append([...records, encodeRecord('run.finished', 0, 0, outcome)], true);
  }

  /** The end after an error; a lease that is gone by now has another owner, who will write one. */
  async #endAnyway(outcome: Outcome): Promise<void> {
    try {
      this.#openEarly();
      for (let coming = this.#lease.incoming(); coming; coming = this.#lease.incoming()) await coming;
      if (!this.#stop || this.#stop.end) this.#end([], outcome);
    } catch (error) {
      if (!isLeaseGone(error)) throw error;
    }
  }

  /** What comes when the run is about to end is logged all the same: no command is accepted that the log does not know. */
  #accept(command: Command): void {
    const { id, kind, data } = command;
    this.#accepted ??= new Set();
    if (this.#stop && !this.#stop.end) return;
    if (!this.#accepted.has(id)) {
      this.#accepted.add(id);
      if (kind === 'send') return this.#take(id, data as SendData);
      if (kind === 'cancel') {
        this.#writer.record('cancel.requested', 0, 0, { command: id }, 'disk');
        this.#cancel(id);
      } else if (kind === 'feedback') this.#writer.record('feedback.given', 0, 0, { command: id, feedback: data }, 'disk');
    }
    if (!this.#conversation.isWaiting(id)) this.#lease.handled(id);
  }

  #take(command: string, { mode, text }: SendData): void {
    this.#writer.record('message.given', 0, 0, { command, mode, text }, 'disk');
    this.#conversation.add({ command, mode, text });
    if (mode === 'interrupt' && this.#isCalling) this.#abort.abort(new Interruption());
  }

  #cancel(by: string): void {
    this.#halt(new Stop((usage) => ({ status: 'cancelled', by, usage })));
  }
}

/** Of errors that are no plain failures. */
const STATUS: { readonly [K in ErrorCode]?: 'timed_out' | 'needs_attention' } = {
  PROVIDER_TIMEOUT: 'timed_out',
  DATA_DAMAGED: 'needs_attention',
};

function failure(error: OpenClawError, usage: Usage): Outcome {
  return { status: STATUS[error.code] ?? 'failed', error: error.toBody(), usage };
}

function tooLong({ runMs }: RunLimits): OpenClawError {
  return new OpenClawError('PROVIDER_TIMEOUT', `The run took longer than ${runMs} ms. Raise limits.runMs if that is expected.`);
}

function isLeaseGone(error: unknown): boolean {
  return error instanceof OpenClawError && (error.code === 'FENCED' || error.code === 'STORE_FAILED');
}
