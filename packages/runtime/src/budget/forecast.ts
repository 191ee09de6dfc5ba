import type { Level } from '@openclaw-runtime/model';
import { type Message, microUsdOf, type TokenPrice, type ToolSpec, type Usage } from '@openclaw-runtime/protocol';
import type { Estimate } from '@openclaw-runtime/reasoning';
import type { Amounts } from '@openclaw-runtime/store';

/** A model call that is to be paid for. */
export interface PaidCall {
  readonly model: string;
  readonly level?: Level | undefined;
  readonly messages: readonly Message[];
  readonly tools?: readonly ToolSpec[] | undefined;
  /** Tokens that the answer may have at most. */
  readonly maxTokens?: number | undefined;
  /** Tokens of output that are known to come: they were delivered before. */
  readonly leastTokens?: number | undefined;
}

/** What a call is expected to take. `most`: what is set aside for it. */
export interface Expected {
  readonly most: Amounts;
  readonly inputTokens: number;
  /** Tokens of thought on average. */
  readonly thinkingTokens: number;
}

export interface ForecastHouse {
  readonly priceOf: (model: string) => TokenPrice | undefined;
  estimate(
    tenant: string,
    call: { readonly model: string; readonly level: Level; readonly query: string; readonly contextTokens: number },
  ): Estimate;
}

/** What is expected where nobody says a level. */
const USUAL: Level = 2;
const UNITS_PER_TOKEN = 3.5;

/** The upper end of what is forecast for the call, bounded by the tokens that it may have. Without a price the money is 0. */
export function expectedOf(house: ForecastHouse, tenant: string, call: PaidCall): Expected {
  const { model, level = USUAL, messages, tools, maxTokens = Number.POSITIVE_INFINITY, leastTokens = 0 } = call;
  const at = messages.findLastIndex(({ role }) => role === 'user');
  const query = messages[at]?.content ?? '';
  let units = tools ? JSON.stringify(tools).length : 0;
  for (const message of messages) units += unitsOf(message);
  const contextTokens = tokensOf(units - query.length);
  const estimate = house.estimate(tenant, { model, level, query, contextTokens });
  const input = Math.ceil(estimate.inputTokens.high);
  const output = Math.ceil(Math.min(estimate.outputTokens.high, maxTokens));
  const thinking = Math.ceil(Math.min(estimate.thinkingTokens.high, maxTokens - output));
  const more = Math.max(0, Math.min(Math.ceil(leastTokens), maxTokens) - output - thinking);
  const price = house.priceOf(model);
  const bounds = { inputTokens: input, outputTokens: output + more + thinking, reasoningTokens: thinking, cachedTokens: 0 };
  const most = {
    microUsd: price ? costOf(price, bounds) : 0,
    tokens: input + output + thinking + more,
    ms: Math.ceil(estimate.ms.high),
  };
  return { most, inputTokens: Math.ceil(estimate.inputTokens.mean), thinkingTokens: Math.ceil(estimate.thinkingTokens.mean) };
}

/** Whole millionths of a dollar, rounded up once for each call: sums are of whole numbers. */
export function costOf(price: TokenPrice, usage: Usage): number {
  // What is whole but for the way in which fractions are kept is not rounded up.
  return Math.ceil(microUsdOf(price, usage) - 1e-6);
}

/** About how many tokens a text has. What is not Latin has more of them. */
export function tokensIn(text: string): number {
  let wide = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x2fff) wide++;
  return tokensOf(text.length - wide) + wide;
}

function tokensOf(units: number): number {
  return Math.ceil(units / UNITS_PER_TOKEN);
}

function unitsOf(message: Message): number {
  const calls = message.role === 'assistant' && message.toolCalls ? JSON.stringify(message.toolCalls).length : 0;
  return message.content.length + calls;
}
