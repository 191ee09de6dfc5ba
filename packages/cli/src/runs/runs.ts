import { OpenClawError, type Status } from '@openclaw-runtime/protocol';
import type { ServerOptions } from '../commands/server.ts';

/** Options that all of `claw runs` have. */
export interface RunsOptions extends ServerOptions {
  readonly json?: boolean;
}

export const STATUSES: readonly Status[] = [
  'running',
  'completed',
  'cancelled',
  'failed',
  'timed_out',
  'needs_attention',
  'budget_exhausted',
];

/** A whole number from the command line. Throws `BAD_REQUEST`. */
export function parseCount(flag: string, text: string | undefined, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  throw new OpenClawError('BAD_REQUEST', `${flag}: ${JSON.stringify(text)} is not a whole number ${range}.`);
}
