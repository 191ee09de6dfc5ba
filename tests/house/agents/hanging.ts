// An agent that hangs in every way that an agent can.
import { defineAgent, tool } from '@openclaw-runtime/agent';
import { z } from 'zod';

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

const nap = tool({
  name: 'nap',
  description: 'Takes a nap.',
  input: z.object({}),
  execute: (_input, { signal }) => never(signal),
});

// oxlint-disable-next-line import/no-default-export -- what an agent's module exports
export default defineAgent({
  name: 'hanging',
  tools: [nap],
  operations: {
    code: (ctx) => never(ctx.signal),
    ask: (ctx) => ctx.ask('Shall I?'),
    child: (ctx, args) => ctx.run('default', 'hi', { name: 'helper', model: (args as { readonly model: string }).model }),
  },
});
