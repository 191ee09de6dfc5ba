import type { GatewayContext } from '../../admission/options.ts';
import { THINKING_CHOICES } from '../words/thinking.ts';
import type { SessionEntry } from './book.ts';
import { type Catalogue, providerOf } from './catalogue.ts';
import { isActive, readTurn, type Turn } from './turns.ts';

/** Runs of a session that may be at work beside the last. */
const LOOKED_AT = 8;

/** A session as clients list it: how its last run fares is read from that run's log. */
export async function sessionRow(
  context: Pick<GatewayContext, 'store' | 'limits'>,
  tenant: string,
  entry: SessionEntry,
  catalogue: Catalogue,
): Promise<object> {
  const last = entry.runs.slice(-LOOKED_AT);
  const turns = await Promise.all(last.map((run) => readTurn(context, tenant, run, 0)));
  return rowOf(
    entry,
    turns.filter((turn) => turn !== undefined),
    catalogue,
  );
}

/** `turns`: its last runs. */
export function rowOf(entry: SessionEntry, turns: readonly Turn[], catalogue: Catalogue): object {
  const { key, agent, sessionId, createdMs, updatedMs, label, thinking } = entry;
  const active = turns.filter(isActive);
  const last = turns.at(-1);
  const model =
    entry.model ?? last?.model ?? catalogue.agents.find(({ name }) => name.toLowerCase() === agent)?.model ?? catalogue.defaultModel;
  const provider = providerOf(catalogue, model);
  const usage = last?.fold.usage;
  return {
    key,
    sessionId,
    kind: 'direct',
    agentId: agent,
    createdAt: createdMs,
    updatedAt: updatedMs,
    hasActiveRun: active.length > 0,
    activeRunIds: active.map(({ runId }) => runId),
    ...(label !== undefined && { label, displayName: label }),
    ...(thinking !== undefined && { thinkingLevel: thinking }),
    thinkingLevels: THINKING_CHOICES,
    ...(model !== undefined && { model }),
    ...(provider !== undefined && { modelProvider: provider }),
    ...(last && { lastRunId: last.runId, status: statusOf(last, active.length > 0), ...failureOf(last) }),
    ...(usage && { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens, totalTokens: usage.inputTokens + usage.outputTokens }),
  };
}

function statusOf({ fold }: Turn, isBusy: boolean): string {
  if (isBusy) return 'running';
  const words = { completed: 'done', cancelled: 'killed', timed_out: 'timeout' } as const;
  const status = fold.outcome?.status ?? 'completed';
  return status in words ? words[status as keyof typeof words] : 'failed';
}

function failureOf({ fold: { outcome } }: Turn): object {
  return outcome && 'error' in outcome ? { lastRunError: outcome.error.message } : {};
}
