/** What is known of a run that is parked beside its log. Times are the clock's `now`. */
export interface Parked {
  /** When it goes on though nobody answered: the first of its questions expires, or its time is up. */
  readonly untilMs: number;
  readonly deadlineMs: number;
  /** Its operation's own. */
  readonly operationDeadlineMs: number | undefined;
  /** A command has come already. */
  isCalled: boolean;
}
