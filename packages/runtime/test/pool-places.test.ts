import type { CodedAgent } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import type { Loss, ThreadPoolOptions } from '../src/pool/options.ts';
import { createThreadPool } from '../src/pool/thread-pool.ts';
import type { AgentThreads } from '../src/pool/threads.ts';
import { createFakeClock, type FakeClock } from './pool-clock.ts';
import { type FakeThread, fakeAgent, fakeThreads } from './pool-fake.ts';
import { failure, forever, operationCall, toolCall } from './pool-rig.ts';

interface Stage {
  readonly clock: FakeClock;
  readonly pool: AgentThreads;
  readonly threads: readonly FakeThread[];
  readonly lost: Loss[];
  readonly stuck: Loss[];
  beat(): void;
}

function stage(options: Partial<ThreadPoolOptions> = {}): Stage {
  const clock = createFakeClock();
  const { spawn, threads, beat } = fakeThreads();
  const lost: Loss[] = [];
  const stuck: Loss[] = [];
  const pool = createThreadPool({ spawn, clock, onLost: (loss) => lost.push(loss), onStuck: (loss) => stuck.push(loss), ...options });
  return { clock, pool, threads, lost, stuck, beat };
}

/** Lets promises run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const agent = fakeAgent('a');
const call = (pool: AgentThreads, who: CodedAgent, tenant = 't', signal = forever): Promise<string | undefined> =>
  pool.call(toolCall(who, 'tool', {}, tenant), signal);

test('no thread before the first call, and a spare after it', async () => {
  const { pool, threads } = stage();
  expect(pool.status.threads).toBe(0);
  const one = call(pool, agent);
  await turn();
  expect(threads).toHaveLength(2);
  expect(threads[0]?.calls).toEqual([1]);
  threads[0]?.done(1, '"x"');
  expect(await one).toBe('"x"');
});

test('a spare that went is replaced a while later, without anybody’s call', async () => {
  const { pool, threads, clock, beat } = stage();
  void call(pool, agent);
  await turn();
  threads[1]?.listener.ended({ how: 'exit', message: 'it exited with code 1' });
  expect(threads).toHaveLength(2);
  for (let ms = 0; ms < 11_000; ms += 250) {
    beat();
    clock.advance(250);
  }
  expect(threads).toHaveLength(3);
  expect(pool.status).toMatchObject({ threads: 2, calls: 1 });
});

test('a full thread takes no more; those that wait take turns by tenant', async () => {
  const { pool, threads } = stage({ maxThreads: 1, callsPerThread: 1, maxQueued: 4 });
  const order: string[] = [];
  const calls = ['a', 'a', 'a', 'b', 'c'].map((tenant, i) => call(pool, agent, tenant).then(() => order.push(`${tenant}${i}`)));
  await turn();
  expect(pool.status).toMatchObject({ threads: 1, calls: 1, queued: 4 });
  expect(await failure(call(pool, agent, 'd'))).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 1_000 });
  for (let i = 0; i < 5; i++) {
    const id = threads[0]?.calls[0];
    threads[0]?.done(id as number);
    await turn();
  }
  await Promise.all(calls);
  expect(order).toEqual(['a0', 'a1', 'b3', 'c4', 'a2']);
});

test('a call that gives up while it waits leaves no gap', async () => {
  const { pool, threads } = stage({ maxThreads: 1, callsPerThread: 1 });
  const first = call(pool, agent);
  const stop = new AbortController();
  const second = failure(call(pool, agent, 't', stop.signal));
  const third = call(pool, agent);
  await turn();
  const reason = new OpenClawError('CANCELLED', 'not wanted');
  stop.abort(reason);
  expect(await second).toBe(reason);
  threads[0]?.done(1);
  await turn();
  threads[0]?.done(3);
  await Promise.all([first, third]);
  expect(pool.status).toMatchObject({ calls: 0, queued: 0 });
});

test('a call that waits for another run takes no place', async () => {
  const { pool, threads } = stage({ maxThreads: 1, callsPerThread: 1 });
  const answer = Promise.withResolvers<string>();
  const parent = pool.call(
    operationCall(agent, 'work', undefined, () => answer.promise),
    forever,
  );
  await turn();
  const child = call(pool, agent);
  await turn();
  expect(threads[0]?.calls).toEqual([1]);
  threads[0]?.listener.heard([{ t: 'ask', id: 1, n: 1, request: { do: 'run', name: 'c', n: 0, child: { agent: 'a', input: '' } } }]);
  await turn();
  expect(threads[0]?.calls).toEqual([1, 2]);
  threads[0]?.done(2);
  await child;
  answer.resolve('"yes"');
  await turn();
  expect(threads[0]?.told.at(-1)).toEqual({ t: 'answer', id: 1, n: 1, value: '"yes"' });
  threads[0]?.done(1);
  await parent;
});

test('a dedicated agent is alone in its thread, one call at a time', async () => {
  const { pool, threads } = stage({ maxThreads: 2 });
  const alone = fakeAgent('alone', { dedicated: true });
  const calls = [call(pool, alone), call(pool, alone), call(pool, agent)];
  await turn();
  expect(threads.map(({ calls }) => calls.length)).toEqual([1, 1]);
  expect(pool.status.queued).toBe(1);
  for (const thread of threads) thread.done(thread.calls[0] as number);
  await turn();
  for (const thread of threads) for (const id of thread.calls) thread.done(id);
  await Promise.all(calls);
});

test('a greater heap gets a thread of its own, in the place of one that rests', async () => {
  const { pool, threads } = stage({ maxThreads: 1 });
  const one = call(pool, agent);
  await turn();
  threads[0]?.done(1);
  await one;
  const big = call(pool, fakeAgent('big', { maxHeapMiB: 2_048 }));
  await turn();
  expect(threads[0]?.state.ending).toBe(true);
  expect(threads[1]?.order.heapMiB).toBe(2_048);
  threads[1]?.done(2);
  await big;
});

test('threads that rest end after a minute, but for one', async () => {
  const { pool, threads, clock, beat } = stage({ maxThreads: 3, callsPerThread: 1 });
  const calls = [call(pool, agent), call(pool, agent), call(pool, agent)];
  await turn();
  expect(pool.status).toMatchObject({ threads: 3, active: 3 });
  for (const thread of threads) thread.done(thread.calls[0] as number);
  await Promise.all(calls);
  for (let ms = 0; ms <= 61_000; ms += 250) {
    clock.advance(250);
    beat();
  }
  await turn();
  expect(pool.status).toMatchObject({ threads: 1, lost: {} });
});

test('a thread that does not move: its call is aborted, then it is ended; others are told that it was not their fault', async () => {
  const { pool, threads, clock, lost } = stage({ maxThreads: 1 });
  const [culprit, other] = [failure(call(pool, agent)), failure(call(pool, agent))];
  await turn();
  const [thread] = threads;
  if (thread) thread.state.current = 1;
  clock.advance(250);
  expect(thread?.told.some(({ t }) => t === 'abort')).toBe(false);
  clock.advance(500);
  await turn();
  expect(thread?.told.at(-1)).toMatchObject({ t: 'abort', id: 1, reason: { code: 'AGENT_HUNG' } });
  expect(thread?.state.ending).toBe(false);
  clock.advance(250);
  expect(thread?.state.ending).toBe(true);
  expect(await culprit).toMatchObject({ code: 'AGENT_HUNG' });
  expect(await other).toMatchObject({ code: 'THREAD_LOST' });
  expect(lost).toMatchObject([{ code: 'AGENT_HUNG', agent: 'a', neighbours: 1 }]);
  expect(pool.status.lost).toEqual({ AGENT_HUNG: 1 });
});

test('after the process was stopped for a minute nobody is taken for hung', async () => {
  const { pool, threads, clock, beat, lost } = stage({ maxThreads: 1 });
  const one = pool.call(
    operationCall(agent, 'work', undefined, () => Promise.resolve(undefined)),
    forever,
  );
  await turn();
  const [thread] = threads;
  if (thread) thread.state.current = 1;
  clock.advance(250);
  beat();
  clock.leap(60_000);
  await turn();
  expect(thread?.told.some(({ t }) => t === 'abort')).toBe(false);
  beat();
  clock.advance(500);
  thread?.done(1);
  await one;
  expect(lost).toEqual([]);
});

test.each([
  [true, {}],
  [false, { CANCELLED: 1 }],
])('a cancelled call that ends in time (%s) keeps its thread; another loses it', async (inTime, lost) => {
  const { pool, threads, clock, beat } = stage({ maxThreads: 1 });
  const stop = new AbortController();
  const cancelled = failure(call(pool, agent, 't', stop.signal));
  const other = call(pool, agent).catch((error: unknown) => error);
  await turn();
  const reason = new OpenClawError('CANCELLED', 'not wanted');
  stop.abort(reason);
  await turn();
  expect(threads[0]?.told.at(-1)).toEqual({ t: 'abort', id: 1, reason: reason.toBody() });
  if (inTime) threads[0]?.done(1, '"too late"');
  for (let ms = 0; ms < 1_000; ms += 100) {
    clock.advance(100);
    beat();
  }
  expect(await cancelled).toBe(reason);
  expect(pool.status.lost).toEqual(lost);
  if (inTime) threads[0]?.done(2, '"kept"');
  expect(await other).toEqual(inTime ? '"kept"' : expect.objectContaining({ code: 'THREAD_LOST' }));
});

test('a result that comes after the time limit is taken, if it comes before the thread ends', async () => {
  const { pool, threads, clock, beat } = stage({ maxThreads: 1 });
  const one = call(pool, agent);
  await turn();
  for (let ms = 0; ms < 60_000; ms += 250) {
    clock.advance(250);
    beat();
  }
  await turn();
  expect(threads[0]?.told.at(-1)).toMatchObject({ t: 'abort', reason: { code: 'TOOL_TIMEOUT' } });
  threads[0]?.done(1, '"at last"');
  expect(await one).toBe('"at last"');
});

test('a module in a folder that no thread may read gets a thread that may', async () => {
  const { pool, threads } = stage({ modules: ['file:///agents/a.js'] });
  const calls = [call(pool, agent), call(pool, { ...fakeAgent('b'), module: 'file:///elsewhere/b.js' })];
  await turn();
  expect(threads.map(({ order: { folders } }) => folders)).toEqual([
    ['file:///agents/'],
    ['file:///agents/'],
    ['file:///agents/', 'file:///elsewhere/'],
  ]);
  for (const thread of threads) for (const id of thread.calls) thread.done(id);
  await Promise.all(calls);
});

test('a thread that does not end keeps no place; as many again may be given up, no more', async () => {
  const { pool, threads, clock, stuck } = stage({ maxThreads: 1 });
  const hang = async (): Promise<void> => {
    const hung = failure(call(pool, agent));
    await turn();
    const thread = threads.at(-1) as FakeThread;
    Object.assign(thread.state, { current: thread.calls[0], ends: false });
    clock.advance(2_000);
    expect(await hung).toMatchObject({ code: 'AGENT_HUNG' });
    await turn();
  };
  await hang();
  await hang();
  expect(stuck).toHaveLength(2);
  expect(pool.status.threads).toBe(2);
  const waiting = call(pool, agent);
  await turn();
  expect(pool.status.queued).toBe(1);
  threads[0]?.listener.ended({ how: 'exit', message: 'at last' });
  await turn();
  expect(pool.status).toMatchObject({ queued: 0, calls: 1 });
  threads.at(-1)?.done(3);
  await waiting;
});

test('closing ends all threads; what runs is lost, what waits and what comes is told to come again', async () => {
  const { pool } = stage({ maxThreads: 1, callsPerThread: 1 });
  const calls = [failure(call(pool, agent)), failure(call(pool, agent))];
  await turn();
  await pool.close();
  expect((await Promise.all(calls)).map(({ code }) => code)).toEqual(['THREAD_LOST', 'SHUTTING_DOWN']);
  expect(await failure(call(pool, agent))).toMatchObject({ code: 'SHUTTING_DOWN' });
  expect(pool.status).toMatchObject({ threads: 0, lost: {} });
});

test('a call that needs a larger heap waits without holding up the rest', async () => {
  const { pool, threads } = stage({ maxThreads: 1 });
  const never = (): Promise<never> => new Promise(() => undefined);
  const work = pool.call(operationCall(agent, 'work', undefined, never), forever);
  await turn();
  const large = call(pool, fakeAgent('large', { maxHeapMiB: 2_048 }));
  const small = call(pool, agent);
  await turn();
  expect(threads.map(({ calls }) => calls)).toEqual([[1, 3]]);
  threads[0]?.done(3);
  threads[0]?.done(1);
  await Promise.all([work, small]);
  await turn();
  expect(threads.at(-1)).toMatchObject({ order: { heapMiB: 2_048 }, calls: [2] });
  threads.at(-1)?.done(2);
  await large;
});

test('a call that waits for another run leaves room for what that needs', async () => {
  const { pool, threads } = stage({ maxThreads: 1 });
  let child: Promise<string | undefined> | undefined;
  const lone = fakeAgent('lone', { dedicated: true });
  const parent = pool.call(
    operationCall(agent, 'work', undefined, () => {
      child = call(pool, lone);
      return child;
    }),
    forever,
  );
  await turn();
  threads[0]?.listener.heard([{ t: 'ask', id: 1, n: 1, request: { do: 'run', name: 'x', n: 0, child: { agent: 'lone', input: '' } } }]);
  await turn();
  const other = threads.find(({ calls }) => calls.includes(2));
  expect(other).toBeDefined();
  other?.done(2);
  await child;
  threads[0]?.done(1);
  await parent;
});

test('a thread that is lost while a module is imported fails the calls that wait for that module', async () => {
  const { spawn } = fakeThreads();
  const { pool } = stage({
    maxThreads: 1,
    spawn(order, listener) {
      const thread = spawn(order, listener);
      return { ...thread, post: () => queueMicrotask(() => listener.ended({ how: 'exit', message: 'it exited with code 1' })) };
    },
  });
  const error = await failure(
    pool.call(
      operationCall(agent, 'work', undefined, () => Promise.resolve(undefined)),
      forever,
    ),
  );
  expect(error).toMatchObject({ code: 'BAD_CONFIG' });
  expect(error.message).toMatch(/file:\/\/\/agents\/a\.js took its thread down while it was imported/);
});
