import type { PrefixStyle } from '../capabilities/traits.ts';

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

/** DeepSeek itself takes prefixes only at its beta path. */
export function prefixUrl(url: string, style: PrefixStyle): string {
  const { origin, hostname } = new URL(url);
  return style === 'deepseek' && hostname === 'api.deepseek.com' ? `${origin}/beta/chat/completions` : url;
}
