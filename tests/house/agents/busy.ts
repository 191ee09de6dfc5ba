// An agent whose operation takes until it is let through.
import { defineAgent } from '@openclaw-runtime/agent';

// oxlint-disable-next-line import/no-default-export -- what an agent's module exports
export default defineAgent({
  name: 'busy',
  operations: {
    async wait(_ctx, args) {
      const { gate } = args as { readonly gate: string };
      return (await fetch(gate)).status;
    },
  },
});
