import type { ErrorBody, ErrorCode, OpenClawError } from '@openclaw-runtime/protocol';

const MOST = 3;
const WITHIN_MS = 10_000;
const MOST_STRIKES = 5;
/** Of threads that nobody, or another, is blamed for. One whose code takes a process down unseen is in all of its losses. */
const MOST_OF_OTHERS = 100;
const OTHERS_WITHIN_MS = 60_000;
/** The code that ran there took the thread down. */
const OWN: readonly ErrorCode[] = ['AGENT_HUNG', 'AGENT_CRASHED', 'AGENT_MEMORY'];

/** Whether the thread is gone, whoever's fault that is. */
export function isThreadLost({ code }: OpenClawError): boolean {
  return code === 'THREAD_LOST' || OWN.includes(code);
}

/** Of one run, however long it takes: what leaks will leak again. */
export function isStrike({ code }: Pick<ErrorBody, 'code'>): boolean {
  return code === 'AGENT_MEMORY';
}

/** How often code that takes its thread down is started again: 3 times in 10 s, and 5 times in all where it runs out of memory. Code that lost its thread to another's, as far as is known: 100 times in a minute. */
export class Restarts {
  #strikes: number;
  #times: readonly number[] = [];
  #ofOthers: readonly number[] = [];

  /** `strikes`: how often it ran out of memory before, whoever carried it out. */
  constructor(strikes = 0) {
    this.#strikes = strikes;
  }

  /** Whether there is another start after this loss. */
  isLeft({ code }: OpenClawError, nowMs: number): boolean {
    if (isStrike({ code }) && ++this.#strikes > MOST_STRIKES) return false;
    if (!OWN.includes(code)) {
      this.#ofOthers = [...this.#ofOthers.filter((atMs) => nowMs - atMs < OTHERS_WITHIN_MS), nowMs];
      return this.#ofOthers.length <= MOST_OF_OTHERS;
    }
    this.#times = [...this.#times.filter((atMs) => nowMs - atMs < WITHIN_MS), nowMs];
    return this.#times.length <= MOST;
  }
}
