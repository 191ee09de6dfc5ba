import { isObject } from '../call/event.ts';
import type { Fields } from './fields.ts';

/** How long an answer may be, its thoughts included. */
export interface Room {
  /** What is asked for without a level. */
  readonly maxTokens: number;
  /** What the model can do, where that is known. */
  readonly outputTokens: number | undefined;
  /** Whether somebody wrote `maxTokens` into the configuration. */
  readonly isConfigured: boolean;
}

/** The least that this API takes for thinking. */
const LEAST_BUDGET = 1_024;
/** What is left for the answer where thoughts could fill all the room. */
const LEAST_ANSWER = 4_096;
/** Room for an answer whose thoughts nobody counts beforehand. */
const MOST_DEFAULT_TOKENS = 64_000;
const AT_LENGTH: ReadonlySet<unknown> = new Set(['medium', 'high', 'xhigh', 'max']);

/** The fields with room for what they ask for. Thoughts count as part of the answer, so they come on top of what it may be without them. */
export function withRoom(fields: Fields, room: Room): { readonly fields: Fields; readonly warning?: string } {
  const { maxTokens, isConfigured } = room;
  // Of a model that nobody knows, who configured it knows best.
  const outputTokens = room.outputTokens ?? (isConfigured ? maxTokens : Number.POSITIVE_INFINITY);
  const { thinking, output_config: output } = fields;
  const wanted = isObject(thinking) ? thinking['budget_tokens'] : undefined;
  if (typeof wanted !== 'number') {
    if (isConfigured || !isObject(output) || !AT_LENGTH.has(output['effort'])) return { fields };
    return { fields: { ...fields, max_tokens: Math.max(maxTokens, Math.min(outputTokens, MOST_DEFAULT_TOKENS)) } };
  }
  const max = Math.max(maxTokens, Math.min(maxTokens + wanted, outputTokens));
  const budget = Math.min(wanted, max - Math.min(LEAST_ANSWER, maxTokens));
  const remedy = room.outputTokens === undefined ? 'Raise maxTokens.' : 'The model can say no more.';
  if (budget < LEAST_BUDGET) {
    const warning = `An answer of ${max} tokens leaves no room for thinking. ${remedy}`;
    return { fields: { ...fields, thinking: { type: 'disabled' } }, warning };
  }
  const told = { ...fields, thinking: { type: 'enabled', budget_tokens: budget }, max_tokens: max };
  if (budget === wanted) return { fields: told };
  return { fields: told, warning: `An answer of ${max} tokens leaves room for ${budget} tokens of thinking, not for ${wanted}. ${remedy}` };
}
