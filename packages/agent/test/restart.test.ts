import { type Random, seededRandom } from '@openclaw-runtime/kit';
import { expect, test } from 'vitest';
import { type Ask, type DonePiece, decodeState, defineAgent, encodeState, type OperationContext } from '../src/index.ts';
import { createManualClock } from './fixtures/manual-clock.ts';
import { openThread } from './fixtures/thread.ts';

interface State {
  section: number;
  trace: string[];
}

type Act = { readonly do: 'step' | 'generate' | 'emit' | 'pause'; readonly name: string };
/** Sections, between which the state is saved, of branches that go side by side. */
type Program = readonly (readonly (readonly Act[])[])[];

const SEEDS = 150;

function programOf(random: Random): Program {
  const list = <T>(most: number, make: () => T): T[] => Array.from({ length: 1 + Math.floor(random.float() * most) }, make);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.float() * items.length)] as T;
  const act = (): Act => ({ do: pick(['step', 'step', 'generate', 'emit', 'pause']), name: pick(['a', 'b']) });
  return list(3, () => list(3, () => list(4, act)));
}

function agentOf(program: Program) {
  const act = async (ctx: OperationContext<State>, { do: what, name }: Act, tag: string): Promise<string> => {
    if (what === 'step') return await ctx.step(name, () => tag);
    if (what === 'generate') return (await ctx.model.generate(tag, { name })).text;
    if (what === 'emit') await ctx.emit(name, tag);
    else for (let i = 0; i < 10; i++) await Promise.resolve();
    return tag;
  };
  return defineAgent({
    name: 'program',
    state: (): State => ({ section: 0, trace: [] }),
    operations: {
      async go(ctx) {
        for (; ctx.state.section < program.length; ctx.state.section++, await ctx.checkpoint()) {
          const branches = program[ctx.state.section] ?? [];
          const results = await Promise.all(
            branches.map(async (acts, b) => {
              const said: string[] = [];
              for (const [i, one] of acts.entries()) said.push(await act(ctx, one, `${ctx.state.section}.${b}.${i}`));
              return said;
            }),
          );
          ctx.state.trace.push(...results.flat());
        }
        return ctx.state.trace;
      },
    },
  });
}

/** One life after another, each ended at random, until the operation is done; answers come in any order. */
async function runWithDeaths(program: Program, random: Random): Promise<{ value: unknown; lives: number; twice: string[] }> {
  const definition = agentOf(program);
  let state: { version: number; value: string } | undefined;
  let pieces: DonePiece[] = [];
  const twice: string[] = [];
  const keep = (piece: DonePiece): void => {
    const same = pieces.find(({ what, name, n }) => what === piece.what && name === piece.name && n === piece.n);
    if (same) twice.push(`${piece.what} ${piece.name} ${piece.n}`);
    pieces.push(piece);
  };
  const answer = (ask: Ask): string | undefined => {
    if (ask.do === 'done') keep({ what: 'step', name: ask.name, n: ask.n, ...(ask.value === undefined ? {} : { value: ask.value }) });
    if (ask.do === 'checkpoint') {
      state = { version: ask.version, value: ask.state };
      pieces = [];
    }
    if (ask.do !== 'generate') return undefined;
    const value = encodeState({ text: ask.call.messages[0]?.content });
    keep({ what: 'generate', name: ask.name, n: ask.n, value });
    return value;
  };
  for (let lives = 1; ; lives++) {
    using thread = await openThread(definition, createManualClock());
    await thread.operate({ pieces: [...pieces], ...(state === undefined ? {} : { state }) });
    const answered = new Set<number>();
    while (random.float() > 0.08) {
      const end = thread.end();
      if (end) return { value: end.t === 'done' ? decodeState(end.value ?? '') : end, lives, twice };
      const open = [...thread.asks().keys()].filter((i) => !answered.has(i));
      const i = open[Math.floor(random.float() * open.length)];
      if (i === undefined) return { value: 'it waits for nothing', lives, twice };
      answered.add(i);
      await thread.answer(i + 1, answer(thread.asks()[i] as Ask));
    }
  }
}

test(`an operation that dies at random ends as if it had not, and no piece of it is done twice (seeds 1 to ${SEEDS})`, async () => {
  let lives = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed);
    const program = programOf(random);
    const expected = program.flatMap((branches, s) => branches.flatMap((acts, b) => acts.map((_, i) => `${s}.${b}.${i}`)));
    const run = await runWithDeaths(program, random);
    expect(run, `seed ${seed}: ${JSON.stringify(program)}`).toEqual({ value: expected, lives: run.lives, twice: [] });
    lives += run.lives;
  }
  expect(lives).toBeGreaterThan(SEEDS * 1.5);
});
