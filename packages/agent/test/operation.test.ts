import { OpenClawError } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { type AgentOptions, defineAgent, encodeState, type OperationContext, type Operations } from '../src/index.ts';
import { createManualClock, settle } from './fixtures/manual-clock.ts';
import { openThread } from './fixtures/thread.ts';

type State = { readonly done: string[] };
type Go = (ctx: OperationContext<State>, args: unknown) => unknown;

function open(go: Go, more: Partial<AgentOptions<State, Operations<State>>> = {}, clock = createManualClock()) {
  return openThread(defineAgent({ name: 'tested', state: (): State => ({ done: [] }), operations: { go }, ...more }), clock);
}

test('a step is done once, told, and answered when it is durable', async () => {
  using thread = await open(async (ctx) => [await ctx.step('a', () => 'first'), await ctx.step('a', () => 'second')]);
  await thread.operate();
  expect(thread.asks()).toEqual([{ do: 'done', name: 'a', n: 0, ms: 0, value: '"first"' }]);
  await thread.answer(1);
  expect(thread.asks()[1]).toMatchObject({ n: 1, value: '"second"' });
  await thread.answer(2);
  expect(thread.end()).toEqual({ t: 'done', id: 1, value: '["first","second"]' });
});

test('known pieces are answered, and nothing is asked for them', async () => {
  const ran: string[] = [];
  using thread = await open(async (ctx) => {
    const a = await ctx.step('a', () => void ran.push('a'));
    const said = await ctx.model.stream('hi');
    const failed = await ctx.step('b', () => void ran.push('b')).catch((error: unknown) => (error as Error).message);
    const other = await ctx.run('other', 'do');
    return [a, said.text, failed, other.status, await ctx.step('c', () => ran.push('c'))];
  });
  await thread.operate({
    pieces: [
      { what: 'step', name: 'a', n: 0, value: '7' },
      { what: 'stream', name: 'whatever', n: 0, value: '{"text":"hello"}' },
      { what: 'step', name: 'b', n: 0, error: { code: 'AGENT_FAILED', message: 'Step b failed: no' } },
      { what: 'run', name: 'other', n: 0, value: '{"status":"failed"}' },
    ],
  });
  expect(thread.asks()).toMatchObject([{ do: 'done', name: 'c', n: 0 }]);
  await thread.answer(1);
  expect(thread.end()).toMatchObject({ value: encodeState([7, 'hello', 'Step b failed: no', 'failed', 1]) });
  expect(ran).toEqual(['c']);
});

test('what a step throws is kept, and is the same error as in the next life', async () => {
  const told: unknown[] = [];
  const go: Go = async (ctx) => {
    await ctx
      .step('a', () => Promise.reject(new TypeError('no')))
      .catch((error: unknown) => told.push({ ...(error as object), message: (error as Error).message }));
  };
  using first = await open(go);
  await first.operate();
  const [asked] = first.asks();
  expect(asked).toMatchObject({ do: 'done', error: { code: 'AGENT_FAILED', message: 'Step a failed: no' } });
  await first.answer(1);
  using second = await open(go);
  await second.operate({ pieces: [{ what: 'step', name: 'a', n: 0, error: { code: 'AGENT_FAILED', message: 'Step a failed: no' } }] });
  expect(told).toHaveLength(2);
  expect(told[0]).toEqual(told[1]);
});

test('what raced then races alike: pieces are answered in the order of the log', async () => {
  using thread = await open(async (ctx) => await Promise.race([ctx.step('a', () => 'a'), ctx.step('b', () => 'b')]));
  await thread.operate({
    pieces: [
      { what: 'step', name: 'b', n: 0, value: '"b"' },
      { what: 'step', name: 'a', n: 0, value: '"a"' },
    ],
  });
  expect(thread.end()).toMatchObject({ t: 'done', value: '"b"' });
});

test('a new piece waits until all known ones were asked for', async () => {
  const gate = Promise.withResolvers<void>();
  using thread = await open((ctx) => Promise.all([ctx.step('new', () => 1), gate.promise.then(() => ctx.step('known', () => 2))]));
  await thread.operate({ pieces: [{ what: 'step', name: 'known', n: 0, value: '3' }] });
  expect(thread.asks()).toEqual([]);
  gate.resolve();
  await settle();
  expect(thread.asks()).toMatchObject([{ do: 'done', name: 'new' }]);
  await thread.answer(1);
  expect(thread.end()).toMatchObject({ value: '[1,3]' });
});

