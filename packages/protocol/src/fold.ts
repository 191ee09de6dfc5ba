import { addUsage, NO_USAGE, type ToolCall, type Usage } from './message.ts';
import type { Finish, Outcome, RunRecord } from './record.ts';

/** One step of a run as far as it is known: the surviving attempt's output. */
export interface StepFold {
  readonly step: number;
  attempt: number;
  text: string;
  thinking: string;
  toolCalls: ToolCall[];
  ended: boolean;
  /** Why the model stopped; present when ended. */
  finish?: Finish;
}

/** A run's records 1..seq folded into what they mean. JSON-safe: it is also the payload of a `snap` frame. */
export interface RunFold {
  seq: number;
  steps: StepFold[];
  usage: Usage;
  /** How deep a model was asked to think last; absent where nobody asked for a level. */
  level?: 1 | 2 | 3 | 4;
  /** How it would have ended, did it not wait for its budget to have room; absent while it does not wait. */
  paused?: Outcome | undefined;
  outcome?: Outcome;
}

export function emptyFold(): RunFold {
  return { seq: 0, steps: [], usage: NO_USAGE };
}

/** Applies one record, in place. Records come in order; the caller has checked that `record.seq` is `fold.seq + 1`. */
export function applyRecord(fold: RunFold, record: RunRecord): void {
  fold.seq = record.seq;
  switch (record.kind) {
    case 'step.started': {
      const { supersedes, keep = 0, keepThinking = 0 } = record.data;
      const last = fold.steps.at(-1);
      if (supersedes !== undefined && last?.step === record.step) {
        last.attempt = record.attempt;
        last.text = last.text.slice(0, keep);
        last.thinking = last.thinking.slice(0, keepThinking);
        last.toolCalls = [];
      } else {
        fold.steps.push({ step: record.step, attempt: record.attempt, text: '', thinking: '', toolCalls: [], ended: false });
      }
      return;
    }
    case 'text':
    case 'thinking':
      current(fold, record)[record.kind] += record.data;
      return;
    case 'tool.called':
      current(fold, record).toolCalls.push(record.data);
      return;
    case 'step.ended':
      Object.assign(current(fold, record), { ended: true, finish: record.data.finish });
      fold.usage = addUsage(fold.usage, record.data.usage);
      return;
    case 'level.chosen':
      fold.level = record.data.level;
      return;
    case 'budget.paused':
    case 'budget.resumed':
    case 'budget.added':
      fold.paused = (record.data as { readonly outcome?: Outcome }).outcome;
      return;
    case 'run.finished':
      fold.outcome = record.data;
      return;
    default:
  }
}

export function foldText(fold: RunFold): string {
  return fold.steps.map((step) => step.text).join('');
}

export function foldThinking(fold: RunFold): string {
  return fold.steps.map((step) => step.thinking).join('');
}

export function foldToolCalls(fold: RunFold): readonly ToolCall[] {
  return fold.steps.flatMap((step) => step.toolCalls);
}

function current(fold: RunFold, record: RunRecord): StepFold {
  const last = fold.steps.at(-1);
  if (last?.step !== record.step || last.attempt !== record.attempt) {
    throw new Error(`record ${record.seq} is not the open one`);
  }
  return last;
}
