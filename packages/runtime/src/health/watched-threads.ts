import { OpenClawError } from '@openclaw-runtime/protocol';
import type { AgentThreads } from '../pool/threads.ts';
import { type Health, THREADS } from './health.ts';

/** The threads, whose losses are noted: as the agent's where its code took the thread down, else as the threads'. */
export function watchThreads(threads: AgentThreads, health: Health): AgentThreads {
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
          if (code === 'THREAD_LOST') health.note('host', THREADS, 'restart');
          else if (code === 'AGENT_HUNG' || code === 'AGENT_CRASHED' || code === 'AGENT_MEMORY') health.note('agent', name, 'restart');
        },
      );
      return answer;
    },
  };
}
