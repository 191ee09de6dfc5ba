import { OpenClawError, type StepFold } from '@openclaw-runtime/protocol';
import type { RunLimits } from './limits.ts';

/** What of a step was delivered, and by which attempt. */
export interface Delivered {
  readonly attempt: number;
  readonly text: string;
  readonly thinking: string;
}

/** How the next model call of a step joins what was delivered. */
export type Rung = 'fresh' | 'attach' | 'continue' | 'compare';

/**
 * The crash ladder. Nothing delivered: ask afresh. Plain text and a provider that goes on from a prefix: same attempt, nothing visible. Otherwise ask
 * again and compare, silently while the new output equals the delivered one. (Re-attachment to a response that the provider kept is the rung above these.)
 */
export function chooseRung(delivered: Delivered, prefixCapable: boolean): Rung {
  if (delivered.text === '' && delivered.thinking === '') return 'fresh';
  return prefixCapable && delivered.thinking === '' ? 'continue' : 'compare';
}

/** The meters that end recovery. Immutable: each attempt gives the next value. */
export interface Meters {
  readonly attempts: number;
  readonly idle: number;
  readonly regenerated: number;
}

export const NO_ATTEMPTS: Meters = { attempts: 0, idle: 0, regenerated: 0 };

/** After an attempt that began with `before` delivered and ended, unfinished, with `after`. */
export function countAttempt(meters: Meters, rung: Rung, before: Delivered, after: Delivered): Meters {
  const grew = size(after) > size(before);
  return {
    attempts: meters.attempts + 1,
    idle: grew ? 0 : meters.idle + 1,
    regenerated: meters.regenerated + (rung === 'compare' ? size(before) : 0),
  };
}

/** The error that ends the step, when a meter has run out. */
export function exhausted(meters: Meters, limits: RunLimits, last: OpenClawError): OpenClawError | undefined {
  const stop = (what: string): OpenClawError =>
    new OpenClawError('NO_PROGRESS', `Recovery was given up after ${what}. The last error was ${last.code}: ${last.message}`, {
      cause: last,
    });
  if (meters.idle >= limits.noProgressAttempts) return stop(`${meters.idle} attempts without anything new`);
  if (meters.attempts >= limits.attempts) return stop(`${meters.attempts} attempts`);
  if (meters.regenerated >= limits.regeneratedChars) return stop(`${meters.regenerated} characters generated again`);
  return undefined;
}

export function deliveredOf(step: StepFold | undefined): Delivered {
  return { attempt: step?.attempt ?? 1, text: step?.text ?? '', thinking: step?.thinking ?? '' };
}

function size({ text, thinking }: Delivered): number {
  return text.length + thinking.length;
}
