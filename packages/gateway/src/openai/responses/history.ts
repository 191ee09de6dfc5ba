import { LIMITS, type Message, OpenClawError } from '@openclaw-runtime/protocol';
import type { GatewayContext } from '../../admission/options.ts';
import { bad } from '../input/fields.ts';
import { runOfResponse } from '../words/ids.ts';
import { doorOf } from './response.ts';
import { readResponse } from './state.ts';

/** What was said up to the end of a response: its own past, its input, its answer. Its instructions are not part of that. Rejects with `NOT_FOUND`, `BAD_REQUEST`. */
export async function historyOf(
  context: GatewayContext,
  tenant: string,
  previous: string,
  input: readonly Message[],
): Promise<readonly Message[]> {
  const { teller } = await readResponse(context, tenant, runOfResponse(previous)).catch((error: unknown) => {
    if (!(error instanceof OpenClawError) || error.code !== 'NOT_FOUND') throw error;
    throw new OpenClawError('NOT_FOUND', error.message, { cause: { param: 'previous_response_id' } });
  });
  const { created, items, outcome } = teller;
  if (created.session !== undefined) throw bad('previous_response_id', 'that response is of a session; go on in it with openclaw.session');
  if (outcome?.status !== 'completed') throw bad('previous_response_id', 'that response has not been completed');
  const asked: readonly Message[] = typeof created.input === 'string' ? [{ role: 'user', content: created.input }] : created.input;
  const past = asked.slice(doorOf(created).instructions === undefined ? 0 : 1);
  const content = items.map((item) => (item.kind === 'message' ? item.text : '')).join('');
  const toolCalls = items.flatMap((item) => (item.kind === 'call' && item.status === 'completed' ? [item.call] : []));
  const missing = toolCalls.find(({ id }) => !input.some((message) => message.role === 'tool' && message.toolCallId === id));
  if (missing) throw bad('input', `give the output of the function call ${missing.id}`);
  const said: Message = { role: 'assistant', content, ...(toolCalls.length > 0 ? { toolCalls } : {}) };
  const all = content === '' && toolCalls.length === 0 ? past : [...past, said];
  if (all.length + input.length >= LIMITS.maxMessages) throw tooLong(`${LIMITS.maxMessages} messages`);
  // Each response keeps all that was said before it, so that the last one alone says it.
  if (Buffer.byteLength(JSON.stringify([all, input])) > LIMITS.maxBodyBytes) throw tooLong(`${LIMITS.maxBodyBytes} bytes`);
  return all;
}

function tooLong(most: string): OpenClawError {
  return new OpenClawError('TOO_LARGE', `The conversation has more than ${most}. Begin a new one with its summary.`, {
    cause: { param: 'previous_response_id' },
  });
}
