import type { Waiting } from '../budget/budgets.ts';
import type { WaitNow } from './waits.ts';

/** What is known of a run that is parked beside its log. Times are the clock's `now`. */
export interface Parked {
  /** When it goes on though nobody answered: the first of its questions expires, or its time is up. */
  readonly untilMs: number;
  /** Absent for a run that waits for a budget: that is no time of its own. */
  readonly deadlineMs: number | undefined;
  /** Its operation's own. */
  readonly operationDeadlineMs: number | undefined;
  /** What it waits for, where that is a budget. */
  readonly budget?: Waiting | undefined;
  /** What it waited for when it was parked, and when that was. */
  readonly waits: readonly WaitNow[];
  readonly atMs: number;
  /** A command has come already. */
  isCalled: boolean;
}
