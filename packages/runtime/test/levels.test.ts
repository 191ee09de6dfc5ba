import { describe, expect, test } from 'vitest';
import { type Act, kindsOf, openTestHouse, said } from './house.ts';
import { coded, createThreads } from './threads.ts';

const warning = 'Nobody knows how.';
const answer =
  (...warnings: readonly (string | undefined)[]): Act =>
  ({ level = 1 }, sink) => {
    for (const each of warnings) sink.leveled?.({ wanted: level, ...(each !== undefined && { warning: each, sent: '{}' }) });
    sink.text('ok');
    return said;
  };

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
