import type { Run, RunItem } from '@openclaw-runtime/client';
import type { Approval, ApprovalGiven, BudgetPause, ErrorBody } from '@openclaw-runtime/protocol';
import { excerpt } from './plain.ts';
import type { Printer } from './printer.ts';

export interface Narration {
  /** Default true: the answer as it comes. */
  readonly text?: boolean;
  /** Also what only says how far an operation is. */
  readonly details?: boolean;
  asked(approval: Approval): void;
  given?(given: ApprovalGiven): void;
  /** The run waits for a budget. */
  paused?(pause: BudgetPause): void;
}

/** Prints what happens in a run, in the order of its log, to its end or to where nobody can follow it: why is for `run.result()` to say. */
export async function narrate(run: Run, printer: Printer, narration: Narration): Promise<void> {
  try {
    for await (const item of run) tell(item, printer, narration);
  } catch {
    // The result rejects with the same.
  }
}

function tell(item: RunItem, printer: Printer, narration: Narration): void {
  const { text = true } = narration;
  switch (item.kind) {
    case 'snapshot':
      if (text) printer.replaced(item.fold);
      return;
    case 'text':
      if (text) printer.text(item.data, item.step);
      return;
    case 'thinking':
      if (text) printer.thinking(item.data);
      return;
    case 'step.started':
      if (text && item.data.supersedes !== undefined) printer.rewind(item.step, item.data.keep ?? 0);
      return;
    case 'approval.asked':
      return narration.asked(item.data);
    case 'budget.paused':
      narration.paused?.(item.data);
      break;
    case 'tool.result':
      printer.answered(item.data.id);
      break;
    case 'approval.given':
      narration.given?.(item.data);
      break;
    case 'state.saved':
      if (!narration.details) return;
      break;
    default:
  }
  const line = lineOf(item);
  if (line !== undefined) printer.aside(line);
}

/** One line on what happened beside the answer; `undefined` for what needs none. */
export function lineOf(item: RunItem): string | undefined {
  switch (item.kind) {
    case 'tool.called':
      return `→ ${excerpt(`${item.data.name} ${item.data.arguments}`, 100)}`;
    case 'tool.result': {
      const { name, ms, content, error } = item.data;
      return `← ${excerpt(`${name} ${msText(ms)}: ${error ? errorText(error) : content}`, 100)}`;
    }
    case 'budget.paused':
      return `‖ ${item.data.outcome.error.message}`;
    case 'budget.resumed':
      return '‖ goes on';
    case 'approval.given':
      return `◆ ${answerText(item.data)}`;
    case 'piece.done': {
      const { what, name, n, ms, error } = item.data;
      return `◇ ${excerpt(`${what} ${name}${n === 0 ? '' : ` (${n + 1})`} ${msText(ms)}${error ? `: ${errorText(error)}` : ''}`, 100)}`;
    }
    case 'event':
      return `· ${excerpt(`${item.data.name} ${JSON.stringify(item.data.data) ?? ''}`, 100)}`;
    case 'state.saved':
      return `◇ state saved, ${item.data.state.length} characters`;
    case 'child.started':
      return `↳ ${excerpt(`${item.data.name}: ${item.data.agent} begins as run ${item.data.child}`, 100)}`;
    case 'child.finished':
      return `↲ ${excerpt(`${item.data.name}: ${item.data.status}`, 100)}`;
    case 'thread.lost':
      return `! ${excerpt(`${errorText(item.data.error)} It goes on in another thread (restart ${item.data.restarts}).`)}`;
    default:
      return undefined;
  }
}

/** `allowed`, `answered: blue`, `denied: not today`, `nobody answered in time`. */
export function answerText({ answer, text }: Pick<ApprovalGiven, 'answer' | 'text'>): string {
  const word = { allow: text === undefined ? 'allowed' : 'answered', deny: 'denied', expired: 'nobody answered in time' }[answer];
  return text === undefined ? word : `${word}: ${excerpt(text, 100)}`;
}

/** `12 ms`, `3.4 s`. */
export function msText(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function errorText({ code, message }: ErrorBody): string {
  return `${code}: ${message}`;
}
