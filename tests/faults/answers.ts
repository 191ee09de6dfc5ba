import { simulatedText } from '@openclaw-runtime/model';
import type { LedgerEntry } from '../provider/ledger.ts';
import type { RunPlan } from './plan.ts';

/** The whole answers that a run may have got: of the HTTP provider those in its ledger, of the simulated model the one that carries the text's own nonce. */
export function answersOf(plan: RunPlan, text: string, ledger: readonly LedgerEntry[]): readonly string[] {
  const { answer, prompt } = plan;
  if (answer.by === 'http') {
    return ledger.filter((entry) => entry.prompt === prompt).map(({ continued, prefix, full }) => (continued ? prefix + full : full));
  }
  const [, nonce = ''] = (answer.vary && /·(\w+) $/.exec(text)) || [];
  return [simulatedText(prompt, answer.tokens, nonce)];
}
