import type { Dialect, LevelApi } from './dialect.ts';
import type { Said } from './rows.ts';

/** What is put into a request: fields of its body, or, for packages of the AI SDK, options of the call. */
export type Fields = Readonly<Record<string, unknown>>;

/** How one thing is said: in `chat` unless the API has its own way. */
type Shape = (said: Said, api: LevelApi) => Fields;

const effort: Shape = (said, api) => (api === 'responses' ? { reasoning: { effort: said } } : { reasoning_effort: said });

const SHAPES: Readonly<Record<Dialect, Shape>> = {
  openai: effort,
  xai: effort,
  openrouter: (said) => ({ reasoning: { effort: said } }),

  adaptive(said) {
    if (said === 'off') return { thinking: { type: 'disabled' } };
    if (said === 'between_tools') return { thinking: { type: said }, output_config: { effort: 'low' } };
    // Newer models keep their thoughts to themselves unless they are asked for them.
    return { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: said } };
  },
  budget: (said) => ({ thinking: said === 'off' ? { type: 'disabled' } : { type: 'enabled', budget_tokens: said } }),

  gemini: (said) => ({ thinkingConfig: { thinkingLevel: said } }),
  'gemini-budget': (said) => ({ thinkingConfig: { thinkingBudget: said } }),

  deepseek(said, api) {
    if (api === 'responses') return { reasoning: { effort: said === 'off' ? 'none' : said } };
    if (said === 'off') return { thinking: { type: 'disabled' } };
    const thinking = { type: 'enabled' };
    return api === 'messages' ? { thinking, output_config: { effort: said } } : { thinking, reasoning_effort: said };
  },
  qwen(said) {
    if (said === 'off') return { enable_thinking: false };
    return { enable_thinking: true, thinking_budget: said };
  },

  vllm: (said) => templated(said, (tokens) => ({ thinking_token_budget: tokens })),
  // Kept to where the server runs with --enable-strict-thinking.
  sglang: (said) => templated(said, (tokens) => ({ custom_params: { thinking_budget: tokens } })),
  'llama.cpp'(said) {
    if (said === 'off') return { chat_template_kwargs: { enable_thinking: false }, thinking_budget_tokens: 0 };
    if (typeof said === 'string') return { chat_template_kwargs: { reasoning_effort: said } };
    return templated(said, (tokens) => ({ thinking_budget_tokens: tokens }));
  },

  ollama(said, api) {
    if (api === 'ollama') return { think: said === 'off' || said === 'on' ? said === 'on' : said };
    // Its chat completions have words only; any but `none` means `on` to a model that knows no more.
    return { reasoning_effort: { off: 'none', on: 'medium' }[said] ?? said };
  },

  'ai-sdk': (said) => ({ reasoning: said }),
};

/** How `said` is said. */
export function fieldsOf(dialect: Dialect, api: LevelApi, said: Said): Fields {
  return SHAPES[dialect](said, api);
}

/** Servers that leave it to the model's chat template whether it thinks, and hold it to a number of tokens themselves. */
function templated(said: Said, budget: (tokens: number) => Fields): Fields {
  if (said === 'off') return { chat_template_kwargs: { enable_thinking: false } };
  if (typeof said === 'string') return { reasoning_effort: said };
  return { chat_template_kwargs: { enable_thinking: true }, ...budget(said) };
}
