import { OpenClawError } from '@openclaw-runtime/protocol';
import type { ApiName } from '../capabilities/traits.ts';

/** How a provider is told how hard to think: which fields of the request say it, and in which words. */
export type Dialect =
  | 'openai'
  | 'adaptive'
  | 'budget'
  | 'gemini'
  | 'gemini-budget'
  | 'xai'
  | 'deepseek'
  | 'qwen'
  | 'vllm'
  | 'sglang'
  | 'llama.cpp'
  | 'ollama'
  | 'openrouter'
  | 'ai-sdk';

/** What a configuration may say of it. `prompt`: the model is told in words to think first; `none`: it is told nothing. */
export type ReasoningStyle = Dialect | 'prompt' | 'none';

/** The APIs by which a level can reach a model. */
export type LevelApi = ApiName | 'gemini' | 'ollama' | 'ai-sdk';

/** Which of them can be spoken where; the first are those that are looked for when nothing is said. */
export const SPOKEN: Readonly<Record<LevelApi, readonly Dialect[]>> = {
  chat: ['openai', 'xai', 'deepseek', 'qwen', 'vllm', 'sglang', 'llama.cpp', 'ollama', 'openrouter'],
  responses: ['openai', 'xai', 'deepseek', 'openrouter'],
  messages: ['adaptive', 'budget', 'deepseek'],
  gemini: ['gemini', 'gemini-budget'],
  ollama: ['ollama'],
  'ai-sdk': ['ai-sdk'],
};

const HOSTS: readonly (readonly [host: RegExp, dialect: Dialect])[] = [
  [/^api\.openai\.com$|\.openai\.azure\.com$|^generativelanguage\.googleapis\.com$/, 'openai'],
  [/^api\.x\.ai$/, 'xai'],
  [/^api\.deepseek\.com$/, 'deepseek'],
  [/^dashscope[\w-]*\.aliyuncs\.com$/, 'qwen'],
  [/^openrouter\.ai$/, 'openrouter'],
];
/** Where Ollama listens unless it was told otherwise. */
const OLLAMA_PORT = '11434';

/** The dialects whose rows are looked through for a model. Whoever passes OpenAI's models on takes its words, so they are known at any address. */
export function dialectsAt(api: LevelApi, url: string | undefined): readonly Dialect[] {
  const spoken = SPOKEN[api];
  if (url === undefined || (api !== 'chat' && api !== 'responses' && api !== 'messages')) return spoken;
  const { hostname, port } = new URL(url);
  const known = HOSTS.find(([host]) => host.test(hostname))?.[1] ?? (port === OLLAMA_PORT ? 'ollama' : undefined);
  if (known !== undefined && spoken.includes(known)) return [known];
  return api === 'messages' ? ['adaptive', 'budget'] : ['openai'];
}

/** `where` is the place in the configuration. Throws `BAD_CONFIG`. */
export function checkStyle(where: string, api: LevelApi, style: ReasoningStyle | undefined): void {
  if (style === undefined || style === 'prompt' || style === 'none' || SPOKEN[api].includes(style)) return;
  const known = [...SPOKEN[api], 'prompt', 'none'].join(', ');
  throw new OpenClawError('BAD_CONFIG', `${where}.reasoning is "${style}", which cannot be said there. Give one of: ${known}.`);
}
