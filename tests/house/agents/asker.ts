// An agent that asks people: it notes in its workspace what it really does.
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineAgent } from '@openclaw-runtime/agent';

// oxlint-disable-next-line import/no-default-export -- what an agent's module exports
export default defineAgent({
  name: 'asker',
  operations: {
    /** Does something, asks, and does something else where it may. */
    async order(ctx, args) {
      const { what, timeoutMs } = args as { readonly what: string; readonly timeoutMs?: number };
      const folder = ctx.facts.workspace ?? '';
      const note = (line: string): void => {
        mkdirSync(folder, { recursive: true });
        appendFileSync(join(folder, 'ledger'), `${line}\n`);
      };
      note('begun');
      await ctx.step('reserve', () => note(`reserved ${what}`));
      const { allowed } = await ctx.ask(`Shall I pay for ${what}?`, timeoutMs === undefined ? {} : { timeoutMs });
      if (allowed) await ctx.step('pay', () => note(`paid ${what}`));
      return { what, allowed };
    },
  },
});
