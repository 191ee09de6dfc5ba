import type { ModelSink } from '@openclaw-runtime/model';
import { expect, test } from 'vitest';
import { type Act, openTestHouse, said } from './house.ts';
import { type Context, coded, createThreads } from './threads.ts';

const error = { code: 'PROVIDER_FAILED', message: 'broke off' } as const;

/** One after the other, what an answer that nobody watches waits for. */
const STAGES: readonly (readonly [deed: (sink: ModelSink) => void, told: object])[] = [
  [() => undefined, { for: 'first chunk', name: 'scripted' }],
  [(sink) => sink.queued(3), { for: 'rate limit', name: 'scripted', detail: '3 calls are before it' }],
  [(sink) => sink.asked?.(), { for: 'first chunk' }],
  [(sink) => sink.retry(error, 30_000), { for: 'retry', leftMs: expect.any(Number) as number, detail: 'PROVIDER_FAILED: broke off' }],
  [(sink) => sink.asked?.(), { for: 'first chunk' }],
  [(sink) => sink.text('word'), { for: 'next chunk', name: 'scripted' }],
];

test('an answer that an operation asks for, unseen, waits for what a seen one waits for', async () => {
  let sink: ModelSink | undefined;
  let answer: () => void = () => undefined;
  const act: Act = (_request, given) => {
    sink = given;
    return new Promise((resolve) => {
      answer = () => resolve(said);
    });
  };
  const work = (context: Context) =>
    context.ask('generate', 'g', (n) => ({
      do: 'generate',
      name: 'g',
      n,
      call: { model: 'scripted', messages: [{ role: 'user', content: 'hi' }] },
    }));
  const agents = [coded('worker', { operations: [{ name: 'work' }] })];
  await using house = await openTestHouse([act], { runtime: { agents, threads: createThreads({ operations: { work } }) } });
  const key = await house.run('r', { agent: 'worker', operation: 'work' });
  await expect.poll(() => sink).toBeDefined();
  for (const [deed, told] of STAGES) {
    deed(sink as ModelSink);
    expect(house.runtime.waits(key)?.[0]).toMatchObject(told);
  }
  answer();
  await house.ended(key);
  expect(house.runtime.waits(key)).toBeUndefined();
});
