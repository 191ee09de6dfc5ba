/** An agent that can train a model, for the samples that have it do so. In openclaw.yaml: `agents: {default: {module: ./trainer.ts}}`. */
import { defineAgent } from 'openclaw-runtime/agent';

const EPOCHS = 5;

export default defineAgent({
  name: 'trainer',
  state: () => ({ epoch: 0, loss: 1 }),
  operations: {
    async 'train-model'(ctx) {
      while (ctx.state.epoch < EPOCHS) {
        const { epoch, loss } = ctx.state;
        // Whatever a step returns is kept: one that was done is not done again.
        ctx.state.loss = await ctx.step(`epoch ${epoch + 1}`, () => loss / 2);
        ctx.state.epoch = epoch + 1;
        await ctx.checkpoint();
      }
      return ctx.state;
    },
  },
});
