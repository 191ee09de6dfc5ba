import { encodeRecord, type Finish, NO_USAGE, type StepFold, type Usage } from '@openclaw-runtime/protocol';
import type { Said } from './messages.ts';
import type { StepResult } from './step.ts';

/** A step that has ended. */
export interface Answer extends Said {
  readonly attempt: number;
  readonly finish: Finish;
  /** What is still to be written of the step. */
  readonly records: readonly string[];
}

export function answerOf(step: number, { attempt, text, toolCalls, finish, usage }: StepResult): Answer {
  const calls = toolCalls.map((call) => encodeRecord('tool.called', step, attempt, call));
  return { step, attempt, finish, text, toolCalls, records: [...calls, encodeRecord('step.ended', step, attempt, { finish, usage })] };
}

/** A step that a message broke off: what was said stands. What it cost, providers mostly do not tell. */
export function interruptedAnswer({ step, attempt, text }: Pick<StepFold, 'step' | 'attempt' | 'text'>, usage: Usage = NO_USAGE): Answer {
  return answerOf(step, { finish: 'interrupted', usage, toolCalls: [], attempt, text });
}
