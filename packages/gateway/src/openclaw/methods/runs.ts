import { isId } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { submitCommand } from '../../admission/submit.ts';
import { type Created, createdOf, readRun } from '../../openai/reading/follow.ts';
import type { SessionEntry } from '../sessions/book.ts';
import { isActive, readTurn, type Turn } from '../sessions/turns.ts';
import type { Call } from './call.ts';

export interface FoundRun {
  readonly key: RunKey;
  readonly created: Created;
  readonly isDone: boolean;
}

/** Runs of a session that may be at work at once. */
const LOOKED_AT = 32;

/** By the client's name of it, or by ours. Rejects with `NOT_FOUND`. */
export async function findRun({ house: { context }, tenant }: Call, runId: string): Promise<FoundRun> {
  const names = [context.store.runId(tenant, runId), ...(isId(runId) ? [runId] : [])];
  for (const run of names) {
    const key = runKey(tenant, run);
    try {
      for await (const piece of readRun(context, key)) return { key, created: createdOf(piece), isDone: piece.head.done };
    } catch (error) {
      if (!(error instanceof OpenClawError && error.code === 'NOT_FOUND')) throw error;
    }
  }
  throw new OpenClawError('NOT_FOUND', `There is no run ${runId.slice(0, 64)}.`);
}

/** Runs of the session that have not ended, oldest first. */
export async function activeTurns({ house: { context }, tenant }: Call, entry: SessionEntry | undefined): Promise<readonly Turn[]> {
  if (!entry) return [];
  const turns = await Promise.all(entry.runs.slice(-LOOKED_AT).map((run) => readTurn(context, tenant, run, 0)));
  return turns.filter((turn) => turn !== undefined).filter(isActive);
}

/** Cancels it, durably; `false` where it has ended. */
export async function cancelRun(store: Store, key: RunKey): Promise<boolean> {
  try {
    await submitCommand(store, key, { id: 'chat.abort', kind: 'cancel' });
    return true;
  } catch (error) {
    if (error instanceof OpenClawError && error.code === 'RUN_FINISHED') return false;
    throw error;
  }
}
