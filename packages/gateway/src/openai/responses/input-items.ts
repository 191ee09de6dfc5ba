import type { Message } from '@openclaw-runtime/protocol';
import { bad } from '../input/fields.ts';
import type { Created } from '../reading/follow.ts';
import { doorOf } from './response.ts';

const MAX_LIMIT = 100;

interface InputItem {
  readonly id: string;
  readonly [field: string]: unknown;
}

/** What a response was asked, the newest first: `limit` (20, at most 100), `order`, `after`. Throws `BAD_REQUEST`. */
export function inputItems(run: string, created: Created, query: URLSearchParams): object {
  const limit = Number(query.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) throw bad('limit', `give a whole number from 1 to ${MAX_LIMIT}`);
  const { input } = created;
  const messages: readonly Message[] = typeof input === 'string' ? [{ role: 'user', content: input }] : input.slice(doorOf(created).from);
  const items = messages.flatMap((message, i) => itemsOf(message, `${run}_${i}`));
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw bad('order', 'give asc or desc');
  if (order === 'desc') items.reverse();
  const after = query.get('after');
  const start = after === null ? 0 : items.findIndex(({ id }) => id === after) + 1;
  if (after !== null && start === 0) throw bad('after', 'give the id of an item of this response');
  const data = items.slice(start, start + limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + limit < items.length,
  };
}

function itemsOf(message: Message, place: string): readonly InputItem[] {
  if (message.role === 'tool')
    return [
      { id: `fco_${place}`, type: 'function_call_output', call_id: message.toolCallId, output: message.content, status: 'completed' },
    ];
  const { role, content } = message;
  const part = { type: role === 'assistant' ? 'output_text' : 'input_text', text: content };
  const said = content === '' ? [] : [{ id: `msgi_${place}`, type: 'message', role, status: 'completed', content: [part] }];
  const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : [];
  return [
    ...said,
    ...calls.map(({ id, name, arguments: args }, i) => ({
      id: `fci_${place}_${i}`,
      type: 'function_call',
      call_id: id,
      name,
      arguments: args,
      status: 'completed',
    })),
  ];
}
