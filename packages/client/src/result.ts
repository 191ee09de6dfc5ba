import type { ToolCall, Usage } from '@openclaw-runtime/protocol';
import {
  type ErrorBody,
  type Finish,
  foldText,
  foldThinking,
  foldToolCalls,
  OpenClawError,
  type Outcome,
  type RunFold,
} from '@openclaw-runtime/protocol';

/** How a run ended and all it said. */
export interface RunResult {
  readonly status: Outcome['status'];
  readonly text: string;
  readonly thinking: string;
  readonly toolCalls: readonly ToolCall[];
  readonly usage: Usage;
  /** Not told by the server yet. */
  readonly cost: number | undefined;
  /** How deep the model was asked to think last; absent where that was left to its provider. */
  readonly level: RunFold['level'];
  /** Of a completed run: why the model stopped. */
  readonly reason?: Finish | undefined;
  /** Of a completed operation: what it returned, as the server wrote it. For `decodeState`; plain JSON where it is plain data. */
  readonly value?: string | undefined;
  /** Of a run that failed, timed out, needs attention or exhausted its budget. */
  readonly error?: ErrorBody | undefined;
}

export function resultOf(fold: RunFold, outcome: Outcome): RunResult {
  return {
    error: undefined,
    ...outcome,
    text: foldText(fold),
    thinking: foldThinking(fold),
    toolCalls: foldToolCalls(fold),
    cost: undefined,
    level: fold.level,
  };
}

/** The text of a run that was not broken by an error; what was said before a cancellation counts. */
export function textOf({ error, text }: RunResult): string {
  if (error) throw OpenClawError.fromBody(error);
  return text;
}
