// An agent as an author writes it: a tool that uses a secret, and an operation with steps and checkpoints.
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineAgent, tool } from '@openclaw-runtime/agent';
import { z } from 'zod';

interface State {
  page: number;
  sum: number;
  note?: string;
}

const price = tool({
  name: 'price',
  description: 'What an item costs.',
  input: z.object({ item: z.string(), shop: z.string() }),
  secrets: ['shop'],
  sideEffects: false,
  async execute({ item, shop }, { key, secrets }) {
    const secret = secrets.get('shop');
    console.log(`asking with ${secret}`);
    const response = await fetch(`${shop}/price?item=${item}`, { headers: { authorization: `Bearer ${secret}`, 'idempotency-key': key } });
    if (response.status !== 200) throw new Error(`the shop does not take ${Buffer.from(secret).toString('base64')}`);
    return `${item} costs ${await response.text()}, says ${secret}`;
  },
});

// oxlint-disable-next-line import/no-default-export -- what an agent's module exports
export default defineAgent({
  name: 'clerk',
  instructions: 'You know prices by your tool only.',
  state: (): State => ({ page: 0, sum: 0 }),
  tools: [price],
  operations: {
    /** Adds up pages, saves after every second one, and notes in its workspace what it really did. */
    async count(ctx, args) {
      const { pages, gate } = args as { readonly pages: number; readonly gate: string };
      const folder = ctx.facts.workspace ?? '';
      while (ctx.state.page < pages) {
        const page = ctx.state.page + 1;
        const found = await ctx.step(`page ${page}`, async () => {
          mkdirSync(folder, { recursive: true });
          appendFileSync(join(folder, 'ledger'), `${page}\n`);
          return Number(await (await fetch(`${gate}/page?n=${page}`)).text());
        });
        ctx.state.sum += found;
        ctx.state.page = page;
        if (page % 2 === 0) await ctx.checkpoint();
        await ctx.emit('counted', { page, sum: ctx.state.sum });
      }
      return { sum: ctx.state.sum, secret: await ctx.secrets.get('shop') };
    },
    /** Says its secret wherever it can. */
    async leak(ctx) {
      const secret = await ctx.secrets.get('shop');
      const note = `${secret} ${encodeURIComponent(secret)} ${Buffer.from(`user:${secret}`).toString('base64')}`;
      console.error(note);
      ctx.state.note = note;
      await ctx.checkpoint();
      await ctx.emit('leak', { note });
      await ctx.step('leak', () => note);
      throw new Error(note);
    },
  },
});