test('another piece than before: NONDETERMINISTIC after a second, naming both', async () => {
  const clock = createManualClock();
  using thread = await open((ctx) => ctx.step('new', () => 1), {}, clock);
  await thread.operate({ pieces: [{ what: 'step', name: 'old', n: 0, value: '3' }] });
  await clock.pass(999);
  expect(thread.end()).toBeUndefined();
  await clock.pass(1);
  expect(thread.end()).toMatchObject({
    t: 'failed',
    error: { code: 'NONDETERMINISTIC', message: expect.stringMatching(/step "new" .*step "old"/) },
  });
  expect(thread.asks()).toEqual([]);
});

test('while something of the operation is pending, nothing is missed', async () => {
  const clock = createManualClock();
  using thread = await open(
    (ctx) => Promise.all([ctx.step('new', () => 1), ctx.secrets.get('slow').then(() => ctx.step('old', () => 2))]),
    {},
    clock,
  );
  await thread.operate({ pieces: [{ what: 'step', name: 'old', n: 0, value: '3' }] });
  await clock.pass(5000);
  expect(thread.end()).toBeUndefined();
  await thread.answer(1, '"secret"');
  await thread.answer(2);
  expect(thread.end()).toMatchObject({ t: 'done', value: '[1,3]' });
});

test('pieces logged in another order than they can be asked for are answered all the same', async () => {
  const clock = createManualClock();
  using thread = await open(async (ctx) => [await ctx.step('a', () => 0), await ctx.step('b', () => 0)], {}, clock);
  await thread.operate({
    pieces: [
      { what: 'step', name: 'b', n: 0, value: '2' },
      { what: 'step', name: 'a', n: 0, value: '1' },
    ],
  });
  expect(thread.end()).toBeUndefined();
  await clock.pass(1000);
  expect(thread.end()).toMatchObject({ t: 'done', value: '[1,2]' });
});

test.each<[string, Go]>([
  ['at a checkpoint', (ctx) => ctx.checkpoint()],
  ['at its end', () => 'done'],
  ['at an error', () => Promise.reject(new Error('early'))],
])('a known piece that was not asked for: NONDETERMINISTIC %s', async (_, go) => {
  using thread = await open(go);
  await thread.operate({ pieces: [{ what: 'step', name: 'old', n: 0 }] });
  expect(thread.end()).toMatchObject({ t: 'failed', error: { code: 'NONDETERMINISTIC' } });
});

test('a checkpoint saves the state, and pieces count from there', async () => {
  using thread = await open(async (ctx) => {
    await ctx.step('a', () => 1);
    ctx.state.done.push('a');
    const saved = ctx.checkpoint();
    const after = ctx.step('a', () => 2);
    await saved;
    return await after;
  });
  await thread.operate();
  await thread.answer(1);
  expect(thread.asks()[1]).toEqual({ do: 'checkpoint', version: 1, state: '{"done":["a"]}' });
  expect(thread.asks()).toHaveLength(2);
  await thread.answer(2);
  expect(thread.asks()[2]).toMatchObject({ do: 'done', name: 'a', n: 0, value: '2' });
  await thread.answer(3);
  expect(thread.end()).toMatchObject({ value: '2' });
});

test('with an interval, only checkpoints that are due are sent', async () => {
  const clock = createManualClock();
  using thread = await open(
    async (ctx) => {
      for (let i = 0; i < 4; i++) {
        await ctx.step('a', () => i);
        await ctx.checkpoint();
      }
    },
    { snapshotIntervalMs: 100 },
    clock,
  );
  await thread.operate({ pieces: [{ what: 'step', name: 'a', n: 0 }] });
  expect(thread.asks()).toMatchObject([{ do: 'done', n: 1 }]);
  await clock.pass(100);
  await thread.answer(1);
  expect(thread.asks()).toMatchObject([{ n: 1 }, { do: 'checkpoint' }]);
  await thread.answer(2);
  await thread.answer(3);
  expect(thread.asks().map(({ do: what }) => what)).toEqual(['done', 'checkpoint', 'done', 'done']);
});

test('the interval that the run names stands before the module’s own', async () => {
  using thread = await open((ctx) => ctx.checkpoint(), { snapshotIntervalMs: 100 });
  await thread.operate({ snapshotIntervalMs: 0 });
  expect(thread.asks()).toMatchObject([{ do: 'checkpoint' }]);
});

test('no checkpoint while a piece is under way, no piece inside of a step', async () => {
  const words = async (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => (error as Error).message);
  using thread = await open(async (ctx) => {
    const slow = ctx.model.generate('x', { name: 'slow' });
    const early = await words(ctx.checkpoint());
    await slow;
    return [early, await words(ctx.step('outer', () => ctx.step('inner', () => 1)))];
  });
  await thread.operate();
  await thread.answer(1, '{"text":""}');
  await thread.answer(2);
  expect(thread.end()).toMatchObject({
    value: encodeState([
      'ctx.checkpoint() was called while generate "slow" (number 1) was under way. Await that first.',
      'Step outer failed: The operation asked for step "inner" inside of step "outer". Ask for it outside: each is kept by itself.',
    ]),
  });
});

