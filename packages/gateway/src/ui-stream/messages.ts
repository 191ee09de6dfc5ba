import { LIMITS, type Message, type ToolCall } from '@openclaw-runtime/protocol';
import { bad, Fields, isObject } from '../openai/input/fields.ts';

const MAX_PARTS = 1_000;
const UNANSWERED = 'The call was not answered.';

export interface UiInput {
  readonly input: readonly Message[];
  /** The last message's id, where it is the assistant's: its tools were answered, and it goes on. */
  readonly goesOn: string | undefined;
}

/**
 * The messages of a chat as a run's input. What a model thought and what an agent's own tools did is not told again, nor are sources and data. Throws `BAD_REQUEST`,
 * also for files: nothing is fetched that a message names.
 */
export function uiMessages(request: Fields): UiInput {
  const list = request.list('messages', LIMITS.maxMessages);
  if (list === undefined || list.length === 0) throw request.bad('messages', 'give at least one message');
  const messages = list.map((each, i) => ({ fields: new Fields(each, `messages.${i}`), path: `messages.${i}` }));
  const input = messages.flatMap(({ fields, path }) => messageOf(fields, path));
  const last = messages.at(-1)?.fields;
  const isAnswer = last?.any('role') === 'assistant';
  return { input, goesOn: isAnswer ? last.text('id', LIMITS.maxNameLength, 1) : undefined };
}

function messageOf(fields: Fields, path: string): readonly Message[] {
  const role = fields.oneOf('role', ['system', 'user', 'assistant']);
  if (role === undefined) throw fields.bad('role', 'give system, user or assistant');
  const parts = fields.list('parts', MAX_PARTS);
  if (parts === undefined) throw fields.bad('parts', 'give the parts of the message');
  const typed = parts.map((part, i) => {
    if (!isObject(part) || typeof part['type'] !== 'string') throw bad(`${path}.parts.${i}`, 'give a part with its type');
    return { part: new Fields(part, `${path}.parts.${i}`), type: part['type'] };
  });
  if (role === 'assistant') return assistantOf(typed);
  return [{ role, content: typed.map(({ part, type }) => textOf(part, type)).join('') }];
}

interface Typed {
  readonly part: Fields;
  readonly type: string;
}

/** Each of its steps is a message, with the results of its calls behind it. */
function assistantOf(parts: readonly Typed[]): readonly Message[] {
  const messages: Message[] = [];
  let content = '';
  let calls: { readonly call: ToolCall; readonly result: string }[] = [];
  const end = (): void => {
    if (content === '' && calls.length === 0) return;
    const toolCalls = calls.map(({ call }) => call);
    messages.push(toolCalls.length > 0 ? { role: 'assistant', content, toolCalls } : { role: 'assistant', content });
    messages.push(...calls.map(({ call, result }) => ({ role: 'tool' as const, toolCallId: call.id, content: result })));
    content = '';
    calls = [];
  };
  for (const { part, type } of parts) {
    if (type === 'step-start') end();
    else if (type === 'dynamic-tool' || type.startsWith('tool-')) calls.push(...callOf(part, type));
    else content += textOf(part, type);
  }
  end();
  return messages;
}

/** Of calls that were made here nothing is told again. */
function callOf(part: Fields, type: string): { readonly call: ToolCall; readonly result: string }[] {
  if (part.flag('providerExecuted') === true) return [];
  const id = part.text('toolCallId', LIMITS.maxNameLength, 1);
  const name = type === 'dynamic-tool' ? part.text('toolName', LIMITS.maxNameLength, 1) : type.slice('tool-'.length);
  if (id === undefined || name === undefined || name === '' || name.length > LIMITS.maxNameLength)
    throw part.bad('toolCallId', 'name the call and its tool');
  return [{ call: { id, name, arguments: JSON.stringify(part.any('input') ?? {}) }, result: resultOf(part) }];
}

function resultOf(part: Fields): string {
  const state = part.text('state', 64);
  if (state === 'output-error') return part.text('errorText', LIMITS.maxBodyBytes) ?? 'The call failed.';
  if (state === 'output-denied') return 'The call was denied.';
  if (state !== 'output-available') return UNANSWERED;
  const output = part.any('output');
  return typeof output === 'string' ? output : JSON.stringify(output ?? null);
}

function textOf(part: Fields, type: string): string {
  if (type === 'file' || type === 'reasoning-file') throw part.bad('type', 'pictures, sounds and files are not served here');
  return type === 'text' ? (part.text('text', LIMITS.maxBodyBytes) ?? '') : '';
}
