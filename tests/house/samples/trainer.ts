// An agent that trains something: each epoch is a step at a server, which counts them.
import { defineAgent, type OperationContext } from 'openclaw-runtime/agent';

export interface Training {
  epoch: number;
  losses: number[];
}

interface Asked {
  readonly url: string;
  readonly epochs: number;
}

async function train(ctx: OperationContext<Training>, { url, epochs }: Asked): Promise<Training> {
  while (ctx.state.epoch < epochs) {
    const epoch = ctx.state.epoch + 1;
    const loss = await ctx.step('epoch', async () => {
      const response = await fetch(`${url}/epoch/${epoch}`, { method: 'POST' });
      if (!response.ok) throw new Error(`epoch ${epoch}: ${response.status}`);
      return Number(await response.text());
    });
    ctx.state.epoch = epoch;
    ctx.state.losses.push(loss);
    await ctx.checkpoint();
  }
  return ctx.state;
}

export default defineAgent({
  name: 'trainer',
  state: (): Training => ({ epoch: 0, losses: [] }),
  operations: {
    'train-model': (ctx, args: Asked | undefined) => (args ? train(ctx, args) : ctx.state),
    'fail-once': async (ctx) => {
      if (ctx.state.epoch === 0) {
        ctx.state.epoch = 7;
        await ctx.checkpoint();
        throw new Error('the disk was full, say');
      }
      return ctx.state;
    },
    'fail-late': async (ctx) => {
      if (ctx.state.epoch === 0) {
        ctx.state.epoch = 1;
        await ctx.checkpoint();
        for (let i = 0; i < 50; i++) await Promise.all(Array.from({ length: 100 }, () => ctx.emit('progress', i)));
        throw new Error('it was so near');
      }
      return ctx.state;
    },
  },
});
