import { OpenClawError } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { CHECK, defineAgent, type Job, tool } from '../src/index.ts';
import { createModules } from '../src/thread/modules.ts';
import { createManualClock, settle } from './fixtures/manual-clock.ts';
import { facts, openThread } from './fixtures/thread.ts';

const definition = defineAgent({
  name: 'tested',
  tools: [
    tool({ name: 'text', input: z.object({ n: z.number().int().default(1) }), execute: ({ n }) => `n=${n}` }),
    tool({ name: 'nothing', input: z.object({}), execute: () => undefined }),
    tool({ name: 'secret', input: z.object({}), secrets: ['a'], execute: (_, { secrets }) => secrets.get('toString') }),
    tool({
      name: 'forged',
      input: z.object({}),
      execute() {
        throw new OpenClawError('THREAD_LOST', 'not so');
      },
    }),
    tool({
      name: 'odd',
      input: z.object({}),
      execute: () =>
        Promise.reject({
          toString: () => {
            throw new Error('again');
          },
        }),
    }),
    tool({ name: 'big', input: z.object({}), execute: () => ({ n: 1n }) }),
  ],
});

function job(name: string, text = '{}'): Job {
  return { kind: 'tool', tool: name, arguments: text, key: 'key', run: facts, secrets: { a: 'x' } };
}

test.each([
  ['text', '{"n":4}', { t: 'done', value: '"n=4"' }],
  ['text', '', { t: 'done', value: '"n=1"' }],
  ['nothing', '{}', { t: 'done', value: '"null"' }],
  ['text', '{"n":', { t: 'failed', error: { code: 'TOOL_FAILED', message: expect.stringContaining('cannot take these arguments') } }],
  ['text', '{"n":"x"}', { t: 'failed', error: { code: 'TOOL_FAILED', message: expect.stringContaining('at n') } }],
  ['text', 'null', { t: 'failed', error: { code: 'TOOL_FAILED' } }],
  ['none', '{}', { t: 'failed', error: { code: 'TOOL_FAILED', message: expect.stringContaining('It has text, nothing') } }],
  ['secret', '{}', { t: 'failed', error: { code: 'TOOL_FAILED', message: expect.stringContaining('Name it in its secrets') } }],
  ['forged', '{}', { t: 'failed', error: { code: 'TOOL_FAILED', message: 'Tool forged failed: not so' } }],
  ['odd', '{}', { t: 'failed', error: { code: 'TOOL_FAILED', message: expect.stringContaining('something that cannot be shown') } }],
  ['big', '{}', { t: 'failed', error: { code: 'TOOL_FAILED', message: expect.stringContaining('BigInt') } }],
])('tool %s with %s', async (name, text, end) => {
  using thread = await openThread(definition, createManualClock());
  await thread.call(job(name, text));
  expect(thread.end()).toMatchObject(end);
});

test.each([
  [() => true, { t: 'done', value: '1' }],
  [(answer: string) => Promise.resolve(answer.length / 10), { t: 'done', value: '0.3' }],
  [(_: string, { query }: { query: string }) => query === 'q', { t: 'done', value: '1' }],
  [() => 7, { t: 'failed', error: { code: 'TOOL_FAILED', message: expect.stringContaining('a number from 0 to 1') } }],
  [() => 'yes' as never, { t: 'failed', error: { code: 'TOOL_FAILED' } }],
  [() => Promise.reject(new Error('broken')), { t: 'failed', error: { code: 'TOOL_FAILED', message: 'The check failed: broken' } }],
])('a check of answers, %s', async (check, end) => {
  using thread = await openThread(defineAgent({ name: 'tested', check }), createManualClock());
  await thread.call(job(CHECK, JSON.stringify({ query: 'q', answer: 'abc' })));
  expect(thread.end()).toMatchObject(end);
});

test('an agent without a check has no such tool', async () => {
  using thread = await openThread(definition, createManualClock());
  await thread.call(job(CHECK, '{}'));
  expect(thread.end()).toMatchObject({ t: 'failed', error: { code: 'TOOL_FAILED' } });
});

test.each([
  [{}, 'has no default export'],
  [{ default: { name: 'x' } }, 'has a default export that defineAgent did not make'],
])('a module with %j is refused', async (module, words) => {
  await expect(createModules(() => Promise.resolve(module)).load('a', 'file:///a.ts')).rejects.toMatchObject({
    code: 'BAD_CONFIG',
    message: expect.stringContaining(`The module file:///a.ts ${words}`),
  });
});

test('a module that throws or cannot be parsed is refused with the place', async () => {
  const load = (code: string): Promise<unknown> =>
    createModules((url) => import(url)).load('a', `data:text/javascript,${encodeURIComponent(code)}`);
  await expect(load('throw new Error("at once")')).rejects.toMatchObject({
    code: 'BAD_CONFIG',
    message: expect.stringContaining('at once'),
  });
  await expect(load('let = 1')).rejects.toMatchObject({ code: 'BAD_CONFIG', message: expect.stringContaining('cannot be imported') });
  await expect(createModules((url) => import(url)).load('a', 'file:///nowhere/agent.ts')).rejects.toMatchObject({ code: 'BAD_CONFIG' });
});

test('a definition of another copy of the package is taken', async () => {
  const other = Object.defineProperty({ ...definition }, Symbol.for('openclaw-runtime.agent'), { value: true });
  using thread = await openThread(other, createManualClock());
  expect(thread.ups()).toMatchObject([{ t: 'loaded', agent: 'tested' }]);
});

test('a call that is aborted before it begins does not begin', async () => {
  using thread = await openThread(definition, createManualClock());
  await thread.take(
    { t: 'call', id: 1, agent: 'tested', job: job('text') },
    { t: 'abort', id: 1, reason: { code: 'CANCELLED', message: 'stop' } },
  );
  expect(thread.end()).toMatchObject({ t: 'failed', error: { code: 'CANCELLED' } });
});

test('a call of an agent that was never loaded fails', async () => {
  using thread = await openThread(definition, createManualClock());
  await thread.take({ t: 'call', id: 9, agent: 'other', job: job('text') });
  expect(thread.end(9)).toMatchObject({ t: 'failed', error: { code: 'INTERNAL' } });
});

test('a rejection that a call which has ended left behind ends no thread', async () => {
  const gate = Promise.withResolvers<void>();
  const verdicts: boolean[] = [];
  const late = defineAgent({
    name: 'late',
    operations: {
      go() {
        void gate.promise.then(() =>
          verdicts.push(thread.side.crashed(new Error('late'), 'rejection'), thread.side.crashed(new Error('late'), 'exception')),
        );
      },
    },
  });
  using thread = await openThread(late, createManualClock());
  await thread.operate();
  expect(thread.end()).toMatchObject({ t: 'done' });
  gate.resolve();
  await settle();
  expect(verdicts).toEqual([false, true]);
});
