// A trainer that fails in its third epoch, unless it begins with what it saved before.
import { defineAgent } from 'openclaw-runtime/agent';

export default defineAgent({
  name: 'frail-trainer',
  state: () => ({ epoch: 0, begunAt: [] as number[] }),
  operations: {
    async 'train-model'(ctx) {
      const isNew = ctx.state.epoch === 0;
      ctx.state.begunAt.push(ctx.state.epoch);
      while (ctx.state.epoch < 5) {
        if (isNew && ctx.state.epoch === 3) throw new Error('the disk was full, say');
        ctx.state.epoch++;
        await ctx.checkpoint();
      }
      return ctx.state;
    },
  },
});
