import { sleep } from '@openclaw-runtime/kit';
import { foldText, LIMITS, OpenClawError } from '@openclaw-runtime/protocol';
import type { RunKey } from '@openclaw-runtime/store';
import { type Ended, waitForEnd } from '../../openai/reading/ended.ts';
import { defaultAgentOf, readCatalogue } from '../sessions/catalogue.ts';
import { usageOf } from '../words/message.ts';
import { MAIN, type SessionName, sessionNameOf } from '../words/session-key.ts';
import { type Call, Failure, type Method } from './call.ts';
import { findRun } from './runs.ts';
import { beginRun, messageOf, runIdOf } from './start.ts';

const MOST_SECONDS = 2_147_483;

/** Answers twice: when the run is durable, and when it has ended. The same name again finds the same run, and answers as it did. */
export const agent: Method = async (call) => {
  const { params, seat, house } = call;
  const message = messageOf(call);
  const runId = runIdOf(call);
  const name = await sessionIn(call);
  const timeoutMs = 1_000 * (params.count('timeout', 0, MOST_SECONDS) ?? 0);
  const about = { model: params.text('model', 256, 1), thinking: params.text('thinking', LIMITS.maxNameLength, 1) };
  const system = params.text('extraSystemPrompt', LIMITS.maxBodyBytes, 1);
  const begun = await beginRun(call, { runId, name, message, system, ...about });
  call.accept({ runId, sessionKey: name.key, agentId: name.agent, status: 'accepted', acceptedAt: Math.round(house.context.clock.wall()) });
  seat.attach(begun.key, begun.about, 0);
  const ended = await endOf(call, begun.key, timeoutMs);
  if (!ended) return { runId, status: 'timeout', summary: 'The run goes on: agent.wait waits for it.' };
  return resultOf(runId, begun.entry.sessionId, ended);
};

/** Waits for a run's end, and says no more of it than how it ended. */
export const agentWait: Method = async (call) => {
  const { params } = call;
  const runId = params.text('runId', LIMITS.maxNameLength, 1);
  if (runId === undefined) throw params.bad('runId', 'name the run');
  const timeoutMs = params.count('timeoutMs', 0, 1_000 * MOST_SECONDS) ?? 30_000;
  const { key, created } = await findRun(call, runId);
  const ended = await endOf(call, key, Math.max(timeoutMs, 1));
  const startedAt = created.at;
  if (!ended) return { runId, status: 'timeout', startedAt };
  const { outcome } = ended;
  if (outcome.status === 'completed') return { runId, status: 'ok', startedAt };
  return { runId, status: 'error', startedAt, error: 'error' in outcome ? outcome.error.message : 'The run was cancelled.' };
};

/** `undefined`: it took longer. Without a time it takes as long as it takes. */
async function endOf({ house: { context }, seat }: Call, key: RunKey, timeoutMs: number): Promise<Ended | undefined> {
  const over = new AbortController();
  const gone = AbortSignal.any([seat.gone, over.signal]);
  if (timeoutMs > 0)
    sleep(context.clock, timeoutMs, gone).then(
      () => over.abort(),
      () => undefined,
    );
  try {
    return await waitForEnd(context, key, gone);
  } finally {
    over.abort();
  }
}

function resultOf(runId: string, sessionId: string, { fold, outcome }: Ended): object {
  const text = foldText(fold);
  const meta = { agentMeta: { sessionId, usage: usageOf(outcome.usage) }, ...(outcome.status === 'cancelled' && { aborted: true }) };
  const result = { payloads: text === '' ? [] : [{ text, mediaUrl: null }], meta };
  if (outcome.status === 'completed') return { runId, status: 'ok', summary: 'completed', result };
  const error =
    outcome.status === 'cancelled' ? new OpenClawError('CANCELLED', 'The run was cancelled.') : OpenClawError.fromBody(outcome.error);
  return new Failure(error, { runId, status: 'error', summary: error.message, result });
}

/** Where it says no session: its agent's conversation with whom it is for, or its main one. */
async function sessionIn({ params, house }: Call): Promise<SessionName> {
  const agentId = params.text('agentId', LIMITS.maxNameLength, 1);
  const key = params.text('sessionKey', 512, 1);
  if (key !== undefined) return sessionNameOf(key, agentId);
  const named = params.text('sessionId', 128, 1);
  const to = params.text('to', 128, 1);
  const name = named === undefined ? to : `explicit:${named}`;
  return sessionNameOf(name ?? MAIN, agentId ?? defaultAgentOf(await readCatalogue(house.context.store)));
}
