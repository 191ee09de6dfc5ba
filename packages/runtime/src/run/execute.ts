import type { AgentSpec } from '@openclaw-runtime/agent';
import { type Clock, newId, type Random, type Wheel } from '@openclaw-runtime/kit';
import type { ModelBroker } from '@openclaw-runtime/model';
import {
  addUsage,
  encodeRecord,
  type Finish,
  foldText,
  type Message,
  NO_USAGE,
  OpenClawError,
  type Outcome,
  type Payloads,
  type RunRequest,
  type ToolCall,
  type Usage,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import type { Command, Durability, Lease, RunKey, Store } from '@openclaw-runtime/store';
import { deliveredOf } from './ladder.ts';
import type { RunLimits } from './limits.ts';
import { type Replay, replayRun } from './replay.ts';
import type { Sessions } from './sessions.ts';
import { createSnapshots, type Snapshots } from './snapshots.ts';
import { runStep, type StepCall, type StepResult } from './step.ts';
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

/** Why a run's signal was aborted: with the end to be logged, or without one when the run is not ours any more. */
class Stop {
  readonly end: ((usage: Usage) => Outcome) | undefined;
  constructor(end?: (usage: Usage) => Outcome) {
    this.end = end;
  }
}

/** Carries one run from its lease to its end: what it was asked → its step → what happened. */
export function executeRun(lease: Lease, deps: RunDeps): RunningRun {
  return new Execution(lease, deps);
}

class Execution implements RunningRun {
  readonly over: Promise<void>;
  readonly #lease: Lease;
  readonly #deps: RunDeps;
  readonly #abort = new AbortController();
  readonly #asked: Payloads['run.created'];
  readonly #writer: RunWriter;
  readonly #deadlineMs: number;
  /** Ids of commands that the log knows or is about to. */
  #accepted: Set<string> | undefined;
  #snapshots: Snapshots | undefined;
  #usage = NO_USAGE;

  constructor(lease: Lease, deps: RunDeps) {
    this.#lease = lease;
    this.#deps = deps;
    this.#asked = (JSON.parse(lease.creation) as WireRecord)[3] as Payloads['run.created'];
    const { wheel, textDurability } = deps;
    this.#writer = new RunWriter(lease, { wheel, textDurability, intervalMs: this.#asked.tokenInterval ?? deps.tokenIntervalMs }, () => {
      this.#snapshots = createSnapshots(deps.store, lease);
    });
    this.#deadlineMs = deps.clock.now() + deps.limits.runMs;
    this.over = this.#work();
  }

  command(command: Command): void {
    try {
      this.#accept(command);
    } catch (error) {
      if (!isLeaseGone(error)) throw error;
    }
  }

  expire(now: number): void {
    if (now < this.#deadlineMs) return;
    this.#abort.abort(new Stop((used) => failure(tooLong(this.#deps.limits), used)));
  }

  release(): void {
    try {
      this.#writer.flush();
    } catch {
      this.#writer.drop();
    }
    this.#abort.abort(new Stop());
  }

  async #work(): Promise<void> {
    try {
      await this.#answer();
    } catch (thrown) {
      const { signal } = this.#abort;
      const reason: unknown = signal.aborted ? signal.reason : thrown;
      if (isLeaseGone(thrown) || isLeaseGone(reason)) return;
      const outcome = reason instanceof Stop ? reason.end?.(this.#usage) : failure(this.#shown(reason), this.#usage);
      if (outcome) this.#endAnyway(outcome);
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
    const { signal } = this.#abort;
    const replay = this.#lease.head.seq > 1 ? await this.#replay() : undefined;
    for (const each of this.#lease.commands) this.#accept(each);
    signal.throwIfAborted();
    const { session } = this.#asked;
    if (session === undefined) return this.#finish(await this.#step([], replay));

    await using turn = await this.#deps.sessions.enter(this.#lease.key, session, signal);
    const answer = await this.#step(turn.messages, replay);
    if (answer.records.length > 0) this.#writer.append(answer.records, false);
    await this.#lease.settled();
    await turn.save([...messagesOf(this.#asked), ...assistant(answer)]);
    this.#finish({ ...answer, records: [] });
  }

  /** Finds out what an earlier owner left. */
  async #replay(): Promise<Replay> {
    const { store } = this.#deps;
    const replay = await replayRun(store, this.#lease.key, this.#lease.head.seq);
    this.#usage = replay.fold.usage;
    this.#accepted = new Set(replay.accepted);
    if (replay.cancelled !== undefined) this.#cancel(replay.cancelled);
    return replay;
  }

  /** The run's step: asked afresh, or gone on with, or only read when it was complete. */
  async #step(history: readonly Message[], replay: Replay | undefined): Promise<Answer> {
    const last = replay?.fold.steps.at(-1);
    if (last?.ended && replay)
      return { finish: last.finish ?? 'stop', text: foldText(replay.fold), toolCalls: last.toolCalls, records: [] };
    const call = stepCall(this.#asked, this.#deps, history, replay);
    const result = await runStep(this.#deps, { lease: this.#lease, writer: this.#writer, signal: this.#abort.signal }, call);
    this.#usage = addUsage(this.#usage, result.usage);
    return { finish: result.finish, text: result.text, toolCalls: result.toolCalls, records: stepRecords(call.step, result) };
  }

  #finish({ finish, records }: Answer): void {
    this.#end(records, { status: 'completed', reason: finish, usage: this.#usage });
  }

  #end(records: readonly string[], outcome: Outcome): void {
    this.#writer.append([...records, encodeRecord('run.finished', 0, 0, outcome)], true);
  }

  /** The end after an error; a lease that is gone by now has another owner, who will write one. */
  #endAnyway(outcome: Outcome): void {
    try {
      this.#end([], outcome);
    } catch (error) {
      if (!isLeaseGone(error)) throw error;
    }
  }

  #accept({ id, kind, data }: Command): void {
    this.#accepted ??= new Set();
    if (this.#abort.signal.aborted || this.#accepted.has(id)) return;
    this.#accepted.add(id);
    if (kind === 'cancel') {
      this.#writer.record('cancel.requested', 0, 0, { command: id }, 'disk');
      this.#cancel(id);
    } else if (kind === 'feedback') this.#writer.record('feedback.given', 0, 0, { command: id, feedback: data }, 'disk');
  }

  #cancel(by: string): void {
    this.#abort.abort(new Stop((usage) => ({ status: 'cancelled', by, usage })));
  }
}

interface Answer {
  readonly finish: Finish;
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** What is still to be written of the step. */
  readonly records: readonly string[];
}

function stepCall(asked: RunRequest, deps: RunDeps, history: readonly Message[], replay: Replay | undefined): StepCall {
  const agent = deps.agents.get(asked.agent);
  if (!agent) throw new OpenClawError('NOT_FOUND', `There is no agent ${asked.agent}. Known: ${[...deps.agents.keys()].join(', ')}.`);
  const system: readonly Message[] = agent.instructions ? [{ role: 'system', content: agent.instructions }] : [];
  const wanted = asked.model ?? agent.model ?? deps.defaultModel;
  const begun = replay?.model;
  const model = begun !== undefined && isKnown(deps.broker, begun) ? begun : wanted;
  const call = { step: 1, model, messages: [...system, ...history, ...messagesOf(asked)], tools: asked.tools };
  const last = replay?.fold.steps.at(-1);
  if (!last || !replay) return call;
  const cause = new OpenClawError('STORE_FAILED', 'the process that owned the run died');
  return { ...call, step: last.step, resume: { delivered: deliveredOf(last), meters: replay.meters, otherModel: model !== begun, cause } };
}

function isKnown(broker: ModelBroker, model: string): boolean {
  try {
    broker.info(model);
    return true;
  } catch {
    return false;
  }
}

/** What the session remembers of the answer: nothing where there was none. */
function assistant({ text, toolCalls }: Answer): readonly Message[] {
  if (toolCalls.length > 0) return [{ role: 'assistant', content: text, toolCalls }];
  return text === '' ? [] : [{ role: 'assistant', content: text }];
}

function messagesOf({ input }: RunRequest): readonly Message[] {
  return typeof input === 'string' ? [{ role: 'user', content: input }] : input;
}

function stepRecords(step: number, { attempt, toolCalls, finish, usage }: StepResult): string[] {
  const calls = toolCalls.map((call) => encodeRecord('tool.called', step, attempt, call));
  return [...calls, encodeRecord('step.ended', step, attempt, { finish, usage })];
}

function failure(error: OpenClawError, usage: Usage): Outcome {
  return { status: error.code === 'PROVIDER_TIMEOUT' ? 'timed_out' : 'failed', error: error.toBody(), usage };
}

function tooLong({ runMs }: RunLimits): OpenClawError {
  return new OpenClawError('PROVIDER_TIMEOUT', `The run took longer than ${runMs} ms. Raise limits.runMs if that is expected.`);
}

function isLeaseGone(error: unknown): boolean {
  return error instanceof OpenClawError && (error.code === 'FENCED' || error.code === 'STORE_FAILED');
}
