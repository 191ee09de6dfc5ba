import type { ErrorCode, OpenClawError } from '@openclaw-runtime/protocol';

const MOST = 3;
const WITHIN_MS = 10_000;
/** The code that ran there took the thread down. */
const OWN: readonly ErrorCode[] = ['AGENT_HUNG', 'AGENT_CRASHED', 'AGENT_MEMORY'];

/** Whether the thread is gone, whoever's fault that is. */
export function isThreadLost({ code }: OpenClawError): boolean {
  return code === 'THREAD_LOST' || OWN.includes(code);
}

/** How often code that takes its thread down is started again: 3 times in 10 s. Code that lost its thread to another's is, as often as that happens. */
export class Restarts {
  #times: readonly number[] = [];

  /** Whether there is another start after this loss. */
  isLeft({ code }: OpenClawError, nowMs: number): boolean {
    if (!OWN.includes(code)) return true;
    this.#times = [...this.#times.filter((atMs) => nowMs - atMs < WITHIN_MS), nowMs];
    return this.#times.length <= MOST;
  }
}
