import type { ErrorBody, Finish, Message, ToolCall, ToolSpec, Usage } from '@openclaw-runtime/protocol';
import type { AgentCard } from './card.ts';

/**
 * What a pool and its threads say to each other; the same over a pipe to a host process. All that one side has to say in a tick travels as one array.
 * Values are as `encodeState` writes them: text, so that nothing but text crosses. What is JSON by its nature, a model's answer, is that alone.
 */
export type Down =
  /** Import the module. Answered by `loaded` or `unloadable`. */
  | { readonly t: 'load'; readonly agent: string; readonly module: string }
  | { readonly t: 'call'; readonly id: number; readonly agent: string; readonly job: Job }
  /** To `ask` number `n` of a call. */
  | {
      readonly t: 'answer';
      readonly id: number;
      readonly n: number;
      readonly value?: string;
      readonly plain?: ModelAnswer;
      readonly error?: ErrorBody;
    }
  /** The call's signal aborts; it is expected to end, and a second later its thread may be ended. */
  | { readonly t: 'abort'; readonly id: number; readonly reason: ErrorBody };

export type Up =
  | { readonly t: 'loaded'; readonly agent: string; readonly card: AgentCard }
  | { readonly t: 'unloadable'; readonly agent: string; readonly error: ErrorBody }
  | { readonly t: 'ask'; readonly id: number; readonly n: number; readonly request: Ask }
  | { readonly t: 'done'; readonly id: number; readonly value?: string }
  | { readonly t: 'failed'; readonly id: number; readonly error: ErrorBody }
  /** What the agent's code printed, up to 64 KiB a second and call; `dropped` characters before it were too many. `id` 0: no call's code. */
  | { readonly t: 'said'; readonly id: number; readonly text: string; readonly dropped: number };

/** What a thread is to do. */
export type Job = ToolJob | OperationJob;

export interface ToolJob {
  readonly kind: 'tool';
  readonly tool: string;
  /** JSON text as the model wrote it. */
  readonly arguments: string;
  /** Idempotency key: the same for each try of this call. */
  readonly key: string;
  readonly run: RunFacts;
  /** Those that the tool names. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface OperationJob {
  readonly kind: 'operation';
  readonly operation: string;
  readonly args?: string;
  /** At its last checkpoint; absent before the first. */
  readonly state?: { readonly version: number; readonly value: string };
  /** What was done since then, in the order of the log: answered from here, not done again. */
  readonly pieces: readonly DonePiece[];
  /** Milliseconds between two saved states; absent: the module's own. */
  readonly snapshotIntervalMs?: number;
  readonly run: RunFacts;
}

/** A piece that an earlier start of the operation finished. */
export interface DonePiece {
  readonly what: 'step' | 'stream' | 'generate' | 'ask' | 'run';
  readonly name: string;
  /** How many of this `what` and `name` there were before. */
  readonly n: number;
  readonly value?: string;
  readonly plain?: ModelAnswer;
  readonly error?: ErrorBody;
}

/** What the run answers: nothing, a value as `encodeState` writes it, or a model's answer. */
export type Answered = string | ModelAnswer | undefined;

export interface RunFacts {
  readonly run: string;
  readonly tenant: string;
  readonly agent: string;
  readonly session?: string;
  /** The folder that this run's tools may write to, where there is one. */
  readonly workspace?: string;
}

/**
 * What an operation asks of the run that carries it. Each is answered; the promise in the operation settles with the answer. `n` is how many of this `do` and
 * `name` there were before since the state was saved last: from 0, also for `stream`.
 */
export type Ask =
  /** A model call whose text goes to the run's log and viewers as it comes: {@link ModelAnswer}. */
  | { readonly do: 'stream'; readonly n: number; readonly call: ModelCall }
  /** A model call for the operation alone, named and counted like a step: {@link ModelAnswer}. */
  | { readonly do: 'generate'; readonly name: string; readonly n: number; readonly call: ModelCall }
  /** `ctx.step` is done; answered when that is durable. */
  | {
      readonly do: 'done';
      readonly name: string;
      readonly n: number;
      readonly ms: number;
      readonly value?: string;
      readonly error?: ErrorBody;
    }
  /** `step`: inside of which step, whose events are told again when it is done again. */
  | { readonly do: 'emit'; readonly name: string; readonly data: string; readonly step?: string }
  | { readonly do: 'checkpoint'; readonly version: number; readonly state: string }
  /** A person is asked: {@link PersonAnswer}. `steps`: how many are under way. */
  | {
      readonly do: 'person';
      readonly name: string;
      readonly n: number;
      readonly text: string;
      readonly timeoutMs?: number;
      readonly steps?: number;
    }
  /** A step has begun. Told while a person is asked: a run in which nothing else goes on may be parked. */
  | { readonly do: 'begun' }
  /** Another agent's run: {@link ChildAnswer}. */
  | { readonly do: 'run'; readonly name: string; readonly n: number; readonly child: ChildCall }
  /** A secret of the operation's agent, by name: its value. */
  | { readonly do: 'secret'; readonly name: string };

export interface ModelCall {
  readonly messages: readonly Message[];
  readonly model?: string;
  readonly tools?: readonly ToolSpec[];
}

export interface ModelAnswer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finish: Finish;
  readonly usage: Usage;
}

export interface PersonAnswer {
  readonly allowed: boolean;
  readonly text?: string;
}

export interface ChildCall {
  readonly agent: string;
  readonly input: string;
  readonly operation?: string;
  readonly args?: unknown;
  readonly model?: string;
  /** Milliseconds from its start until it is cancelled; the answer then says `timed_out`. */
  readonly timeoutMs?: number;
}

export interface ChildAnswer {
  readonly run: string;
  readonly status: 'completed' | 'cancelled' | 'failed' | 'timed_out' | 'needs_attention' | 'budget_exhausted';
  readonly text: string;
  /** What an operation returned. */
  readonly value?: unknown;
  /** Calls of tools that its agent's module declares, in order: structured things that it has to say. Absent where there were none. */
  readonly calls?: readonly ToolCall[];
  readonly error?: ErrorBody;
}
