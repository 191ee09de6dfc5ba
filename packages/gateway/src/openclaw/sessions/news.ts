import type { GatewayContext } from '../../admission/options.ts';
import { sessionNameOf } from '../words/session-key.ts';
import type { Book } from './book.ts';
import { messagesOf, readTurn } from './turns.ts';

/** What was asked in a run, or what came of it, for those who follow a session's messages; `undefined` where it is not there, or not yet. */
export async function messageNews(
  { context, book }: { readonly context: Pick<GatewayContext, 'store' | 'limits'>; readonly book: Book },
  tenant: string,
  sessionKey: string,
  runId: string,
  which: 'asked' | 'said',
): Promise<object | undefined> {
  const entry = await book.read(tenant, sessionNameOf(sessionKey));
  const at = entry?.runs.findIndex((run) => run.runId === runId) ?? -1;
  const run = entry?.runs[at];
  if (!entry || !run) return undefined;
  const place = 2 * (entry.dropped + at) + 1;
  const turn = await readTurn(context, tenant, run, place);
  const index = which === 'asked' ? 0 : 1;
  const message = turn && messagesOf(turn)[index];
  const { agent: agentId, sessionId, updatedMs: updatedAt } = entry;
  return message && { sessionKey, agentId, sessionId, updatedAt, clientRunId: runId, messageSeq: place + index, message };
}
