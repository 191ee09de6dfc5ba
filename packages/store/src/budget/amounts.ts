import type { Budget } from '@openclaw-runtime/protocol';

/** What model calls take. Whole numbers, so that sums of them are exact: millionths of a US dollar, tokens, milliseconds. */
export interface Amounts {
  readonly microUsd: number;
  readonly tokens: number;
  readonly ms: number;
}

export type Unit = keyof Amounts;

/** The most that may be taken; what is left out has no limit. */
export type Limits = Partial<Amounts>;

export const UNITS: readonly Unit[] = ['microUsd', 'tokens', 'ms'];

export const NOTHING: Amounts = { microUsd: 0, tokens: 0, ms: 0 };

export function plus(a: Amounts, b: Amounts): Amounts {
  return { microUsd: a.microUsd + b.microUsd, tokens: a.tokens + b.tokens, ms: a.ms + b.ms };
}

export function minus(a: Amounts, b: Amounts): Amounts {
  return { microUsd: a.microUsd - b.microUsd, tokens: a.tokens - b.tokens, ms: a.ms - b.ms };
}

const MILLION = 1_000_000;

/** To the nearest millionth. */
export function limitsOf({ usd, tokens, ms }: Budget): Limits {
  return {
    ...(usd !== undefined && { microUsd: Math.round(usd * MILLION) }),
    ...(tokens !== undefined && { tokens }),
    ...(ms !== undefined && { ms }),
  };
}

export function budgetOf({ microUsd, tokens, ms }: Limits): Budget {
  return {
    ...(microUsd !== undefined && { usd: microUsd / MILLION }),
    ...(tokens !== undefined && { tokens }),
    ...(ms !== undefined && { ms }),
  };
}
