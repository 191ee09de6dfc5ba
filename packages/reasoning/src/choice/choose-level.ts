import { type Level, levelOf } from '../level/level.ts';
import type { Prediction } from '../predictor/prediction.ts';

/** What a choice is made from. Whatever is left out has no say. */
export interface ChoiceInput {
  /** The level that was set by hand: nothing but caps and budget changes it. */
  readonly explicit?: number;
  /** How complex the request is said to be, a key of `thresholds`. */
  readonly tag?: string;
  /** The level of each tag. */
  readonly thresholds?: Readonly<Record<string, number>>;
  /** A tag's level may not be raised by the prediction. */
  readonly exact?: boolean;
  readonly predicted?: Pick<Prediction, 'level' | 'score'> & { readonly asked?: Level };
  /** Highest levels, each with the name of what sets it (`maxLevel`, a tier, the model). */
  readonly caps?: readonly Cap[];
  /** What there is to spend, and what each level would cost at its upper bound, in the same unit. All of them count. */
  readonly budget?: Budget | readonly Budget[];
  /** What was chosen before in the same segment of the conversation, before caps and budget: a change breaks the provider's cache. */
  readonly previous?: { readonly level: number; readonly score?: number };
}

export interface Cap {
  readonly name: string;
  readonly level: number;
}

export interface Budget {
  readonly left: number;
  readonly costs: Readonly<Record<Level, number>>;
}

export interface Choice {
  readonly level: Level;
  /** Before caps and budget. */
  readonly wanted: Level;
  /** What decided, then what changed that, in the order of the steps. Fit for a log. */
  readonly why: readonly string[];
  /** Names of what lowered the level, `budget` among them. */
  readonly lowered: readonly string[];
  /** Set when the budget pays for no level at all. */
  readonly exhausted: boolean;
}

/** Without any hint: the second level, as most requests need no more. */
const USUAL: Level = 2;
/** How far beyond the nearest step a score has to be before the level of a segment changes. */
const HYSTERESIS = 0.06;
/** The score from which a prediction is sure that a tag says too little. */
const SURE = 0.5;
/** Of a tag that nobody declared, in a log. */
const SHOWN_CHARS = 40;
const NOTHING: readonly string[] = [];

/**
 * Which level a request gets: set by hand, else asked for by tag (raised by one at most where the prediction is sure), else predicted, with hysteresis;
 * then caps, then budget, which nothing overrides.
 */
export function chooseLevel(input: ChoiceInput): Choice {
  const why: string[] = [];
  const wanted = wantedLevel(input, why);
  const lowered: string[] = [];
  const capped = lowest(wanted, input.caps ?? [], why, lowered);
  const { budget } = input;
  if (budget === undefined) return { level: capped, wanted, why, lowered: lowered.length === 0 ? NOTHING : lowered, exhausted: false };
  const paid = withinBudgets(capped, 'left' in budget ? [budget] : budget, why);
  if (paid === undefined || paid < capped) lowered.push('budget');
  return { level: paid ?? 1, wanted, why, lowered, exhausted: paid === undefined };
}

function wantedLevel(input: ChoiceInput, why: string[]): Level {
  const { explicit, predicted, tag } = input;
  if (explicit !== undefined && !Number.isNaN(explicit)) {
    why.push(`level ${levelOf(explicit)} was set`);
    return levelOf(explicit);
  }
  const tagged = taggedLevel(input);
  if (tagged !== undefined) {
    why.push(`complexity "${tag}" means level ${tagged}`);
    if (input.exact === true || predicted === undefined || predicted.level <= tagged || !(predicted.score >= SURE)) return tagged;
    why.push(`raised by one: predicted level ${predicted.level}, score ${predicted.score.toFixed(2)}`);
    return levelOf(tagged + 1);
  }
  if (tag !== undefined) why.push(`complexity "${tag.slice(0, SHOWN_CHARS)}" has no level here`);
  if (predicted === undefined) {
    const before = input.previous === undefined ? USUAL : levelOf(input.previous.level);
    why.push(input.previous === undefined ? `level ${USUAL} is usual` : `level ${before} as before`);
    return before;
  }
  if (predicted.asked !== undefined) {
    why.push(`level ${predicted.asked} was asked for in words`);
    return predicted.asked;
  }
  return steady(predicted, input.previous, why);
}

function taggedLevel({ tag, thresholds }: ChoiceInput): Level | undefined {
  if (tag === undefined || thresholds === undefined || !Object.hasOwn(thresholds, tag)) return undefined;
  const level = thresholds[tag];
  return level === undefined ? undefined : levelOf(level);
}

/** Keeps the segment's level while the score moved little; two levels apart are no accident. */
function steady(predicted: Pick<Prediction, 'level' | 'score'>, previous: ChoiceInput['previous'], why: string[]): Level {
  const { level, score } = predicted;
  const told = `predicted level ${level}, score ${score.toFixed(2)}`;
  if (previous !== undefined) {
    const before = levelOf(previous.level);
    const near = previous.score === undefined || Math.abs(score - previous.score) < HYSTERESIS;
    if (before !== level && Math.abs(before - level) === 1 && near) {
      why.push(`${told}; level ${before} kept, as the change is small`);
      return before;
    }
  }
  why.push(told);
  return level;
}

function lowest(level: Level, caps: readonly Cap[], why: string[], names: string[]): Level {
  let lowered = level;
  for (const cap of caps) {
    const most = levelOf(cap.level);
    if (most >= lowered) continue;
    lowered = most;
    names.push(cap.name);
    why.push(`${cap.name} allows level ${most} at most`);
  }
  return lowered;
}

/** The highest level that all budgets pay for; undefined: they pay for none. */
function withinBudgets(level: Level, budgets: readonly Budget[], why: string[]): Level | undefined {
  for (let lowered: number = level; lowered >= 1; lowered -= 1) {
    const fits = levelOf(lowered);
    if (!budgets.every(({ left, costs }) => costs[fits] <= left)) continue;
    if (fits < level) why.push(`the budget pays for level ${fits} at most`);
    return fits;
  }
  why.push('the budget pays for no level');
  return undefined;
}
