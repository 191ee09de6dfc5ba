import type { Outcome, Usage } from '@openclaw-runtime/protocol';

/** Why a run is stopped: with the end to be logged, or without one when the run is not ours any more. */
export class Stop {
  readonly end: ((usage: Usage) => Outcome) | undefined;
  /** Another owner goes on: a response that a provider keeps is still wanted. */
  readonly handover: boolean;
  constructor(end?: (usage: Usage) => Outcome) {
    this.end = end;
    this.handover = end === undefined;
  }

  /** What an agent's code is told. */
  toString(): string {
    return this.handover ? 'Another process goes on with the run.' : 'The run was stopped.';
  }
}
