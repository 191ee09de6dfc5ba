import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type ArgsOf, cardOf, defineAgent, type OperationContext, operation, type ResultOf, tool } from '../src/index.ts';

const add = tool({
  name: 'add',
  input: z.object({ a: z.number(), b: z.number().default(1), note: z.string().optional() }),
  execute(input, context) {
    expectTypeOf(input).toEqualTypeOf<{ a: number; b: number; note?: string | undefined }>();
    expectTypeOf(context.secrets.get('key')).toEqualTypeOf<string>();
    return input.a + input.b;
  },
});

interface State {
  epoch: number;
  losses: number[];
}

const stop = operation({
  timeoutMs: 1000,
  args: z.object({ why: z.string() }),
  async run(ctx: OperationContext<State>, args) {
    expectTypeOf(args).toEqualTypeOf<{ why: string }>();
    return args.why.length + ctx.state.epoch;
  },
});

const agent = defineAgent({
  name: 'trainer',
  state: (): State => ({ epoch: 0, losses: [] }),
  tools: [add],
  operations: {
    async train(ctx, args: { epochs: number }) {
      expectTypeOf(ctx.state).toEqualTypeOf<State>();
      const loss = await ctx.step('epoch', () => 0.5);
      expectTypeOf(loss).toEqualTypeOf<number>();
      return { loss, epochs: args.epochs };
    },
    stop,
    plain: { timeoutMs: 1000, run: async (ctx) => ctx.state.losses },
    loose: (_ctx, args) => {
      expectTypeOf(args).toEqualTypeOf<unknown>();
    },
  },
});

test('operations take and return what they say', () => {
  expectTypeOf<ArgsOf<typeof agent, 'train'>>().toEqualTypeOf<{ epochs: number }>();
  expectTypeOf<ResultOf<typeof agent, 'train'>>().toEqualTypeOf<{ loss: number; epochs: number }>();
  expectTypeOf<ArgsOf<typeof agent, 'stop'>>().toEqualTypeOf<{ why: string }>();
  expectTypeOf<ResultOf<typeof agent, 'stop'>>().toEqualTypeOf<number>();
  expectTypeOf<ResultOf<typeof agent, 'plain'>>().toEqualTypeOf<number[]>();
});

test('any agent has a card', () => {
  expect(cardOf(agent).operations.map(({ name }) => name)).toEqual(['train', 'stop', 'plain', 'loose']);
});

test('what does not fit is refused by the compiler', () => {
  const wrong = (): unknown => [
    // @ts-expect-error: a tool takes an object
    tool({ name: 'x', input: z.string(), execute: () => 1 }),
    // @ts-expect-error: no such field
    tool({ name: 'x', input: z.object({ a: z.string() }), execute: (input) => input.b }),
    defineAgent({ name: 'x', state: () => ({ a: 1 }), operations: { go: (ctx) => void (ctx.state.a = 2) } }),
    // @ts-expect-error: the state has no such field
    defineAgent({ name: 'x', state: () => ({ a: 1 }), operations: { go: (ctx) => ctx.state.b } }),
    // @ts-expect-error: another agent's operation
    defineAgent({ name: 'x', state: () => ({ a: 1 }), operations: { stop } }),
    // @ts-expect-error: it has to make what state makes
    defineAgent({ name: 'x', state: () => ({ a: 1 }), migrate: () => 'old' }),
  ];
  expectTypeOf(wrong).toEqualTypeOf<() => unknown>();
});
