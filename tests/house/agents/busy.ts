// An agent whose operation takes as long as it is told to.
import { defineAgent } from '@openclaw-runtime/agent';

// oxlint-disable-next-line import/no-default-export -- what an agent's module exports
export default defineAgent({
  name: 'busy',
  operations: {
    async wait(_ctx, args) {
      const { ms } = args as { readonly ms: number };
      await new Promise((resolve) => setTimeout(resolve, ms));
      return ms;
    },
  },
});
