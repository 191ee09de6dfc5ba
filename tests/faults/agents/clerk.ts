// An agent whose tools write to a ledger outside, and whose operation counts.
import { defineAgent, operation, tool } from '@openclaw-runtime/agent';
import { z } from 'zod';

const input = z.object({ ledger: z.string(), label: z.string() });

async function enter(ledger: string, entry: object): Promise<string> {
  const response = await fetch(ledger, { method: 'POST', body: JSON.stringify(entry) });
  return response.text();
}

interface Counted {
  epoch: number;
}

export default defineAgent({
  name: 'clerk',
  state: (): Counted => ({ epoch: 0 }),
  tools: [
    tool({
      name: 'once',
      description: 'Writes.',
      input,
      execute: ({ ledger, label }, { key }) => enter(ledger, { tool: 'once', label, key }),
    }),
    tool({
      name: 'again',
      description: 'Writes, and may be asked to write the same again.',
      input,
      onInterrupted: 'retry',
      execute: ({ ledger, label }, { key }) => enter(ledger, { tool: 'again', label, key }),
    }),
  ],
  operations: {
    count: operation<Counted, { ledger: string; label: string; epochs: number }, number>(async (ctx, { ledger, label, epochs }) => {
      while (ctx.state.epoch < epochs) {
        const { epoch } = ctx.state;
        await ctx.step('enter', () => enter(ledger, { tool: 'count', label, key: String(epoch) }));
        ctx.state.epoch++;
        if (epoch % 3 === 2) await ctx.checkpoint();
      }
      return ctx.state.epoch;
    }),
  },
});