test('each ask travels as the port has it', async () => {
  using thread = await open(async (ctx) => {
    await Promise.all([
      ctx.model.stream([{ role: 'user', content: 'a' }]),
      ctx.model.stream({ messages: [], model: 'm' }),
      ctx.model.generate('b'),
      ctx.ask('Shall I?', { timeoutMs: 5 }),
      ctx.run('coder', 'write', { name: 'first', args: { x: 1 } }),
      ctx.emit('progress', { share: 0.5, at: new Date(0) }),
      ctx.secrets.get('token'),
    ]);
  });
  await thread.operate();
  expect(thread.asks()).toEqual([
    { do: 'stream', n: 0, call: { messages: [{ role: 'user', content: 'a' }] } },
    { do: 'stream', n: 1, call: { messages: [], model: 'm' } },
    { do: 'generate', name: 'generate', n: 0, call: { messages: [{ role: 'user', content: 'b' }] } },
    { do: 'person', name: 'ask', n: 0, text: 'Shall I?', timeoutMs: 5 },
    { do: 'run', name: 'first', n: 0, child: { agent: 'coder', input: 'write', args: { x: 1 } } },
    { do: 'emit', name: 'progress', data: '{"share":0.5,"at":{"$":["date",0]}}' },
    { do: 'secret', name: 'token' },
  ]);
  expect(thread.batches).toHaveLength(2);
});

test('while a person is asked, the run hears of the steps that go on beside', async () => {
  const gate = Promise.withResolvers<void>();
  using thread = await open(async (ctx) => {
    const beside = ctx.step('beside', () => gate.promise);
    const asked = ctx.ask('Shall I?');
    await ctx.step('meanwhile', () => 1);
    await asked;
    await ctx.step('after', () => 2);
    await beside;
  });
  await thread.operate();
  const [first, second, third] = thread.asks();
  expect([first, second]).toEqual([{ do: 'person', name: 'ask', n: 0, text: 'Shall I?', steps: 1 }, { do: 'begun' }]);
  expect(third).toMatchObject({ do: 'done', name: 'meanwhile' });
  await thread.answer(1, encodeState({ allowed: true }));
  await thread.answer(2);
  await thread.answer(3);
  expect(thread.asks().map((ask) => ask.do)).toEqual(['person', 'begun', 'done', 'done']);
  gate.resolve();
});

test('an event inside of a step says so', async () => {
  using thread = await open(async (ctx) => {
    await ctx.step('train', () => ctx.emit('epoch', 1));
    await ctx.emit('epoch', 2);
  });
  await thread.operate();
  await thread.answer(1);
  await thread.answer(2);
  expect(thread.asks().filter(({ do: what }) => what === 'emit')).toEqual([
    { do: 'emit', name: 'epoch', data: '1', step: 'train' },
    { do: 'emit', name: 'epoch', data: '2' },
  ]);
});

test('an abort reaches the signal and every promise; the reason is the end', async () => {
  const seen: unknown[] = [];
  using thread = await open(async (ctx) => {
    ctx.signal.addEventListener('abort', () => seen.push((ctx.signal.reason as { code: string }).code));
    await Promise.all([
      ctx.model.stream('x'),
      ctx.step('never', () => new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('mine'))))),
    ]);
  });
  await thread.operate();
  await thread.take({ t: 'abort', id: 1, reason: { code: 'CANCELLED', message: 'by its user' } });
  expect(seen).toEqual(['CANCELLED']);
  expect(thread.end()).toMatchObject({ t: 'failed', error: { code: 'CANCELLED', message: 'by its user' } });
  expect(thread.asks()).toHaveLength(1);
});

test('the run’s errors keep their code, the code’s own become AGENT_FAILED', async () => {
  using thread = await open((ctx, args) =>
    args === 'ask' ? ctx.model.stream('x') : Promise.reject(Object.assign(new Error('mine'), { code: 'THREAD_LOST' })),
  );
  await thread.operate({ args: '"ask"' });
  await thread.take({ t: 'answer', id: 1, n: 1, error: { code: 'PROVIDER_FAILED', message: 'down' } });
  expect(thread.end()).toMatchObject({ error: { code: 'PROVIDER_FAILED', message: 'down' } });
  await thread.operate({ args: '"throw"' }, 2);
  expect(thread.end(2)).toMatchObject({ error: { code: 'AGENT_FAILED', message: 'Operation go failed: mine' } });
});

