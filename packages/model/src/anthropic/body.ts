import type { Message, ToolCall, ToolSpec } from '@openclaw-runtime/protocol';
import { isObject } from '../call/event.ts';
import type { ModelRequest } from '../contract/broker.ts';
import type { Fields } from '../levels/fields.ts';
import { spoken } from '../settings/spoken.ts';

type Json = Record<string, unknown>;

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: Json[];
}

const WHITE = /[\s\p{Cc}]/u;

/**
 * The request as the messages API wants it. `model` is the name at the provider; `prefix` is what is given of the answer, see
 * {@link withoutEnd}; `fields` are put in besides, and may raise `max_tokens`.
 */
export function requestBody(request: ModelRequest, model: string, maxTokens: number, prefix: string, fields: Fields): string {
  const system = request.messages.flatMap((message) => (message.role === 'system' && message.content ? [spoken(message)] : []));
  const messages = turnsOf(prefix ? [...request.messages, { role: 'assistant', content: prefix }] : request.messages);
  const body: Json = { model, max_tokens: maxTokens, messages, stream: true, ...fields };
  if (system.length > 0) body['system'] = system.join('\n\n');
  if (request.tools?.length) body['tools'] = request.tools.map(toolBody);
  return JSON.stringify(body);
}

/** White space, of which control characters may be some, is refused at the end of given text; the answer then begins with it again, or does without. */
export function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && WHITE.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** The results of calls that were made together belong into one turn, and empty text into none. */
function turnsOf(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    if (message.role === 'system') continue;
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const content = blocksOf(message);
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) turns.push({ role, content });
  }
  return turns;
}

function blocksOf(message: Message): Json[] {
  if (message.role === 'tool') {
    return [{ type: 'tool_result', tool_use_id: message.toolCallId, ...(message.content && { content: message.content }) }];
  }
  const said = message.content ? [text(spoken(message))] : [];
  return message.role === 'assistant' ? [...said, ...(message.toolCalls ?? []).map(callBody)] : said;
}

function text(content: string): Json {
  return { type: 'text', text: content };
}

function callBody({ id, name, arguments: args }: ToolCall): Json {
  return { type: 'tool_use', id, name, input: inputOf(args) };
}

/** The API takes objects only; what a model wrote may be none. */
function inputOf(args: string): Json {
  if (args === '') return {};
  try {
    const value: unknown = JSON.parse(args);
    if (isObject(value)) return value;
  } catch {
    // It is passed on below.
  }
  return { arguments: args };
}

function toolBody({ name, description, parameters, strict }: ToolSpec): Json {
  return { name, description, input_schema: { type: 'object', ...parameters }, strict };
}
