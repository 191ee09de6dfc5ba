import type { ErrorBody } from './errors.ts';
import type { Message, Settings, ToolCall, ToolSpec, Usage } from './message.ts';

/** Why the model stopped, in the words of chat providers; `interrupted`: a message came that would not wait. */
export type Finish = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'interrupted';

/** When a message to a run that goes on is answered: after what the run does now, at its next step, or at once. */
export type SendMode = 'queue' | 'steer' | 'interrupt';

/** The past that a run shares with another: that run's records after its first, up to `seq`; and what is said next, where that is not left to the model. */
export interface Fork {
  readonly run: string;
  readonly seq: number;
  readonly text?: string;
}

/** What model calls may take: US dollars, tokens of all kinds, milliseconds of model calls. */
export interface Budget {
  readonly usd?: number;
  readonly tokens?: number;
  readonly ms?: number;
}

/** Why a run waits: the budget of `scope`, which is called `name`, has no room for what its next model call `needed`. `usd` are dollars, else whole numbers. */
export interface BudgetPause {
  readonly scope: 'tenant' | 'day' | 'agent' | 'session' | 'task' | 'run';
  readonly name: string;
  readonly unit: 'usd' | 'tokens' | 'ms';
  readonly limit: number;
  readonly spent: number;
  readonly needed: number;
  /** Milliseconds since 1970: of the pause, and when it is over by itself. */
  readonly at: number;
  readonly until?: number;
  /** It is this run, started by the one whose record this is, that has no room. */
  readonly child?: string;
  /** How the run would have ended by now, did it not wait. */
  readonly outcome: Extract<Outcome, { readonly error: ErrorBody }>;
}

/** What a run was asked to do: the payload of `run.created`, fixed for the run's life. */
export interface RunRequest {
  readonly agent: string;
  readonly input: string | readonly Message[];
  readonly model?: string;
  readonly session?: string;
  readonly tools?: readonly ToolSpec[];
  readonly level?: 1 | 2 | 3 | 4 | 'auto';
  /** How complex the caller says it is: a tag, whose level the agent or the house knows. */
  readonly complexity?: string;
  /** How its model is to answer. */
  readonly settings?: Settings;
  /** What it may take, together with all runs that it starts. */
  readonly budget?: Budget;
  /** Milliseconds that text may wait for its record; 0 is the next commit. */
  readonly tokenInterval?: number;
  readonly fork?: Fork;
  /** A named function of the agent instead of a conversation with its model; `args` is what it is given, `input` what it is called. */
  readonly operation?: string;
  readonly args?: unknown;
  /** The trace that whoever asked is in; runs that it starts are in it, too. */
  readonly trace?: TraceContext;
  /** The run that started this one. Set by runtimes, never by clients. */
  readonly parent?: Parent;
  /** What the API through which it came has to say of it again. Set by gateways, never by clients. */
  readonly door?: Readonly<Record<string, unknown>>;
}

/** W3C's trace context: the headers `traceparent` and `tracestate`. */
export interface TraceContext {
  readonly parent: string;
  readonly state?: string;
}

/** Who started a run: `name` is what that run calls it, `depth` counts from 1, `root` is the one above all: they share its workspace. */
export interface Parent {
  readonly run: string;
  readonly name: string;
  readonly depth: number;
  readonly root: string;
}

/** How a run ended; `run.finished` carries it and nothing follows. */
export type Outcome =
  /** `value`: what an operation returned, as `encodeState` writes it. */
  | { readonly status: 'completed'; readonly reason: Finish; readonly usage: Usage; readonly value?: string }
  | { readonly status: 'cancelled'; readonly by: string; readonly usage: Usage }
  | { readonly status: 'failed' | 'timed_out' | 'needs_attention' | 'budget_exhausted'; readonly error: ErrorBody; readonly usage: Usage };

export type Status = 'running' | Outcome['status'];

