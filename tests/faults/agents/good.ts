// An agent that does no harm: its operation streams from a model, step after step.
import { defineAgent, operation } from '@openclaw-runtime/agent';

interface Told {
  readonly prompt: string;
  readonly model: string;
  readonly streams: number;
}

export default defineAgent({
  name: 'good',
  operations: {
    talk: operation<undefined, Told, string>(async (ctx, { prompt, model, streams }) => {
      let said = '';
      for (let i = 0; i < streams; i++) {
        const { text } = await ctx.model.stream({ messages: [{ role: 'user', content: `${prompt} ${i}` }], model });
        said += text;
      }
      return said;
    }),
  },
});
