import type { LanguageModelV4CallOptions, LanguageModelV4FunctionTool, LanguageModelV4Message } from '@ai-sdk/provider';
import type { Message, ToolCall, ToolSpec } from '@openclaw-runtime/protocol';
import type { ModelRequest } from '../contract/broker.ts';
import { spoken } from '../settings/spoken.ts';

type Asked = Pick<LanguageModelV4CallOptions, 'prompt' | 'tools' | 'toolChoice'>;
type ToolMessage = Extract<LanguageModelV4Message, { readonly role: 'tool' }>;

/**
 * The request as models of the AI SDK want it. What the system says goes first, wherever it stood: some take it nowhere else. Results of
 * tools that follow one another become one message: some want them together. A prefix is the last message.
 */
export function asked(request: ModelRequest): Asked {
  const names = new Map(request.messages.flatMap(callsOf).map(({ id, name }) => [id, name]));
  const system = request.messages.filter(({ role }) => role === 'system');
  const others = request.messages.filter(({ role }) => role !== 'system');
  const prompt: LanguageModelV4Message[] = [];
  for (const message of [...system, ...others]) {
    const turn = turnOf(message, names);
    const last = prompt.at(-1);
    if (turn.role === 'tool' && last?.role === 'tool') last.content.push(...turn.content);
    else if (turn.content.length > 0) prompt.push(turn);
  }
  if (request.prefix) prompt.push({ role: 'assistant', content: [{ type: 'text', text: request.prefix }] });
  return request.tools?.length ? { prompt, tools: request.tools.map(toolOf), toolChoice: { type: 'auto' } } : { prompt };
}

function turnOf(message: Message, names: ReadonlyMap<string, string>): LanguageModelV4Message {
  if (message.role === 'system') return { role: 'system', content: spoken(message) };
  if (message.role === 'user') return { role: 'user', content: [{ type: 'text', text: spoken(message) }] };
  const { role, content } = message;
  if (role === 'tool') return resultOf(message.toolCallId, names.get(message.toolCallId) ?? 'unknown', content);
  const text = content === '' ? [] : [{ type: 'text' as const, text: content }];
  return { role, content: [...text, ...callsOf(message).map(callOf)] };
}

function resultOf(toolCallId: string, toolName: string, value: string): ToolMessage {
  return { role: 'tool', content: [{ type: 'tool-result', toolCallId, toolName, output: { type: 'text', value } }] };
}

function callsOf(message: Message): readonly ToolCall[] {
  return message.role === 'assistant' ? (message.toolCalls ?? []) : [];
}

function callOf({ id, name, arguments: args }: ToolCall) {
  return { type: 'tool-call' as const, toolCallId: id, toolName: name, input: inputOf(args) };
}

/** Models want an object; what the model wrote may be none, and is passed on as it was. */
function inputOf(args: string): unknown {
  if (args.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(args);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { arguments: value };
  } catch {
    return { arguments: args };
  }
}

function toolOf({ name, description, parameters, strict }: ToolSpec): LanguageModelV4FunctionTool {
  const inputSchema = (parameters ?? { type: 'object', properties: {} }) as LanguageModelV4FunctionTool['inputSchema'];
  return {
    type: 'function',
    name,
    inputSchema,
    ...(description === undefined ? {} : { description }),
    ...(strict === undefined ? {} : { strict }),
  };
}
