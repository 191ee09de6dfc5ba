import type { Dialect } from './dialect.ts';

/** What stands for one level: a word of the provider's, tokens of thinking, or `off`, `on`, `between_tools`. */
export type Said = string | number;

/** What models of these names are told at levels 1 to 4. */
export interface LevelRow {
  readonly dialect: Dialect;
  /** For people. */
  readonly models: string;
  /** Tested on the name at the provider; `any`: all names; `configured`: other names, where the configuration names the dialect. */
  readonly model: RegExp | 'any' | 'configured';
  /** Absent: these do not think. */
  readonly says?: readonly [Said, Said, Said, Said];
  /** They think as much as they do: no word about it is taken. */
  readonly isFixed?: true;
}

/** The first row of a dialect that a name fits counts. A model that cannot be kept from thinking gets its least at level 1. */
export const ROWS: readonly LevelRow[] = [
  { dialect: 'openai', models: 'gpt-6-astra', model: /(^|\/)gpt-6(\.\d+)?-astra/, says: ['low', 'low', 'medium', 'xhigh'] },
  { dialect: 'openai', models: 'gpt-5-pro', model: /(^|\/)gpt-5-pro/, says: ['high', 'high', 'high', 'high'] },
  { dialect: 'openai', models: 'gpt-5.2-pro and later', model: /(^|\/)gpt-5\.\d-pro/, says: ['medium', 'medium', 'medium', 'xhigh'] },
  { dialect: 'openai', models: 'gpt-5-chat-latest and its like', model: /(^|\/)gpt-[56][\d.]*-chat/ },
  {
    dialect: 'openai',
    models: 'gpt-5.1-codex-max, gpt-5.2-codex and later',
    model: /(^|\/)gpt-5\.(1-codex-max|[2-9]-codex)/,
    says: ['low', 'low', 'medium', 'xhigh'],
  },
  { dialect: 'openai', models: 'gpt-5-codex, gpt-5.1-codex', model: /(^|\/)gpt-5(\.1)?-codex/, says: ['low', 'low', 'medium', 'high'] },
  { dialect: 'openai', models: 'gpt-5.1', model: /(^|\/)gpt-5\.1(?!\d)/, says: ['none', 'low', 'medium', 'high'] },
  { dialect: 'openai', models: 'gpt-5.2 to gpt-6', model: /(^|\/)gpt-(5\.[2-9]|6)(?!\d)/, says: ['none', 'low', 'medium', 'xhigh'] },
  { dialect: 'openai', models: 'gpt-5, -mini, -nano', model: /(^|\/)gpt-5(?![.\d])/, says: ['minimal', 'low', 'medium', 'high'] },
  {
    dialect: 'openai',
    models: 'o1-mini, o1-preview, -deep-research',
    model: /(^|\/)(o1-(mini|preview)|o[34].*-deep-research)/,
    isFixed: true,
  },
  { dialect: 'openai', models: 'o1, o3, o4', model: /(^|\/)o[134](-|$)/, says: ['low', 'low', 'medium', 'high'] },
  { dialect: 'openai', models: 'gpt-oss', model: /(^|\/)gpt-oss/, says: ['low', 'low', 'medium', 'high'] },
  { dialect: 'openai', models: 'gpt-3.5, gpt-4', model: /(^|\/)(chatgpt-4o|gpt-(3\.5|4))/ },
  { dialect: 'openai', models: 'gemini-2.5-flash', model: /(^|\/)gemini-2\.5-flash/, says: ['none', 'low', 'medium', 'high'] },
  {
    dialect: 'openai',
    models: 'gemini-2.5-pro, gemini-3 and later',
    model: /(^|\/)gemini-(2\.5-pro|[3-9])/,
    says: ['low', 'low', 'medium', 'high'],
  },
  { dialect: 'openai', models: 'others', model: 'configured', says: ['low', 'low', 'medium', 'high'] },

  // Names stand alone, or behind a region or vendor: `us.anthropic.claude-sonnet-5-…`.
  { dialect: 'adaptive', models: 'claude-mythos-preview', model: /(^|[./])claude-mythos-preview/, says: ['low', 'low', 'medium', 'high'] },
  {
    dialect: 'adaptive',
    models: 'claude-opus-5-5, claude-fable, claude-mythos',
    model: /(^|[./])claude-(opus-5-5(?!\d)|fable|mythos)/,
    says: ['low', 'low', 'medium', 'xhigh'],
  },
  {
    dialect: 'adaptive',
    models: 'claude-sonnet-5-5',
    model: /(^|[./])claude-sonnet-5-5(?!\d)/,
    says: ['between_tools', 'low', 'medium', 'xhigh'],
  },
  { dialect: 'adaptive', models: 'claude-haiku-5-5', model: /(^|[./])claude-haiku-5-5(?!\d)/, says: ['off', 'low', 'medium', 'high'] },
  {
    dialect: 'adaptive',
    models: 'claude-opus-4-7, -4-8, claude-opus-5, claude-sonnet-5',
    model: /(^|[./])claude-(opus-4-[78](?!\d)|(opus|sonnet)-5(?!-?\d(?!\d{7})))/,
    says: ['off', 'low', 'medium', 'xhigh'],
  },
  {
    dialect: 'adaptive',
    models: 'claude-opus-4-6, claude-sonnet-4-6',
    model: /(^|[./])claude-(opus|sonnet)-4-6(?!\d)/,
    says: ['off', 'low', 'medium', 'high'],
  },
  { dialect: 'adaptive', models: 'others', model: 'configured', says: ['low', 'low', 'medium', 'high'] },

  { dialect: 'budget', models: 'claude-2, claude-3, claude-3-5', model: /(^|[./])claude-(instant|2|3(?!-7))/ },
  {
    dialect: 'budget',
    models: 'claude-3-7, claude-4 to 4-5',
    model: /(^|[./])claude-(3-7|(opus|sonnet|haiku)-4(-[0-5])?(?!-?\d(?!\d{7})))/,
    says: ['off', 2_048, 8_192, 32_000],
  },
  { dialect: 'budget', models: 'others', model: 'configured', says: ['off', 2_048, 8_192, 32_000] },

  { dialect: 'gemini', models: 'gemini-1, gemini-2.0, gemma, gemini-3-pro-image', model: /gemini-(1|2\.0|pro-vision|3-pro-image)|gemma/ },
  { dialect: 'gemini', models: 'gemini-4-hydrogen', model: /gemini-4-hydrogen/, says: ['low', 'low', 'medium', 'xhigh'] },
  { dialect: 'gemini', models: 'gemini-3-pro', model: /gemini-3-pro/, says: ['low', 'low', 'high', 'high'] },
  {
    dialect: 'gemini',
    models: 'gemini-3-flash to 3.6, -flash-lite',
    model: /gemini-(3(\.[0-6])?-flash|[3-9](\.\d+)?-flash-lite)/,
    says: ['minimal', 'low', 'medium', 'high'],
  },
  {
    dialect: 'gemini',
    models: 'gemini-3.1-pro, gemini-3.7-flash, gemini-4 and later',
    model: /gemini-([3-9](\.\d+)?-|flash-latest|pro-latest)/,
    says: ['low', 'low', 'medium', 'high'],
  },
  { dialect: 'gemini', models: 'others', model: 'configured', says: ['low', 'low', 'medium', 'high'] },
  { dialect: 'gemini-budget', models: 'gemini-2.5-pro', model: /gemini-2\.5-pro/, says: [128, 1_024, 8_192, 24_576] },
  { dialect: 'gemini-budget', models: 'gemini-2.5-flash', model: /gemini-2\.5-flash/, says: [0, 1_024, 8_192, 24_576] },
  { dialect: 'gemini-budget', models: 'others', model: 'configured', says: [1_024, 1_024, 8_192, 24_576] },

  {
    dialect: 'xai',
    models: 'grok-4.3 and later',
    model: /(^|\/)grok-(4\.[3-9](?!\d)|[5-9]|latest)/,
    says: ['none', 'low', 'medium', 'high'],
  },
  { dialect: 'xai', models: 'grok-3-mini', model: /(^|\/)grok-3-mini/, says: ['low', 'low', 'high', 'high'] },
  { dialect: 'xai', models: 'others', model: 'configured', says: ['low', 'low', 'medium', 'high'] },

  { dialect: 'deepseek', models: 'deepseek', model: /deepseek/, says: ['off', 'low', 'high', 'max'] },
  { dialect: 'deepseek', models: 'others', model: 'configured', says: ['off', 'low', 'high', 'max'] },

  { dialect: 'qwen', models: 'qwen-…-instruct, qwen2', model: /qwen.*instruct|qwen-?[12]/ },
  { dialect: 'qwen', models: 'qwen-…-thinking, qwq, qvq', model: /qwen.*thinking|qwq|qvq/, says: [512, 1_024, 4_096, 16_384] },
  { dialect: 'qwen', models: 'qwen', model: /qwen/, says: ['off', 1_024, 4_096, 16_384] },
  { dialect: 'qwen', models: 'others', model: 'configured', says: ['off', 1_024, 4_096, 16_384] },

  { dialect: 'vllm', models: 'gpt-oss', model: /gpt-oss/, says: ['low', 'low', 'medium', 'high'] },
  { dialect: 'vllm', models: 'others', model: 'configured', says: ['off', 1_024, 4_096, 16_384] },
  { dialect: 'sglang', models: 'gpt-oss', model: /gpt-oss/, says: ['low', 'low', 'medium', 'high'] },
  { dialect: 'sglang', models: 'others', model: 'configured', says: ['off', 1_024, 4_096, 16_384] },
  { dialect: 'llama.cpp', models: 'gpt-oss', model: /gpt-oss/, says: ['low', 'low', 'medium', 'high'] },
  { dialect: 'llama.cpp', models: 'others', model: 'configured', says: ['off', 1_024, 4_096, 16_384] },

  { dialect: 'ollama', models: 'gpt-oss', model: /gpt-oss/, says: ['low', 'low', 'medium', 'high'] },
  {
    dialect: 'ollama',
    models: 'qwen3, deepseek-r1, -v3.1, magistral, glm-4, glm-5, nemotron-3, minimax-m2',
    model: /qwen3(?!.*(instruct|coder|embedding))|deepseek-(r1|v3\.[1-9]|v[4-9])|magistral|glm-[45]|nemotron-3|minimax-m2/,
    says: ['off', 'on', 'on', 'on'],
  },
  { dialect: 'ollama', models: 'others', model: 'configured', says: ['off', 'on', 'on', 'on'] },

  { dialect: 'openrouter', models: 'all', model: 'any', says: ['none', 'low', 'medium', 'xhigh'] },
  { dialect: 'ai-sdk', models: 'all', model: 'any', says: ['none', 'low', 'medium', 'xhigh'] },
];
