import type { Message, ToolCall, ToolSpec } from '@openclaw-runtime/protocol';
import type { ModelRequest } from '../contract/broker.ts';
import type { Fields } from '../levels/fields.ts';
import { spoken } from '../settings/spoken.ts';

type Json = Record<string, unknown>;

/** The request as the Responses API wants it. What runs in the background is kept there, anything else is not. `fields` are put in besides. */
export function requestBody(request: ModelRequest, model: string, background: boolean, fields: Fields): string {
  const body: Json = { model, input: request.messages.flatMap(itemsOf), stream: true, store: background, ...fields };
  if (background) body['background'] = true;
  if (request.tools?.length) body['tools'] = request.tools.map(toolBody);
  return JSON.stringify(body);
}

function itemsOf(message: Message): Json[] {
  if (message.role === 'tool') return [{ type: 'function_call_output', call_id: message.toolCallId, output: message.content }];
  if (message.role !== 'assistant') return [{ role: message.role, content: spoken(message) }];
  const said = message.content ? [{ role: 'assistant', content: message.content }] : [];
  return [...said, ...(message.toolCalls ?? []).map(callItem)];
}

function callItem({ id, name, arguments: args }: ToolCall): Json {
  return { type: 'function_call', call_id: id, name, arguments: args };
}

/** `strict` would be the default there, and refuses most schemas. */
function toolBody({ name, description, parameters, strict = false }: ToolSpec): Json {
  return { type: 'function', name, description, parameters: { type: 'object', properties: {}, ...parameters }, strict };
}
