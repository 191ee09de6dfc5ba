// An agent that begins itself twice, as deep as it is let, and asks a model at each place.
import { defineAgent } from '@openclaw-runtime/agent';

export default defineAgent({
  name: 'nest',
  operations: {
    async dig(ctx) {
      const below = ['a', 'b'].map((name) => ctx.run('nest', 'dig', { name, operation: 'dig', args: {} }));
      await Promise.allSettled(below);
      await ctx.model.stream({ messages: [{ role: 'user', content: 'Go on.' }], model: 'priced' });
      return 'done';
    },
  },
});
