import type { Random } from './random.ts';

export interface Backoff {
  /** Milliseconds before the second attempt, doubling from there. */
  readonly baseMs: number;
  readonly capMs: number;
}

/** Milliseconds to wait before retry `n` (1 is the first): exponential with full jitter, never above the cap. */
export function backoffMs({ baseMs, capMs }: Backoff, n: number, random: Random): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(n - 1, 30));
  return ceiling * random.float();
}