/** The payload of each kind of record (PROTOCOL.md §4.2). */
export interface Payloads {
  'run.created': RunRequest & { readonly at: number; readonly fingerprint: string };
  /** Of the step that it names, before which it stands; of step 0: of a model call that nobody watches. */
  'level.chosen': ChosenLevel;
  /** From the run's next step on. */
  'level.set': { readonly command: string; readonly level: 1 | 2 | 3 | 4 | 'auto' };
  /** `answers`: ids of the commands whose messages this step is the first to answer. */
  'step.started': {
    readonly model: string;
    readonly supersedes?: number;
    readonly keep?: number;
    readonly keepThinking?: number;
    readonly answers?: readonly string[];
  };
  /** The model is busy; `ahead` calls are before this one. */
  'step.queued': { readonly model: string; readonly ahead: number };
  /** `model`: another one is asked now. */
  'step.retried': { readonly error: ErrorBody; readonly delayMs: number; readonly model?: string };
  'step.resumed': { readonly by: 'fresh' | 'attach' | 'continue' | 'compare' };
  /** The provider keeps this response: whoever comes later can read it again. */
  'step.responding': { readonly response: string };
  text: string;
  thinking: string;
  /** The model asks for a call. */
  'tool.called': ToolCall;
  /** The call begins, with this idempotency key: from here on it may have had its effect. */
  'tool.started': ToolStarted;
  'tool.result': ToolResult;
  'approval.asked': Approval;
  'approval.given': ApprovalGiven;
  /** A piece of an operation is done, and never done again. */
  'piece.done': Piece;
  /** `state`: what the agent knows, as `encodeState` of the room agent writes it. An operation starts again from here. */
  'state.saved': { readonly version: number; readonly state: string };
  /** What an agent tells its viewers; `step`: inside of which step of its operation. */
  event: { readonly name: string; readonly data: unknown; readonly step?: string };
  'child.started': { readonly child: string; readonly agent: string; readonly name: string };
  'child.finished': { readonly child: string; readonly name: string; readonly status: Exclude<Status, 'running'> };
  /** The agent's thread is gone; the run goes on in another one. `restarts` counts from 1. */
  'thread.lost': { readonly error: ErrorBody; readonly restarts: number };
  'tier.changed': TierChanged;
  'step.ended': { readonly finish: Finish; readonly usage: Usage };
  /**
   * What a model call took of the budgets of the run. `call` names it: its step, a dot, its number. `day`, in UTC, is the one whose budget it took it of. `lost`: the process that
   * made the call died, so all that was set aside for it counts.
   */
  'budget.settled': {
    readonly call: string;
    readonly model: string;
    readonly day: string;
    readonly microUsd: number;
    readonly tokens: number;
    readonly ms: number;
    readonly lost?: true;
  };
  /** The call is asked at a lower level, as the budget has no room for more. */
  'budget.lowered': { readonly call: string; readonly from: number; readonly to: number };
  'budget.paused': BudgetPause;
  /** It goes on; `pausedMs` is how long it waited, which is no time of the run's. */
  'budget.resumed': { readonly at: number; readonly pausedMs: number };
  /** Somebody raised the run's budget, and its task's. */
  'budget.added': Budget & { readonly command: string };
  'cancel.requested': { readonly command: string };
  'message.given': { readonly command: string; readonly mode: SendMode; readonly text: string };
  'feedback.given': { readonly command: string; readonly feedback: unknown };
  'run.finished': Outcome;
}

/** How deep a model is asked to think, and why. */
export interface ChosenLevel {
  readonly level: 1 | 2 | 3 | 4;
  readonly model: string;
  /** In words: what decided, then what changed that. */
  readonly why: readonly string[];
  /** How much thinking the request was predicted to need, 0..1; absent where nobody predicted. */
  readonly score?: number;
  /** What it would have been, where something made it less. */
  readonly wanted?: 1 | 2 | 3 | 4;
  /** What made it less, by name: `maxLevel`, `maxLevel of the house`, `tier`, `budget`. */
  readonly caps?: readonly string[];
  /** Of this model call, before it began. */
  readonly forecast?: Forecast;
  /** Tokens of the model that was asked how deep to think, where one was. */
  readonly judged?: Usage;
}

