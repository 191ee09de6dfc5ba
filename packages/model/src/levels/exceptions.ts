import type { ModelRequest } from '../contract/broker.ts';
import type { Control } from './control.ts';
import type { Dialect } from './dialect.ts';
import type { Said } from './rows.ts';

/** What a request is told in place of what its level stands for. */
export interface Exception {
  /** `undefined`: nothing. */
  readonly said: Said | undefined;
  /** What it amounts to, where nothing is said. */
  readonly meant?: Said | undefined;
  readonly why: string;
}

type Native = Extract<Control, { kind: 'native' }>;

/** Refuse `reasoning_effort` beside tools in chat completions; the later ones unless it is `none`. */
const NO_TOOLS_IN_CHAT = /(^|\/)gpt-(5\.[2-9]|6)(?!\d)/;
/** Do not think unless they are told to. */
const NONE_BY_DEFAULT = /(^|\/)gpt-5\.[2-4](?!\d|-pro|-codex)/;
const NONE_BESIDE_TOOLS = /(^|\/)gpt-(5\.[6-9]|6)(?!\d)/;
/** Take no temperature beside their thoughts, few of the most likely words neither, nor a tool that has to be called. */
const CLAUDES: ReadonlySet<Dialect> = new Set(['adaptive', 'budget']);
const CLAUDE = /claude/;

/** Requests that a provider would refuse with the level they ask for. */
export function exceptionOf({ dialect, api, says }: Native, request: ModelRequest, model: string): Exception | undefined {
  if (dialect === 'openai' && api === 'chat' && request.tools?.length && NO_TOOLS_IN_CHAT.test(model)) {
    const said = NONE_BESIDE_TOOLS.test(model) && says[0] === 'none' ? 'none' : undefined;
    const meant = NONE_BY_DEFAULT.test(model) ? 'none' : undefined;
    return { said, meant, why: `"${model}" does not think beside tools in chat completions. Set api: responses for its provider.` };
  }
  if (dialect === 'budget' && request.prefix) return { said: 'off', why: `"${model}" does not think before it goes on from given text.` };
  const [least] = says;
  const isClaude = CLAUDES.has(dialect) || (dialect === 'ai-sdk' && CLAUDE.test(model));
  if (isClaude && (least === 'off' || least === 'none') && (picksWords(request, 0.95) || forcesTool(request))) {
    return { said: least, why: `"${model}" does not think where temperature, topP or toolChoice says how it answers. Leave them out.` };
  }
  if (dialect === 'openai' && NONE_BY_DEFAULT.test(model) && picksWords(request, 1)) {
    return { said: 'none', why: `"${model}" does not think beside a temperature or topP. Leave them out.` };
  }
  if (dialect === 'budget' && answersTools(request)) {
    return { said: 'off', why: `"${model}" would want its own thoughts back with the results of tools, and they are not kept.` };
  }
  if (dialect === 'deepseek' && (request.prefix || calledTools(request))) {
    return { said: 'off', why: `"${model}" would want its own thoughts back with what was said since, and they are not kept.` };
  }
  return undefined;
}

/** `mostLikely`: a smaller part of the most likely words is a choice among them. */
function picksWords({ settings: { temperature = 1, topP = 1 } = {} }: ModelRequest, mostLikely: number): boolean {
  return temperature !== 1 || topP < mostLikely;
}

function forcesTool({ settings, tools = [] }: ModelRequest): boolean {
  const choice = settings?.toolChoice;
  return tools.length > 0 && (choice === 'required' || typeof choice === 'object');
}

/** Whether the turn that is answered is one in which tools were called; what a user says beside their results is of that turn. */
function answersTools({ messages }: ModelRequest): boolean {
  return messages.slice(messages.findLastIndex(({ role }) => role === 'assistant') + 1).some(({ role }) => role === 'tool');
}

function calledTools({ messages }: ModelRequest): boolean {
  return messages.some((message) => message.role === 'assistant' && message.toolCalls !== undefined && message.toolCalls.length > 0);
}
