// What bench/threads.ts calls in its threads.
import { defineAgent, tool } from '@openclaw-runtime/agent';
import { z } from 'zod';

// oxlint-disable-next-line import/no-default-export -- what an agent's module is
export default defineAgent({
  name: 'bench',
  tools: [
    tool({ name: 'echo', input: z.object({}), execute: () => 'here' }),
    tool({
      name: 'hang',
      input: z.object({}),
      execute() {
        for (;;);
      },
    }),
  ],
});
