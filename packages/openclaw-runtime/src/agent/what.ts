import type { Level, RunOptions } from '@openclaw-runtime/client';
import { type Message, OpenClawError, type ToolSpec } from '@openclaw-runtime/protocol';

/** What an agent is to do: carry out one of its operations, or answer. */
export type Execute = ExecuteOperation | ExecuteQuery;

interface Settings {
  /** Default: the agent's. */
  readonly model?: string;
  readonly level?: Level;
  readonly session?: string;
  /** Milliseconds until the run is cancelled. Default: what the house allows. */
  readonly timeoutMs?: number;
}

export interface ExecuteOperation extends Settings {
  readonly operation: string;
  /** What it is given: any JSON value. */
  readonly args?: unknown;
  /** Goes on with the last run of this operation, with the same arguments, where that did not complete: default false, which starts anew. */
  readonly useSnapshot?: boolean;
}

export interface ExecuteQuery extends Settings {
  /** The question. The same as `input`, which can also be a conversation. */
  readonly query?: string;
  readonly input?: string | readonly Message[];
  /** Calls to these end the run: they are the caller's to carry out. */
  readonly tools?: readonly ToolSpec[];
}

export interface Defaults {
  readonly agent: string;
  readonly model: string | undefined;
  readonly level: Level | undefined;
}

/** The run that is asked for. Throws `BAD_REQUEST`. */
export function runOf(what: Execute, { agent, model, level }: Defaults, idempotencyKey: string): RunOptions {
  const { session } = what;
  const wanted = what.model ?? model;
  const depth = what.level ?? level;
  const settings = {
    agent,
    idempotencyKey,
    ...(wanted === undefined ? {} : { model: wanted }),
    ...(depth === undefined ? {} : { level: depth }),
    ...(session === undefined ? {} : { session }),
  };
  if ('operation' in what) return { ...settings, operation: what.operation, ...(what.args === undefined ? {} : { args: what.args }) };
  const input = what.input ?? what.query;
  if (input === undefined || input.length === 0)
    throw new OpenClawError('BAD_REQUEST', 'There is nothing to execute. Name an operation, or give a query.');
  return { ...settings, input, ...(what.tools === undefined ? {} : { tools: what.tools }) };
}
