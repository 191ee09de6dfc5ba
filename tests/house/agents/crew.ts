// An agent that has two others answer at once, and then sums up.
import { defineAgent } from '@openclaw-runtime/agent';

// oxlint-disable-next-line import/no-default-export -- what an agent's module exports
export default defineAgent({
  name: 'crew',
  operations: {
    async work(ctx) {
      const answers = await Promise.all([ctx.run('hand', 'the first half'), ctx.run('hand', 'the second half')]);
      return answers.map(({ status, text }) => `${status}: ${text}`);
    },
  },
});
