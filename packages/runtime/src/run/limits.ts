/** What ends a run that does not end by itself. The four meters of recovery and the run's own clock. */
export interface RunLimits {
  /** Runs that this process works on at once; more wait in the queue. */
  readonly maxConcurrentRuns: number;
  /** Model calls for one step, whatever ended the ones before. */
  readonly attempts: number;
  /** Consecutive attempts that added nothing to what was delivered. */
  readonly noProgressAttempts: number;
  /** Characters generated again for one step. */
  readonly regeneratedChars: number;
  /** Milliseconds from the start (or the recovery) of a run to its end. */
  readonly runMs: number;
}

export const RUN_LIMITS: RunLimits = {
  maxConcurrentRuns: 20_000,
  attempts: 50,
  noProgressAttempts: 5,
  regeneratedChars: 2_000_000,
  runMs: 30 * 60_000,
};
