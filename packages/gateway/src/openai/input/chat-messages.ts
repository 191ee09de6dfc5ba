import { LIMITS, type Message, type ToolCall } from '@openclaw-runtime/protocol';
import { contentText } from './content.ts';
import { bad, Fields } from './fields.ts';

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const;

/** The messages of a chat completion. */
export function chatMessages(request: Fields): readonly Message[] {
  const list = request.list('messages', LIMITS.maxMessages);
  if (list === undefined || list.length === 0) throw request.bad('messages', 'give at least one message');
  return list.map((each, i) => messageOf(new Fields(each, `messages.${i}`), `messages.${i}`));
}

function messageOf(fields: Fields, path: string): Message {
  const role = fields.oneOf('role', ROLES);
  if (role === undefined) throw fields.bad('role', `give one of ${ROLES.join(', ')}`);
  const content = contentText(fields.any('content'), `${path}.content`);
  const name = fields.text('name', LIMITS.maxNameLength, 1);
  if (role === 'tool') {
    const toolCallId = fields.text('tool_call_id', LIMITS.maxNameLength, 1);
    if (toolCallId === undefined) throw fields.bad('tool_call_id', 'name the call whose result this is');
    fields.end();
    return { role, toolCallId, content };
  }
  if (role !== 'assistant') {
    fields.end();
    return { role: role === 'user' ? 'user' : 'system', content, ...(name === undefined ? {} : { name }) };
  }
  // Clients give back answers with what they made of them; what a model thought belongs to that model, and is not told again.
  fields.refuse('audio', 'function_call');
  // Models have no word for who of several spoke for them, save in what they said.
  const said = name === undefined || content === '' ? content : `${name}: ${content}`;
  const toolCalls = fields.list('tool_calls', LIMITS.maxTools)?.map((call, i) => callOf(call, `${path}.tool_calls.${i}`)) ?? [];
  return toolCalls.length > 0 ? { role, content: said, toolCalls } : { role, content: said };
}

function callOf(value: unknown, path: string): ToolCall {
  const call = new Fields(value, path);
  if ((call.text('type', 64) ?? 'function') !== 'function') throw call.bad('type', 'only function calls are served here');
  const id = call.text('id', LIMITS.maxNameLength, 1);
  const made = call.object('function');
  if (id === undefined || made === undefined) throw bad(path, 'give id and function');
  const name = made.text('name', LIMITS.maxNameLength, 1);
  const args = made.text('arguments', LIMITS.maxBodyBytes) ?? '';
  if (name === undefined) throw made.bad('name', 'name the function');
  return { id, name, arguments: args };
}
