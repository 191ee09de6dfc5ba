import { type ChildAnswer, decodeState } from '@openclaw-runtime/agent';
import type { Payloads, RunRecord } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
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
