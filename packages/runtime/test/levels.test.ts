import { OpenClawError, type RunRecord } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { type Act, kindsOf, openTestHouse, said } from './house.ts';
import { type Context, coded, createThreads } from './threads.ts';

const warning = 'Nobody knows how.';
const answer =
  (...warnings: readonly (string | undefined)[]): Act =>
  ({ level = 1 }, sink) => {
    for (const each of warnings) sink.leveled?.({ wanted: level, ...(each !== undefined && { warning: each, sent: '{}' }) });
    sink.text('ok');
    return said;
  };

const warningsOf = (records: readonly RunRecord[]): unknown[] =>
  records.filter(({ kind }) => kind === 'event').map(({ data }) => (data as { readonly data: { readonly warning: unknown } }).data.warning);

describe('the level of a run', () => {
  test.each([1, 2, 3, 4] as const)('%i reaches the model', async (level) => {
    await using house = await openTestHouse([answer(undefined)]);
    const records = await house.ended(await house.run('hi', { level }));
    expect(house.requests[0]).toMatchObject({ level });
    expect(kindsOf(records)).toEqual(['run.created', 'step.started', 'text', 'step.ended', 'run.finished']);
  });

  test.each(['auto', undefined] as const)('%s leaves it to the provider', async (level) => {
    await using house = await openTestHouse([answer()]);
    await house.ended(await house.run('hi', level && { level }));
    expect(house.requests[0]).not.toHaveProperty('level');
  });

  test('a level that does not arrive is in the log, once per call', async () => {
    await using house = await openTestHouse([answer(undefined, warning, warning)]);
    const records = await house.ended(await house.run('hi', { level: 3 }));
    expect(records.filter(({ kind }) => kind === 'event').map(({ data }) => data)).toEqual([
      { name: 'reasoning.warning', data: { step: 1, model: 'scripted', level: 3, sent: '{}', warning }, step: 'model' },
    ]);
  });

  test('what is said again in each try is in the log once', async () => {
    // The first words of each try are of what is sent; that it was not passed on shows after them.
    await using house = await openTestHouse([answer(undefined, warning, undefined, warning, 'Another.', undefined, warning)]);
    const records = await house.ended(await house.run('hi', { level: 3 }));
    expect(warningsOf(records)).toEqual([warning, 'Another.']);
  });

  test('nor is it there again for each call of a step', async () => {
    const broken: Act = (request, sink) => {
      sink.leveled?.({ wanted: request.level ?? 1, warning });
      sink.text('o');
      throw new OpenClawError('PROVIDER_FAILED', 'broke off');
    };
    await using house = await openTestHouse([broken, broken, answer(warning)]);
    const records = await house.ended(await house.run('hi', { level: 3 }));
    expect(house.requests).toHaveLength(3);
    expect(warningsOf(records)).toEqual([warning]);
  });

  test('nor for each try of an answer that nobody watches', async () => {
    const call = { messages: [{ role: 'user' as const, content: 'x' }] };
    const work = (context: Context) => context.ask('generate', 'g', (n) => ({ do: 'generate', name: 'g', n, call }));
    const threads = createThreads({ operations: { work } });
    const agents = [coded('worker', { operations: [{ name: 'work' }] })];
    const broken: Act = (_request, sink) => {
      sink.leveled?.({ wanted: 4 });
      sink.leveled?.({ wanted: 4, warning });
      throw new OpenClawError('PROVIDER_FAILED', 'broke off');
    };
    await using house = await openTestHouse([broken, broken, answer(undefined, warning)], { runtime: { agents, threads } });
    const records = await house.ended(await house.run('hi', { agent: 'worker', operation: 'work', level: 4 }));
    expect(house.requests).toHaveLength(3);
    expect(warningsOf(records)).toEqual([warning]);
  });

  test('it is that of what an operation asks, aloud and in silence', async () => {
    const call = { messages: [{ role: 'user' as const, content: 'x' }] };
    const threads = createThreads({
      operations: {
        async work(context) {
          await context.ask('generate', 'g', (n) => ({ do: 'generate', name: 'g', n, call }));
          await context.ask('stream', '', (n) => ({ do: 'stream', n, call }));
        },
      },
    });
    const agents = [coded('worker', { operations: [{ name: 'work' }] })];
    await using house = await openTestHouse([answer(warning, warning)], { runtime: { agents, threads } });
    const records = await house.ended(await house.run('hi', { agent: 'worker', operation: 'work', level: 4 }));
    expect(house.requests.map(({ level }) => level)).toEqual([4, 4]);
    const data = (step: number) => ({
      name: 'reasoning.warning',
      data: { step, model: 'scripted', level: 4, sent: '{}', warning },
      step: 'model',
    });
    expect(records.filter(({ kind }) => kind === 'event').map((record) => record.data)).toEqual([data(0), data(1)]);
  });
});
