// An agent whose code asks the model: each run takes a hop to its thread and back.
import { defineAgent } from '@openclaw-runtime/agent';

export default defineAgent({
  name: 'speaker',
  operations: {
    async say(ctx, { prompt, model }: { prompt: string; model: string }) {
      const { text } = await ctx.model.stream({ messages: [{ role: 'user', content: prompt }], model });
      return text.length;
    },
  },
});
