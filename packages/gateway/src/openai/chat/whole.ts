import type { ServerResponse } from 'node:http';
import { NO_USAGE, OpenClawError } from '@openclaw-runtime/protocol';
import type { RunKey } from '@openclaw-runtime/store';
import type { CreatedRun } from '../../admission/create-run.ts';
import type { GatewayContext } from '../../admission/options.ts';
import { respondJson } from '../../http/respond.ts';
import { failureOf } from '../house/house.ts';
import type { ChatRequest } from '../input/chat-request.ts';
import { createdOf, followRun } from '../reading/follow.ts';
import { completionId } from '../words/ids.ts';
import { chatUsage, sumOf, type Used } from '../words/usage.ts';
import { ChatTeller, type Delta, merge, type Told } from './teller.ts';

/** Answers when all these runs have ended: with `false` where the client went before. Rejects with why one of them has no answer. */
export async function respondChat(
  context: GatewayContext,
  response: ServerResponse,
  { model }: ChatRequest,
  runs: readonly CreatedRun[],
  gone: AbortSignal,
): Promise<boolean> {
  const answers = await Promise.all(runs.map(({ key }) => answerOf(context, key, gone)));
  if (gone.aborted) return false;
  const [{ run }] = runs as [CreatedRun];
  const { usage, usd } = sumOf(answers);
  const body = {
    id: completionId(run),
    object: 'chat.completion',
    created: Math.floor((answers[0]?.at ?? 0) / 1000),
    model,
    choices: answers.map(choiceOf),
    usage: chatUsage(usage, usd),
  };
  respondJson(response, 200, body, { 'x-request-id': run });
  return true;
}

interface Answer extends Used {
  readonly at: number;
  readonly delta: Delta;
  readonly finish: NonNullable<Told['finish']>;
}

async function answerOf(context: GatewayContext, key: RunKey, gone: AbortSignal): Promise<Answer> {
  let teller: ChatTeller | undefined;
  let at = 0;
  let finish: Answer['finish'] = 'stop';
  const delta: Delta = {};
  const hear = (told: Told | undefined): void => {
    if (told?.delta) merge(delta, told.delta);
    if (told?.finish) ({ finish } = told);
  };
  for await (const piece of followRun(context, key, gone)) {
    if (piece.kind === 'silence') continue;
    if (!teller) {
      const created = createdOf(piece);
      ({ at } = created);
      // What is told at the end of a step only needs no correction.
      teller = new ChatTeller(created, 'hold', context.priceOf);
    }
    if (piece.kind === 'fold') hear(teller.takeFold(piece.fold));
    else for (const record of piece.records) hear(teller.take(record));
    failureOf(teller.paused);
  }
  const outcome = teller?.outcome;
  if (gone.aborted) return { at, delta, finish, usage: NO_USAGE, usd: 0 };
  if (!outcome) throw new OpenClawError('DATA_DAMAGED', 'The run’s log has no end.');
  failureOf(outcome);
  return { at, delta, finish, usage: outcome.usage, usd: teller?.bill.usd };
}

function choiceOf({ delta, finish }: Answer, index: number): object {
  const { content = '', reasoning_content: thought, tool_calls: calls } = delta;
  const message = {
    role: 'assistant',
    content: content === '' && calls ? null : content,
    refusal: null,
    ...(thought === undefined ? {} : { reasoning_content: thought }),
    ...(calls ? { tool_calls: calls.map(({ id, type, function: made }) => ({ id, type, function: made })) } : {}),
  };
  return { index, message, logprobs: null, finish_reason: finish };
}