test('state of another version is migrated, or refused', async () => {
  const state = { version: 1, value: '["a"]' };
  const go: Go = (ctx) => ctx.state;
  using mends = await open(go, { version: 2, migrate: (old, from) => ({ done: [...(old as string[]), `from ${from}`] }) });
  await mends.operate({ state });
  expect(mends.end()).toMatchObject({ value: '{"done":["a","from 1"]}' });
  using refuses = await open(go, { version: 2 });
  await refuses.operate({ state, pieces: [{ what: 'step', name: 'a', n: 0 }] });
  expect(refuses.end()).toMatchObject({ error: { code: 'AGENT_VERSION' } });
  using fails = await open(go, { version: 2, migrate: () => JSON.parse('{') as State });
  await fails.operate({ state });
  expect(fails.end()).toMatchObject({ error: { code: 'AGENT_VERSION', message: expect.stringContaining('its migrate failed') } });
});

test('what cannot be kept is said with its path; an unknown operation with those there are', async () => {
  using thread = await open(() => ({ model: () => 1 }));
  await thread.operate();
  expect(thread.end()).toMatchObject({ error: { code: 'AGENT_FAILED', message: expect.stringContaining('value.model is a function') } });
  await thread.operate({ operation: 'come' }, 2);
  expect(thread.end(2)).toMatchObject({ error: { code: 'NOT_FOUND', message: 'The agent has no operation come. It has: go.' } });
});

test('an event does not hold the operation up, but its end and its checkpoint', async () => {
  using thread = await open(async (ctx) => {
    await ctx.emit('a', 1);
    await ctx.step('after', () => 1);
    await ctx.checkpoint();
    await ctx.emit('b', 2);
    return 'end';
  });
  await thread.operate();
  expect(thread.asks()).toMatchObject([{ do: 'emit' }, { do: 'done' }]);
  await thread.answer(2);
  expect(thread.asks()).toHaveLength(2);
  await thread.answer(1);
  expect(thread.asks()[2]).toMatchObject({ do: 'checkpoint' });
  await thread.answer(3);
  expect(thread.end()).toBeUndefined();
  await thread.answer(4);
  expect(thread.end()).toMatchObject({ t: 'done' });
});

test('an event that cannot be told ends the operation', async () => {
  using thread = await open(async (ctx) => {
    await ctx.emit('a', 1);
    await ctx.ask('Go on?');
  });
  await thread.operate();
  await thread.take({ t: 'answer', id: 1, n: 1, error: { code: 'TOO_LARGE', message: 'too much' } });
  expect(thread.end()).toMatchObject({ t: 'failed', error: { code: 'TOO_LARGE' } });
});

test('a thousand things asked for and not awaited are too many', async () => {
  using thread = await open(async (ctx) => {
    for (let i = 0; i < 1000; i++) void ctx.emit('x', i);
    await ctx.emit('x', 'one more');
  });
  await thread.operate();
  expect(thread.end()).toMatchObject({ error: { code: 'AGENT_FAILED', message: expect.stringContaining('more than 1000') } });
});

test('what was stopped while it asked begins no further step, whatever its code makes of that', async () => {
  const effects: string[] = [];
  using thread = await open(async (ctx) => {
    const { allowed } = await ctx.ask('Deploy?').catch(() => ({ allowed: false }));
    if (!allowed) await ctx.step('refund', () => void effects.push('refunded'));
    return allowed;
  });
  await thread.operate();
  await thread.take({ t: 'abort', id: 1, reason: new OpenClawError('CANCELLED', 'Another process goes on with the run.').toBody() });
  expect(effects).toEqual([]);
  expect(thread.end()).toMatchObject({ t: 'failed', error: { code: 'CANCELLED' } });
});

test.each([0, 1, 2, 3, 4, 5, 6])('a question asked while a step comes to its end, %i turns later, counts the others', async (turns) => {
  using thread = await open(async (ctx) => {
    const job = Promise.withResolvers<number>();
    const steps = [ctx.step('job', () => job.promise), ctx.step('long', () => new Promise(() => undefined))];
    setImmediate(() => job.resolve(1));
    await job.promise;
    for (let i = 0; i < turns; i++) await Promise.resolve();
    await ctx.ask('Go on?');
    return Promise.all(steps);
  });
  await thread.operate();
  await expect.poll(() => thread.asks().map((ask) => ask.do)).toEqual(expect.arrayContaining(['done', 'person']));
  let steps = 0;
  for (const ask of thread.asks()) {
    if (ask.do === 'begun') steps++;
    if (ask.do === 'done' && steps > 0) steps--;
    if (ask.do === 'person') steps = ask.steps ?? 0;
  }
  expect(steps).toBe(1);
});
