import { applyRecord, emptyFold, OpenClawError, type Outcome, type RunFold } from '@openclaw-runtime/protocol';
import type { RunKey } from '@openclaw-runtime/store';
import type { GatewayContext } from '../../admission/options.ts';
import { type Created, followRun } from './follow.ts';

/** A run that has ended. */
export interface Ended {
  readonly created: Created;
  readonly fold: RunFold;
  readonly outcome: Outcome;
}

/** Waits for a run's end; `undefined` where the signal came before. `onPaused` is told how it would have ended by now, where it waits for its budget to have room. */
export async function waitForEnd(
  context: GatewayContext,
  key: RunKey,
  gone: AbortSignal,
  onPaused: (outcome: Outcome) => void = () => undefined,
): Promise<Ended | undefined> {
  let created: Created | undefined;
  let fold = emptyFold();
  for await (const piece of followRun(context, key, gone)) {
    if (piece.kind === 'fold') ({ created, fold } = piece);
    else if (piece.kind === 'records') {
      for (const record of piece.records) {
        if (record.kind === 'run.created') created = record.data;
        applyRecord(fold, record);
      }
    }
    if (fold.paused && !fold.outcome) onPaused(fold.paused);
  }
  if (gone.aborted) return undefined;
  const { outcome } = fold;
  if (!created || !outcome) throw new OpenClawError('DATA_DAMAGED', 'The run’s log has no beginning, or no end.');
  return { created, fold, outcome };
}
