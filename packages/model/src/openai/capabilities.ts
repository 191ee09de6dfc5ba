/**
 * How a provider is asked to go on from given assistant text:
 * `continue_final_message` as vLLM, SGLang and llama.cpp have it, `deepseek` as DeepSeek's beta has it, `assistant` where a final
 * assistant message is enough.
 */
export type PrefixStyle = 'none' | 'continue_final_message' | 'deepseek' | 'assistant';

interface PrefixShape {
  /** Fields of the last assistant message. */
  readonly message: Readonly<Record<string, unknown>>;
  /** Fields of the request. */
  readonly request: Readonly<Record<string, unknown>>;
}

export const PREFIX_SHAPES: Readonly<Record<Exclude<PrefixStyle, 'none'>, PrefixShape>> = {
  continue_final_message: { message: {}, request: { continue_final_message: true, add_generation_prompt: false } },
  deepseek: { message: { prefix: true }, request: {} },
  assistant: { message: {}, request: {} },
};

/** What is known of hosts; every other provider must be told. */
const KNOWN_HOSTS: Readonly<Record<string, PrefixStyle>> = { 'api.deepseek.com': 'deepseek' };

export function knownPrefixStyle(url: string): PrefixStyle {
  return KNOWN_HOSTS[new URL(url).hostname] ?? 'none';
}

/** DeepSeek itself takes prefixes only at its beta path. */
export function prefixUrl(url: string, style: PrefixStyle): string {
  const { origin, hostname } = new URL(url);
  return style === 'deepseek' && hostname === 'api.deepseek.com' ? `${origin}/beta/chat/completions` : url;
}
