/** The APIs that models are reached by. */
export type ApiName = 'chat' | 'responses' | 'messages';

/**
 * How a provider is asked to go on from given assistant text:
 * `continue_final_message` as vLLM, SGLang and llama.cpp have it, `deepseek` as DeepSeek's beta has it, `assistant` where a final
 * assistant message is enough.
 */
export type PrefixStyle = 'none' | 'continue_final_message' | 'deepseek' | 'assistant';

/** What is known of a model. */
export interface Traits {
  readonly prefix: PrefixStyle;
  /** Whether the provider keeps a response, so that it can be read again. */
  readonly attach: boolean;
  readonly tools: boolean;
  /** Tokens of question and answer together. */
  readonly contextTokens?: number;
  /** Tokens of one answer, at most. */
  readonly outputTokens?: number;
}
