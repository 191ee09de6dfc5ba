import type { Level, RunOptions } from '@openclaw-runtime/client';
import { type Message, OpenClawError, type ToolSpec } from '@openclaw-runtime/protocol';
import { checkBudget, type RunBudget } from './options.ts';

/** What an agent is to do: carry out one of its operations, or answer. */
export type Execute = ExecuteOperation | ExecuteQuery;

interface Settings {
  /** Default: the agent's. */
  readonly model?: string;
  readonly level?: Level;
  /** How complex it is: a tag of the agent's `levelThresholds`. */
  readonly complexity?: string;
  /** In place of the agent's: US dollars, or limits in several units. */
  readonly budget?: RunBudget;
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
  readonly budget?: RunBudget | undefined;
}

/** The run that is asked for. Throws `BAD_REQUEST`. */
export function runOf(what: Execute, { agent, model, level, budget }: Defaults, idempotencyKey: string): RunOptions {
  const { session, complexity } = what;
  const wanted = what.model ?? model;
  const depth = what.level ?? level;
  const limits = checkBudget(what.budget) ?? budget;
  const settings = {
    agent,
    idempotencyKey,
    ...(wanted === undefined ? {} : { model: wanted }),
    ...(depth === undefined ? {} : { level: depth }),
    ...(complexity === undefined ? {} : { complexity }),
    ...(limits === undefined ? {} : { budget: limits }),
    ...(session === undefined ? {} : { session }),
  };
  if ('operation' in what) return { ...settings, operation: what.operation, ...(what.args === undefined ? {} : { args: what.args }) };
  const input = what.input ?? what.query;
  if (input === undefined || input.length === 0)
    throw new OpenClawError('BAD_REQUEST', 'There is nothing to execute. Name an operation, or give a query.');
  return { ...settings, input, ...(what.tools === undefined ? {} : { tools: what.tools }) };
}
