import { type ChildAnswer, decodeState } from '@openclaw-runtime/agent';
import { encodeRecord, type Payloads, type RunRecord } from '@openclaw-runtime/protocol';
import { createMemoryStore, runKey } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { leftBehind } from './crash.ts';
import { type Act, foldOf, openTestHouse, recordsOf, said } from './house.ts';
import { type Context, coded, createThreads, toolCard } from './threads.ts';

const child = (context: Context, agent: string, more: object = {}): Promise<ChildAnswer> =>
  context.ask('run', agent, (n) => ({ do: 'run', name: agent, n, child: { agent, input: 'do', ...more } }));

const never: Act = (_request, _sink, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

const calls: Act = () => ({
  ...said,
  finish: 'tool_calls',
  toolCalls: [
    { id: 'a', name: 'verdict', arguments: '{"accept":true}' },
    { id: 'b', name: 'elsewhere', arguments: '{}' },
  ],
});

const talk: Act = (_request, sink) => {
  sink.text('Done.');
  return said;
};

function valueOf(records: readonly RunRecord[]): unknown {
  const outcome = records.at(-1)?.data as Payloads['run.finished'];
  return outcome.status === 'completed' && outcome.value !== undefined ? decodeState(outcome.value) : outcome;
}

function house(work: (context: Context) => unknown, acts: readonly Act[], asked: string[] = []) {
  const operations = { work, deeper: (context: Context) => child(context, 'judge') };
  const tools = { verdict: (job: { readonly run: { readonly workspace?: string } }) => asked.push(job.run.workspace ?? '') && 'noted' };
  const judge = coded('judge', { tools: [toolCard('verdict')] });
  const agents = [coded('worker', { operations: [{ name: 'work' }, { name: 'deeper' }] }), judge];
  const runtime = { agents, threads: createThreads({ operations, tools }), workspace: (key: string) => `/ws/${key}` };
  return openTestHouse(acts, { runtime });
}

test('a child that takes too long is cancelled, and its answer says so', async () => {
  await using at = await house((context) => child(context, 'judge', { timeoutMs: 30 }), [never]);
  const records = await at.ended(await at.run('hi', { agent: 'worker', operation: 'work', input: 'x' }));
  const answer = valueOf(records) as ChildAnswer;
  expect(answer).toMatchObject({ status: 'timed_out', error: { code: 'AGENT_HUNG', message: expect.stringContaining('30 ms') } });
  expect(foldOf(await recordsOf(at.store, runKey('t', answer.run))).outcome).toMatchObject({ status: 'cancelled' });
  expect(records.find(({ kind }) => kind === 'child.finished')?.data).toMatchObject({ status: 'timed_out' });
});

test('a child that ends in time is left alone', async () => {
  await using at = await house((context) => child(context, 'judge', { timeoutMs: 60_000 }), [talk]);
  expect(valueOf(await at.ended(await at.run('hi', { agent: 'worker', operation: 'work', input: 'x' })))).toMatchObject({
    status: 'completed',
    text: 'Done.',
  });
});

test('an answer has the calls of the tools that its agent declares, and the workspace of the run above all is that of all below', async () => {
  const workspaces: string[] = [];
  await using at = await house((context) => child(context, 'worker', { operation: 'deeper' }), [calls, talk], workspaces);
  const records = await at.ended(await at.run('hi', { agent: 'worker', operation: 'work', input: 'x' }));
  const middle = valueOf(records) as ChildAnswer;
  const answer = middle.value as ChildAnswer;
  expect(answer.calls).toEqual([{ id: 'a', name: 'verdict', arguments: '{"accept":true}' }]);
  expect(workspaces).toEqual(['/ws/t/hi']);
  const [created] = await recordsOf(at.store, runKey('t', answer.run));
  expect(created?.data).toMatchObject({ parent: { run: middle.run, depth: 2, root: 'hi' } });
});

test.each([
  ['the run is cancelled', [coded('worker', { operations: [{ name: 'work' }] })], [{ id: 'stop', kind: 'cancel' }], 'cancelled'],
  ['its agent has no such operation any more', [coded('worker', {})], [], 'failed'],
])(
  'a child whose parent’s owner died is cancelled with it when, before the next one begins, %s',
  async (_when, agents, commands, status) => {
    const [key, kid] = [runKey('t', 'left'), runKey('t', 'kid')];
    const at = Date.now();
    const left = [
      encodeRecord('run.created', 0, 0, { agent: 'worker', input: 'x', operation: 'work', at, fingerprint: 'f' }),
      encodeRecord('child.started', 0, 0, { child: 'kid', agent: 'judge', name: 'judge' }),
    ];
    const store = await leftBehind(key, left, commands);
    await store.runs.create(kid, encodeRecord('run.created', 0, 0, { agent: 'judge', input: 'x', at, fingerprint: 'k' }), 'k');
    const operations = { work: (context: Context) => child(context, 'judge') };
    const runtime = { agents: [...agents, coded('judge', {})], threads: createThreads({ operations }) };
    await using house = await openTestHouse([never], { store, runtime });
    expect((await house.ended(key)).at(-1)?.data).toMatchObject({ status });
    expect((await house.ended(kid)).at(-1)?.data).toMatchObject({ status: 'cancelled', by: 'parent left' });
  },
);

test('what a child is given is scrubbed before it is logged', async () => {
  const work = (context: Context): Promise<ChildAnswer> =>
    child(context, 'judge', { input: 'use topsecret', args: { key: ['topsecret'] } });
  const operations = { work };
  const agents = [coded('worker', { operations: [{ name: 'work' }] }), coded('judge', {})];
  const scrub = (text: string): string => text.replaceAll('topsecret', '[secret]');
  await using house = await openTestHouse([talk], { runtime: { agents, scrub, threads: createThreads({ operations }) } });
  const { run } = valueOf(await house.ended(await house.run('hi', { agent: 'worker', operation: 'work' }))) as ChildAnswer;
  const [created] = await recordsOf(house.store, runKey('t', run));
  expect(created?.data).toMatchObject({ input: 'use [secret]', args: { key: ['[secret]'] } });
});

test('a child has a place where its parent has taken the last one, also after a restart', async () => {
  const operations = { work: (context: Context) => child(context, 'judge') };
  const agents = [coded('worker', { operations: [{ name: 'work' }] }), coded('judge', {})];
  const store = createMemoryStore();
  const options = { store, limits: { maxConcurrentRuns: 1 }, runtime: { agents, threads: createThreads({ operations }) } };
  await using first = await openTestHouse([never], options);
  const keys = [await first.run('a', { agent: 'worker', operation: 'work' }), await first.run('b', { agent: 'worker', operation: 'work' })];
  await expect.poll(() => first.requests.length).toBe(1);
  await first.runtime.drain(0);
  const [left, waiting] = await Promise.all(keys.map((key) => recordsOf(store, key)));
  expect(waiting).toHaveLength(1);
  const begun = left?.find(({ kind }) => kind === 'child.started')?.data as Payloads['child.started'];

  const again = createMemoryStore();
  for (const name of ['a', begun.child, 'b']) {
    const [created] = (await recordsOf(store, runKey('t', name))).map(({ data }) => data as Payloads['run.created']);
    if (!created) throw new Error(`${name} is not there`);
    await again.runs.create(runKey('t', name), encodeRecord('run.created', 0, 0, created), created.fingerprint);
  }
  await using second = await openTestHouse([talk], { ...options, store: { ...again, runId: store.runId } });
  for (const key of keys) expect(valueOf(await second.ended(key))).toMatchObject({ status: 'completed', text: 'Done.' });
});
