import type { RunFold, StepFold } from '@openclaw-runtime/protocol';

/** How much of a step that was told still stands after its run's past was replaced. */
export interface Kept {
  readonly step: number;
  /** UTF-16 units of text and of thinking. */
  readonly keep: number;
  readonly keepThinking: number;
  readonly keepCalls: number;
  /** Something that was told no longer stands. */
  readonly cut: boolean;
}

type Said = Pick<StepFold, 'text' | 'thinking' | 'toolCalls'>;

const NOTHING: Said = { text: '', thinking: '', toolCalls: [] };

/** For each step of `before`, in order. Behind the first step that is cut nothing is kept. */
export function keptOf(before: RunFold, after: RunFold): readonly Kept[] {
  let diverged = false;
  return before.steps.map((was, i) => {
    const now = after.steps[i];
    const kept = compare(was, !diverged && now?.step === was.step ? now : NOTHING);
    diverged ||= kept.cut;
    return kept;
  });
}

function compare({ step, text, thinking, toolCalls }: StepFold, now: Said): Kept {
  const keep = commonPrefix(text, now.text);
  const keepThinking = commonPrefix(thinking, now.thinking);
  const sameCalls = JSON.stringify(toolCalls) === JSON.stringify(now.toolCalls.slice(0, toolCalls.length));
  const cut = keep < text.length || keepThinking < thinking.length || !sameCalls;
  return { step, keep, keepThinking, keepCalls: cut ? 0 : toolCalls.length, cut };
}

/** In UTF-16 units, never inside a surrogate pair. */
function commonPrefix(a: string, b: string): number {
  let end = 0;
  while (end < a.length && a.charCodeAt(end) === b.charCodeAt(end)) end++;
  const last = a.charCodeAt(end - 1);
  return end < a.length && last >= 0xd800 && last < 0xdc00 ? end - 1 : end;
}
