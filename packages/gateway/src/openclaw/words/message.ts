import { foldText, foldThinking, type Outcome, type RunFold, type RunRequest, type Usage } from '@openclaw-runtime/protocol';

/** Where a message of a conversation stands. */
export interface MessagePlace {
  /** The client's name of the run, and ours. */
  readonly runId: string;
  readonly run: string;
  /** When the run was asked for, in milliseconds since 1970. */
  readonly at: number;
  /** In the conversation, from 1. */
  readonly place: number;
}

export function userMessage(input: RunRequest['input'], where: MessagePlace): object {
  return {
    role: 'user',
    content: [text(askedText(input))],
    timestamp: where.at,
    __openclaw: { ...mark(where), idempotencyKey: where.runId },
  };
}

/** What a run came to. */
export function assistantMessage(fold: RunFold, model: string | undefined, where: MessagePlace): object {
  return { ...answer(foldText(fold), foldThinking(fold), fold.outcome, model), timestamp: where.at, __openclaw: mark(where) };
}

/** Of a run's answer so far, or as it ended. */
export function answer(said: string, thought: string, outcome?: Outcome, model?: string): object {
  const failed = outcome && 'error' in outcome ? { errorMessage: outcome.error.message } : {};
  return {
    role: 'assistant',
    content: [...(thought === '' ? [] : [{ type: 'thinking', thinking: thought }]), text(said)],
    ...(model !== undefined && { model }),
    ...(outcome && { stopReason: stopReasonOf(outcome), usage: usageOf(outcome.usage), ...failed }),
  };
}

/** What a person said: all but what was said for them. */
export function askedText(input: RunRequest['input']): string {
  if (typeof input === 'string') return input;
  return input.flatMap(({ role, content }) => (role === 'user' ? [content] : [])).join('\n\n');
}

export function stopReasonOf(outcome: Outcome): string {
  if (outcome.status === 'completed') return outcome.reason === 'tool_calls' ? 'toolUse' : outcome.reason;
  return outcome.status === 'cancelled' ? 'aborted' : 'error';
}

export function usageOf({ inputTokens, outputTokens, cachedTokens }: Usage): object {
  return {
    input: inputTokens - cachedTokens,
    output: outputTokens,
    cacheRead: cachedTokens,
    cacheWrite: 0,
    totalTokens: inputTokens + outputTokens,
  };
}

function mark({ run, place, runId }: MessagePlace): object {
  return { id: `${run}.${place % 2 === 1 ? 'asked' : 'said'}`, seq: place, runId };
}

function text(said: string): object {
  return { type: 'text', text: said };
}
