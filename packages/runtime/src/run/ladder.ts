import { type ErrorBody, OpenClawError, type StepFold } from '@openclaw-runtime/protocol';
import type { RunLimits } from './limits.ts';

/** What of a step was delivered, and by which attempt. */
export interface Delivered {
  readonly attempt: number;
  readonly text: string;
  readonly thinking: string;
}

/** How much was delivered: what was says it, and so do its lengths alone. */
export interface Amount {
  readonly text: { readonly length: number };
  readonly thinking: { readonly length: number };
}

/** How the next model call of a step joins what was delivered. */
export type Rung = 'fresh' | 'attach' | 'continue' | 'compare';

/** What the choice of a rung depends on, beside what was delivered. */
export interface Footing {
  /** Whether the model that is asked is the one that spoke: another one's words never follow its own. */
  readonly isSpeaker: boolean;
  /** Whether the provider of this model keeps a response that can be read again. */
  readonly isKept: boolean;
  readonly canContinue: boolean;
  /** Whether the model may have been calling a tool when it broke off. */
  readonly hasTools: boolean;
}

/**
 * The crash ladder, from its best rung down. A response that the provider keeps is read again, silently as far as it was delivered. Nothing delivered, or by
 * another model: ask afresh; the first word then takes the place of the other's. Plain text and a provider that goes on from a prefix: same attempt, nothing
 * visible. Otherwise ask again and compare, silently while the new output equals the delivered one.
 */
export function chooseRung(delivered: Delivered, footing: Footing): Rung {
  if (footing.isKept) return 'attach';
  if (!footing.isSpeaker || isNothing(delivered)) return 'fresh';
  const isPlain = delivered.thinking === '' && !footing.hasTools && !endsInHalfPair(delivered.text);
  return footing.canContinue && isPlain ? 'continue' : 'compare';
}

export function isNothing({ text, thinking }: Delivered): boolean {
  return text === '' && thinking === '';
}

/** The meters that end recovery. Immutable: each attempt gives the next value. */
export interface Meters {
  readonly attempts: number;
  readonly idle: number;
  readonly regenerated: number;
}

export const NO_ATTEMPTS: Meters = { attempts: 0, idle: 0, regenerated: 0 };

/** After an attempt that began with `before` delivered and ended, unfinished, with `after`. What is read again of a kept response was not generated again. */
export function countAttempt(meters: Meters, rung: Rung, before: Amount, after: Amount): Meters {
  const grew = size(after) > size(before);
  return {
    attempts: meters.attempts + 1,
    idle: grew ? 0 : meters.idle + 1,
    regenerated: meters.regenerated + (rung === 'compare' || rung === 'fresh' ? size(before) : 0),
  };
}

/** Whether the provider was asked at all: an open circuit and a full queue are no attempts. An answer that has begun waits for them. */
export function isTry({ code }: Pick<ErrorBody, 'code'>): boolean {
  return code !== 'CIRCUIT_OPEN' && code !== 'RATE_LIMITED';
}

/** Whether too many attempts in a row brought nothing new: time for the next rung, for another model, or for the end. */
export function isStuck(meters: Meters, limits: RunLimits): boolean {
  return meters.idle >= limits.noProgressAttempts;
}

/** The error that ends the step, when a meter has run out. */
export function exhausted(meters: Meters, limits: RunLimits, last: OpenClawError): OpenClawError | undefined {
  const stop = (what: string): OpenClawError =>
    new OpenClawError('NO_PROGRESS', `Recovery was given up after ${what}. The last error was ${last.code}: ${last.message}`, {
      cause: last,
    });
  if (isStuck(meters, limits)) return stop(`${meters.idle} attempts without anything new`);
  if (meters.attempts >= limits.attempts) return stop(`${meters.attempts} attempts`);
  if (meters.regenerated >= limits.regeneratedChars) return stop(`${meters.regenerated} characters generated again`);
  return undefined;
}

export function deliveredOf(step: StepFold | undefined): Delivered {
  return { attempt: step?.attempt ?? 1, text: step?.text ?? '', thinking: step?.thinking ?? '' };
}

function size({ text, thinking }: Amount): number {
  return text.length + thinking.length;
}

function endsInHalfPair(text: string): boolean {
  const unit = text.charCodeAt(text.length - 1);
  return unit >= 0xd800 && unit <= 0xdbff;
}
