import type { Level } from '@openclaw-runtime/model';
import type { Outcome } from '@openclaw-runtime/reasoning';

/** How far a rating of people's is to be believed, beside a check. */
const RATED = 0.5;

/**
 * What feedback says of an answer: `{correct: true | false | 0..1}`, or `{rating: 1..5 | 'up' | 'down'}`. Undefined for what says nothing of that kind.
 */
export function outcomeOf(feedback: unknown, query: string, level: Level): Outcome | undefined {
  if (typeof feedback !== 'object' || feedback === null) return undefined;
  const { correct, rating } = feedback as { readonly correct?: unknown; readonly rating?: unknown };
  if (typeof correct === 'boolean' || isShare(correct)) return { query, level, correct };
  const rated = shareOf(rating);
  return rated === undefined ? undefined : { query, level, correct: rated, weight: RATED };
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function shareOf(rating: unknown): number | undefined {
  if (rating === 'up' || rating === 'down') return Number(rating === 'up');
  return typeof rating === 'number' && rating >= 1 && rating <= 5 ? (rating - 1) / 4 : undefined;
}
