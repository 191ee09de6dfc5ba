import { LIMITS, type Message, type ToolCall } from '@openclaw-runtime/protocol';
import { contentText } from './content.ts';
import { Fields } from './fields.ts';

const ROLES = ['system', 'developer', 'user', 'assistant'] as const;

/** The input of a response as messages. What a model thought belongs to that model and is not told again. Throws `BAD_REQUEST`. */
export function inputMessages(request: Fields): readonly Message[] {
  const input = request.any('input');
  if (typeof input === 'string' && input !== '') return [{ role: 'user', content: input }];
  const items = typeof input === 'string' ? [] : (request.list('input', LIMITS.maxMessages) ?? []);
  if (items.length === 0) throw request.bad('input', 'give a text, or at least one item');
  const messages: Message[] = [];
  for (const [i, each] of items.entries()) {
    const path = `input.${i}`;
    const item = new Fields(each, path);
    const type = item.text('type', 64) ?? 'message';
    if (type === 'message') messages.push(messageOf(item, path));
    else if (type === 'function_call') addCall(messages, callOf(item));
    else if (type === 'function_call_output') messages.push(resultOf(item, path));
    else if (type !== 'reasoning') throw item.bad('type', 'messages, reasoning, function calls and their outputs are served here');
  }
  if (messages.length === 0) throw request.bad('input', 'give at least one message');
  return messages;
}

function messageOf(item: Fields, path: string): Message {
  const role = item.oneOf('role', ROLES);
  if (role === undefined) throw item.bad('role', `give one of ${ROLES.join(', ')}`);
  const content = contentText(item.any('content'), `${path}.content`);
  item.skip('id', 'status', 'phase');
  if (role !== 'assistant') item.end();
  return { role: role === 'developer' ? 'system' : role, content };
}

function callOf(item: Fields): ToolCall {
  const id = item.text('call_id', LIMITS.maxNameLength, 1);
  const name = item.text('name', LIMITS.maxNameLength, 1);
  const args = item.text('arguments', LIMITS.maxBodyBytes) ?? '';
  if (id === undefined || name === undefined) throw item.bad('call_id', 'give call_id and name');
  return { id, name, arguments: args };
}

function resultOf(item: Fields, path: string): Message {
  const toolCallId = item.text('call_id', LIMITS.maxNameLength, 1);
  if (toolCallId === undefined) throw item.bad('call_id', 'name the call whose output this is');
  const content = contentText(item.any('output'), `${path}.output`);
  item.skip('id', 'status');
  item.end();
  return { role: 'tool', toolCallId, content };
}

/** Calls are items of their own there, and part of what the assistant said here. */
function addCall(messages: Message[], call: ToolCall): void {
  const last = messages.at(-1);
  if (last?.role !== 'assistant') messages.push({ role: 'assistant', content: '', toolCalls: [call] });
  else messages[messages.length - 1] = { ...last, toolCalls: [...(last.toolCalls ?? []), call] };
}