/** Expected value, then the interval in which four of five outcomes lie. */
export type Range = readonly [mean: number, low: number, high: number];

export interface Forecast {
  readonly inputTokens: Range;
  readonly outputTokens: Range;
  readonly thinkingTokens: Range;
  /** Absent where no price is known. */
  readonly usd?: Range;
  readonly ms: Range;
}

/** 0 normal, 1 reconnecting, 2 restored, 3 static: only what is cheap goes on. */
export type Tier = 0 | 1 | 2 | 3;

/** The run goes on in another tier: because of a model, of its agent or of what carries agents' code, or by itself. `why` is for people. */
export interface TierChanged {
  readonly tier: Tier;
  readonly from: Tier;
  readonly of: 'model' | 'agent' | 'host' | 'run';
  /** Of what is at fault; absent for the run. */
  readonly name?: string;
  readonly why: string;
}

export interface ToolStarted {
  readonly id: string;
  readonly name: string;
  readonly key: string;
}

/** `error`: why there is none; `content`: what the model is told, in both cases. */
export interface ToolResult {
  readonly id: string;
  readonly name: string;
  readonly ms: number;
  readonly content: string;
  readonly error?: ErrorBody;
}

/** A person is asked: whether a tool may be called, or a question of the agent's. `hash` names exactly these arguments. */
export interface Approval {
  readonly id: string;
  readonly about: 'tool' | 'question';
  readonly name: string;
  readonly text: string;
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Once per approval. `command` is absent where nobody answered in time. */
export interface ApprovalGiven {
  readonly id: string;
  readonly answer: 'allow' | 'deny' | 'expired';
  readonly command?: string;
  readonly text?: string;
}

/**
 * What a part of an operation came to: its `what` and `name`, and how many of these there were before since the state was saved last. `stream`: a model call that
 * failed; one that came to its end is known by its step.
 */
export interface Piece {
  readonly what: 'step' | 'stream' | 'generate' | 'ask' | 'run';
  readonly name: string;
  readonly n: number;
  readonly ms: number;
  /** As `encodeState` writes it; absent for `undefined` and with `error`. */
  readonly value?: string;
  readonly error?: ErrorBody;
}

export type Kind = keyof Payloads;

/**
 * A record as it is stored and sent: `[kind, step, attempt, payload]`, and for text and thinking that hold more than
 * one delta of the provider a fifth item, the deltas' lengths in UTF-16 units. `step` and `attempt` are 0 outside a step.
 */
export type WireRecord = readonly [kind: Kind, step: number, attempt: number, payload: unknown, deltas?: readonly number[]];

/** A record as programs use it. */
export type RunRecord = { readonly [K in Kind]: RecordOf<K> }[Kind];

export interface RecordOf<K extends Kind> {
  readonly kind: K;
  readonly seq: number;
  readonly step: number;
  readonly attempt: number;
  readonly data: Payloads[K];
  /** For text and thinking: where the provider's deltas end; absent means one delta. */
  readonly deltas?: readonly number[];
}

/** A record's one encoding: what is stored, hashed and sent is this text. */
export function encodeRecord<K extends Kind>(
  kind: K,
  step: number,
  attempt: number,
  data: Payloads[K],
  deltas?: readonly number[],
): string {
  const payload = JSON.stringify(data);
  return deltas !== undefined && deltas.length > 1
    ? `["${kind}",${step},${attempt},${payload},[${deltas.join(',')}]]`
    : `["${kind}",${step},${attempt},${payload}]`;
}

/** The record of a parsed wire tuple. The tuple comes from our own log or server, whose chain hash vouches for its shape. */
export function decodeRecord(wire: WireRecord, seq: number): RunRecord {
  const [kind, step, attempt, data, deltas] = wire;
  return { kind, seq, step, attempt, data, deltas } as RunRecord;
}

/** The records of a stored body, texts joined by commas, of which the first has seq `first`. */
export function decodeRecords(body: string, first: number): RunRecord[] {
  return (JSON.parse(`[${body}]`) as WireRecord[]).map((wire, i) => decodeRecord(wire, first + i));
}
