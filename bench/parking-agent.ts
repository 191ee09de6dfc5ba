// What bench/parking.ts waits in: an operation that asks a person.
import { defineAgent } from '@openclaw-runtime/agent';

// oxlint-disable-next-line import/no-default-export -- what an agent's module is
export default defineAgent({
  name: 'asker',
  operations: {
    async ask(ctx) {
      const before = await ctx.step('before', () => 1);
      const { allowed } = await ctx.ask('May I?');
      return [before, allowed];
    },
  },
});
