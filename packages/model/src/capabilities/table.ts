import type { ApiName, Traits } from './traits.ts';

/** What holds where all that is given matches. */
export interface Row {
  readonly api?: ApiName;
  readonly host?: string;
  /** Tested on the model's name at the provider, without options. */
  readonly model?: RegExp;
  readonly traits: Partial<Traits>;
}

/** Later rows override earlier ones. What a provider does not document is left to the configuration. */
export const TABLE: readonly Row[] = [
  { api: 'responses', traits: { attach: true } },

  { host: 'api.deepseek.com', traits: { prefix: 'deepseek', contextTokens: 128_000, outputTokens: 8_192 } },
  { host: 'api.deepseek.com', model: /reasoner/, traits: { outputTokens: 64_000 } },

  { model: /^gpt-3\.5/, traits: { contextTokens: 16_385, outputTokens: 4_096 } },
  { model: /^gpt-4-turbo/, traits: { contextTokens: 128_000, outputTokens: 4_096 } },
  { model: /^(gpt-4o|chatgpt-4o)/, traits: { contextTokens: 128_000, outputTokens: 16_384 } },
  { model: /^gpt-4\.1/, traits: { contextTokens: 1_047_576, outputTokens: 32_768 } },
  { model: /^o[134](-|$)/, traits: { contextTokens: 200_000, outputTokens: 100_000 } },
  { model: /^gpt-5/, traits: { contextTokens: 400_000, outputTokens: 128_000 } },

  // Names stand alone, or behind a region or vendor: `us.anthropic.claude-3-haiku-…`, `anthropic/claude-opus-4-1`.
  { model: /(^|[./])claude-/, traits: { contextTokens: 200_000, outputTokens: 64_000 } },
  { model: /(^|[./])claude-(opus|sonnet)-4-[6-9]/, traits: { outputTokens: 128_000 } },
  { api: 'messages', model: /(^|[./])claude-(instant|2|3)\b/, traits: { prefix: 'assistant' } },
  // From 4.6 on a final assistant message is refused.
  { api: 'messages', model: /(^|[./])claude-(opus|sonnet|haiku)-4(-[0-5])?([@-](\d{8}|latest|v\d).*)?$/, traits: { prefix: 'assistant' } },
  { model: /(^|[./])claude-(instant|2|3(-(opus|sonnet|haiku))?)([@-]|$)/, traits: { outputTokens: 4_096 } },
  { model: /(^|[./])claude-3-5-/, traits: { outputTokens: 8_192 } },
  { model: /(^|[./])claude-3-7-/, traits: { outputTokens: 64_000 } },
  { model: /(^|[./])claude-opus-4(-[01])?([@-]\d{8}.*)?$/, traits: { outputTokens: 32_000 } },
];
