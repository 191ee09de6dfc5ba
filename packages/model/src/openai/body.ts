import type { Message, ToolCall, ToolSpec } from '@openclaw-runtime/protocol';
import type { PrefixStyle } from '../capabilities/traits.ts';
import type { ModelRequest } from '../contract/broker.ts';
import type { Fields } from '../levels/fields.ts';
import { PREFIX_SHAPES } from './prefix.ts';

type Json = Record<string, unknown>;

/** The request as chat completion providers want it. `model` is the name at the provider; `fields` are put in besides. */
export function requestBody(request: ModelRequest, model: string, style: PrefixStyle, fields: Fields): string {
  const messages = request.messages.map(messageBody);
  const body: Json = { model, messages, stream: true, stream_options: { include_usage: true }, ...fields };
  // An empty list of tools is refused by some.
  if (request.tools?.length) body['tools'] = request.tools.map(toolBody);
  if (request.prefix && style !== 'none') {
    const shape = PREFIX_SHAPES[style];
    messages.push({ role: 'assistant', content: request.prefix, ...shape.message });
    Object.assign(body, shape.request);
  }
  return JSON.stringify(body);
}

function messageBody(message: Message): Json {
  if (message.role === 'tool') return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
  if (message.role !== 'assistant') return { role: message.role, content: message.content, name: message.name };
  if (!message.toolCalls?.length) return { role: message.role, content: message.content };
  return { role: 'assistant', content: message.content || null, tool_calls: message.toolCalls.map(callBody) };
}

function callBody({ id, name, arguments: args }: ToolCall): Json {
  return { id, type: 'function', function: { name, arguments: args } };
}

function toolBody({ name, description, parameters, strict }: ToolSpec): Json {
  return { type: 'function', function: { name, description, parameters, strict } };
}
