import type { AgentSpec } from '@openclaw-runtime/agent';
import type { Clock, Random, Wheel } from '@openclaw-runtime/kit';
import type { ModelBroker } from '@openclaw-runtime/model';
import {
  addUsage,
  encodeRecord,
  foldText,
  type Message,
  NO_USAGE,
  OpenClawError,
  type Outcome,
  type Payloads,
  type RunRequest,
  type Usage,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import type { Command, Durability, Lease, Store } from '@openclaw-runtime/store';
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
  const abort = new AbortController();
  const asked = (JSON.parse(lease.creation) as WireRecord)[3] as Payloads['run.created'];
  const intervalMs = asked.tokenInterval ?? deps.tokenIntervalMs;
  let snapshots: Snapshots | undefined;
  const writer = new RunWriter(lease, {
    wheel: deps.wheel,
    intervalMs,
    textDurability: deps.textDurability,
    onLong() {
      snapshots = createSnapshots(deps.store, lease);
    },
  });
  const deadlineMs = deps.clock.now() + deps.limits.runMs;
  const accepted = new Set<string>();
  let usage = NO_USAGE;

  const command = ({ id, kind, data }: Command): void => {
    if (abort.signal.aborted || accepted.has(id)) return;
    accepted.add(id);
    if (kind === 'cancel') {
      writer.record('cancel.requested', 0, 0, { command: id }, 'disk');
      cancel(id);
    } else if (kind === 'feedback') writer.record('feedback.given', 0, 0, { command: id, feedback: data }, 'disk');
  };
  const cancel = (by: string): void => abort.abort(new Stop((used) => ({ status: 'cancelled', by, usage: used })));

  const resume = async (): Promise<Replay | undefined> => {
    const replay = lease.head.seq > 1 ? await replayRun(deps.store, lease.key, lease.head.seq) : undefined;
    if (replay) {
      usage = replay.fold.usage;
      for (const id of replay.accepted) accepted.add(id);
      if (replay.cancelled) cancel(replay.cancelled);
    }
    for (const each of lease.commands) command(each);
    abort.signal.throwIfAborted();
    return replay;
  };

  const answer = async (): Promise<void> => {
    const replay = await resume();
    const input = messagesOf(asked);
    await using session = await deps.sessions.enter(lease.key, asked.session, abort.signal);
    const last = replay?.fold.steps.at(-1);
    let records: string[] = [];
    let { finish, text } = { finish: last?.finish ?? 'stop', text: replay ? foldText(replay.fold) : '' };
    if (!last?.ended) {
      const result = await runStep(deps, { lease, writer, signal: abort.signal }, stepCall(asked, deps, session.messages, replay));
      ({ finish, text } = result);
      usage = addUsage(usage, result.usage);
      records = stepRecords(last?.step ?? 1, result);
    }
    if (asked.session !== undefined) {
      if (records.length > 0) writer.append(records, false);
      records = [];
      await lease.settled();
      await session.save([...input, { role: 'assistant', content: text }]);
    }
    end(records, { status: 'completed', reason: finish, usage });
  };

  const end = (records: readonly string[], outcome: Outcome): void => {
    writer.append([...records, encodeRecord('run.finished', 0, 0, outcome)], true);
  };

  const work = async (): Promise<void> => {
    try {
      await answer();
    } catch (thrown) {
      const reason: unknown = abort.signal.aborted ? abort.signal.reason : thrown;
      if (isLeaseGone(thrown) || isLeaseGone(reason)) return;
      const outcome = reason instanceof Stop ? reason.end?.(usage) : failure(OpenClawError.from(reason), usage);
      if (outcome) endAnyway(outcome);
    } finally {
      snapshots?.stop();
    }
  };

  /** The end after an error; a lease that is gone by now has another owner, who will write one. */
  const endAnyway = (outcome: Outcome): void => {
    try {
      end([], outcome);
    } catch (error) {
      if (!isLeaseGone(error)) throw error;
    }
  };

  return {
    command(each) {
      try {
        command(each);
      } catch (error) {
        if (!isLeaseGone(error)) throw error;
      }
    },
    expire(now) {
      if (now >= deadlineMs) abort.abort(new Stop((used) => failure(tooLong(deps.limits), used)));
    },
    release() {
      writer.drop();
      abort.abort(new Stop());
    },
    over: work(),
  };
}

function stepCall(asked: RunRequest, deps: RunDeps, history: readonly Message[], replay: Replay | undefined): StepCall {
  const agent = deps.agents.get(asked.agent);
  if (!agent) throw new OpenClawError('NOT_FOUND', `There is no agent ${asked.agent}. Known: ${[...deps.agents.keys()].join(', ')}.`);
  const system: readonly Message[] = agent.instructions ? [{ role: 'system', content: agent.instructions }] : [];
  const call = {
    step: 1,
    model: asked.model ?? agent.model ?? deps.defaultModel,
    messages: [...system, ...history, ...messagesOf(asked)],
    tools: asked.tools,
  };
  const last = replay?.fold.steps.at(-1);
  return last && replay ? { ...call, step: last.step, resume: { delivered: deliveredOf(last), meters: replay.meters } } : call;
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
