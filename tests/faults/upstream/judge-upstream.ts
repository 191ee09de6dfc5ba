import { foldText, isErrorCode, type RunFold } from '@openclaw-runtime/protocol';
import type { LedgerEntry } from '../../provider/ledger.ts';
import type { UpstreamCase } from './plan.ts';

/** A run against what the provider says that it gave: one answer and no splice of two, an end with a word of the table, and no failure that a retry mends. */
export function judgeUpstream(plan: UpstreamCase, fold: RunFold, ledger: readonly LedgerEntry[]): readonly string[] {
  const found: string[] = [];
  const text = foldText(fold);
  const { outcome } = fold;
  if (!outcome) return [`it had not ended in time, after ${text.length} characters`];

  const given = ledger.filter(({ prompt }) => prompt === plan.prompt);
  const wholes = given.map(({ continued, prefix, full }) => (continued ? prefix + full : full));
  if (outcome.status === 'completed') {
    if (!wholes.includes(text)) found.push(`completed with a text that no answer has: ${quote(text)}`);
  } else {
    const { error } = outcome as { readonly error?: { readonly code: string; readonly message: string } };
    if (!error || !isErrorCode(error.code) || error.code === 'INTERNAL') found.push(`ended as ${JSON.stringify(outcome)}`);
    if (text !== '' && !wholes.some((whole) => whole.startsWith(text)))
      found.push(`${outcome.status} with a text that begins no answer: ${quote(text)}`);
    if (plan.passes) found.push(`${outcome.status}, though the fault passed: ${JSON.stringify(error)}`);
  }
  return found;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 160 ? `${text.slice(0, 80)} … ${text.slice(-80)}` : text);
}
