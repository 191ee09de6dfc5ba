import { OpenClawError } from '@openclaw-runtime/protocol';
import type { AgentThreads } from '../pool/threads.ts';
import { type Health, THREADS } from './health.ts';

/** The threads, whose losses are noted: as the agent's where its code took the thread down, else as the threads', once however many calls were on it. */
export function watchThreads(threads: AgentThreads, health: Health): AgentThreads {
  let known = 0;
  return {
    get status() {
      return threads.status;
    },
    describe: (agent, module) => threads.describe(agent, module),
    close: () => threads.close(),
    call(call, signal) {
      const { name } = call.agent;
      const answer = threads.call(call, signal);
      answer.then(
        () => {
          if (health.tierOf('agent', name) > 0) health.note('agent', name, 'ok');
          if (health.tierOf('host', THREADS) > 0) health.note('host', THREADS, 'ok');
        },
        (error: unknown) => {
          if (!(error instanceof OpenClawError) || signal.aborted) return;
          const { code } = error;
          if (code === 'THREAD_LOST') {
            // A neighbour of the call that is to blame hears of it with the same word.
            const { THREAD_LOST: lost = 0 } = threads.status.lost;
            for (; known < lost; known++) health.note('host', THREADS, 'restart');
          }
          if (code === 'AGENT_HUNG' || code === 'AGENT_CRASHED' || code === 'AGENT_MEMORY') health.note('agent', name, 'restart');
        },
      );
      return answer;
    },
  };
}
