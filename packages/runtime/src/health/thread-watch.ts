import { OpenClawError } from '@openclaw-runtime/protocol';
import type { StopSignal } from '../abort/stop-signal.ts';
import type { AgentThreads } from '../pool/threads.ts';
import { type Health, THREADS } from './health.ts';

/** Notes how calls in threads fare: as the agent's where its code took the thread down, else as the threads', once however many calls were on it. */
export class ThreadWatch {
  readonly #threads: Pick<AgentThreads, 'status'>;
  readonly #health: Health;
  #known = 0;

  constructor(threads: Pick<AgentThreads, 'status'>, health: Health) {
    this.#threads = threads;
    this.#health = health;
  }

  /** A call of this agent's ended, well where there is no error. What it comes to once it was stopped says nothing. */
  ended(agent: string, { aborted }: Pick<StopSignal, 'aborted'>, error?: unknown): void {
    const health = this.#health;
    if (error === undefined) {
      if (health.tierOf('agent', agent) > 0) health.note('agent', agent, 'ok');
      if (health.tierOf('host', THREADS) > 0) health.note('host', THREADS, 'ok');
      return;
    }
    if (aborted || !(error instanceof OpenClawError)) return;
    const { code } = error;
    if (code === 'THREAD_LOST') {
      // A neighbour of the call that is to blame hears of it with the same word.
      const { THREAD_LOST: lost = 0 } = this.#threads.status.lost;
      for (; this.#known < lost; this.#known++) health.note('host', THREADS, 'restart');
    }
    if (code === 'AGENT_HUNG' || code === 'AGENT_CRASHED' || code === 'AGENT_MEMORY') health.note('agent', agent, 'restart');
  }
}
