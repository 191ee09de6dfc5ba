import { applyRecord, emptyFold, foldText, foldThinking, OpenClawError, type RunFold } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import type { GatewayContext } from '../../admission/options.ts';
import { type Created, readRun } from '../../openai/reading/follow.ts';
import { assistantMessage, userMessage } from '../words/message.ts';
import type { SessionEntry, SessionRun } from './book.ts';

/** One run of a conversation, as its log has it. */
export interface Turn extends SessionRun {
  /** Of the message that was asked; its answer has the next one. From 1. */
  readonly place: number;
  readonly created: Created;
  readonly fold: RunFold;
  /** That was asked last. */
  readonly model: string | undefined;
}

/** Characters that a history has at most; what is older is left out. */
const MOST_CHARS = 900_000;

/** The last runs of a conversation, at most so many, oldest first. A run that is gone is left out. */
export async function readTurns(
  context: Pick<GatewayContext, 'store' | 'limits'>,
  tenant: string,
  { runs, dropped }: SessionEntry,
  most: number,
): Promise<readonly Turn[]> {
  const turns: Turn[] = [];
  let chars = 0;
  for (let at = runs.length - 1; at >= 0 && turns.length < most; at--) {
    const turn = await readTurn(context, tenant, runs[at] as SessionRun, 2 * (dropped + at) + 1);
    if (!turn) continue;
    chars += foldText(turn.fold).length + foldThinking(turn.fold).length + JSON.stringify(turn.created.input).length;
    if (chars > MOST_CHARS && turns.length > 0) break;
    turns.unshift(turn);
  }
  return turns;
}

/** `undefined`: there is no such run, or not any more. */
export async function readTurn(
  context: Pick<GatewayContext, 'store' | 'limits'>,
  tenant: string,
  { runId, run }: SessionRun,
  place: number,
): Promise<Turn | undefined> {
  let fold = emptyFold();
  let created: Created | undefined;
  let model: string | undefined;
  try {
    for await (const piece of readRun(context, runKey(tenant, run))) {
      if (piece.kind === 'fold') ({ fold, created } = piece);
      else
        for (const record of piece.records) {
          if (record.kind === 'run.created') created = record.data;
          else if (record.kind === 'step.started') ({ model } = record.data);
          applyRecord(fold, record);
        }
    }
  } catch (error) {
    if (error instanceof OpenClawError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
  return created && { runId, run, place, created, fold, model };
}

export function isActive({ fold }: Pick<Turn, 'fold'>): boolean {
  return fold.outcome === undefined;
}

/** What was asked, and what came of it once that is over. */
export function messagesOf({ runId, run, place, created, fold, model }: Turn): readonly object[] {
  const about = { runId, run, at: created.at };
  const asked = userMessage(created.input, { ...about, place });
  return fold.outcome ? [asked, assistantMessage(fold, model, { ...about, place: place + 1 })] : [asked];
}
