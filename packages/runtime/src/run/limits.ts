import type { Clock } from '@openclaw-runtime/kit';

/** What ends a run that does not end by itself. The four meters of recovery: attempts, attempts without progress, text generated again, and time. */
export interface RunLimits {
  /** Runs that this process works on at once; more wait in the queue. */
  readonly maxConcurrentRuns: number;
  /** Model calls for one step, whatever ended the ones before. */
  readonly attempts: number;
  /** Consecutive attempts that added nothing to what was delivered. */
  readonly noProgressAttempts: number;
  /** Characters generated again for one step. */
  readonly regeneratedChars: number;
  /** Milliseconds from a run's creation to its end, whoever worked on it. */
  readonly runMs: number;
  /** Milliseconds in which a run did nothing but wait for people, after which it is parked: it leaves its thread and memory until one of them answers. */
  readonly parkAfterMs: number;
  /** Milliseconds that a run waits for a budget to have room before it ends as `budget_exhausted`. */
  readonly budgetWaitMs: number;
}

export const RUN_LIMITS: RunLimits = {
  maxConcurrentRuns: 20_000,
  attempts: 50,
  noProgressAttempts: 5,
  regeneratedChars: 2_000_000,
  runMs: 30 * 60_000,
  parkAfterMs: 10_000,
  budgetWaitMs: 24 * 3_600_000,
};

/** What a run gets at least from each owner, so that none dies of the time in which nobody could work on it. The meter of attempts bounds how often. */
const LEAST_MS = 60_000;

/**
 * When a run's time is up, on the clock's `now`, for an owner that begins with it now. `createdAt` is wall time; what is measured after this is monotonic,
 * so a wall clock that is set back or forth can neither end a run early nor keep it for ever.
 */
export function runDeadlineMs(createdAt: number, { runMs }: Pick<RunLimits, 'runMs'>, clock: Clock): number {
  const goneMs = Math.max(clock.wall() - createdAt, 0);
  return clock.now() + Math.max(runMs - goneMs, Math.min(runMs, LEAST_MS));
}
