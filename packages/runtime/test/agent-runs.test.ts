// Runs of an agent with code in real threads.
import { decodeState } from '@openclaw-runtime/agent';
import { systemClock } from '@openclaw-runtime/kit';
import type { Payloads, RunRecord } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { createThreadPool, createWorkers, type RuntimeOptions } from '../src/index.ts';
import { type Act, foldOf, openTestHouse, said } from './house.ts';

const MODULE = import.meta.resolve('./fixtures/working-agent.ts');
const dataOf = <K extends RunRecord['kind']>(records: readonly RunRecord[], kind: K): Payloads[K][] =>
  records.filter((record) => record.kind === kind).map((record) => record.data as Payloads[K]);
const echo: Act = (request, sink) => {
  sink.text(`re: ${request.messages.at(-1)?.content}`);
  return said;
};

/** Losses that are the code's own doing: a start may also come to a thread that is about to end. */
const ownLosses = (records: readonly RunRecord[]): number =>
  dataOf(records, 'thread.lost').filter(({ error }) => error.code === 'AGENT_CRASHED').length;

interface Working extends AsyncDisposable {
  readonly runtime: Partial<RuntimeOptions>;
}

async function openWorking(): Promise<Working> {
  const threads = createThreadPool({ spawn: createWorkers(), clock: systemClock, modules: [MODULE], maxThreads: 2 });
  const card = await threads.describe('working', MODULE);
  const agents = [{ name: 'working', module: MODULE, card }, { name: 'default' }];
  // Four losses count as quick ones however slowly threads start here.
  const clock = { ...systemClock, now: () => systemClock.now() / 10 };
  return { runtime: { threads, agents, clock }, [Symbol.asyncDispose]: () => threads.close() };
}

test('a tool is called in a thread; one that ends its thread is tried again, then told to the model', { timeout: 60_000 }, async () => {
  await using working = await openWorking();
  const toolCalls = [
    { id: 'a', name: 'add', arguments: '{"a":1,"b":2}' },
    { id: 'b', name: 'add', arguments: '{"a":"x"}' },
  ];
  const exit = [{ id: 'c', name: 'exit', arguments: '' }];
  const acts: Act[] = [
    () => ({ ...said, finish: 'tool_calls', toolCalls }),
    () => ({ ...said, finish: 'tool_calls', toolCalls: exit }),
    echo,
  ];
  await using house = await openTestHouse(acts, working);
  const records = await house.ended(await house.run('hi', { agent: 'working' }));
  const results = dataOf(records, 'tool.result').sort((a, b) => a.id.localeCompare(b.id));
  expect(results).toMatchObject([
    { id: 'a', content: '{"sum":3}' },
    { id: 'b', error: { code: 'TOOL_FAILED' } },
    { id: 'c', error: { code: 'AGENT_CRASHED' } },
  ]);
  expect(ownLosses(records)).toBe(3);
  expect(new Set(dataOf(records, 'tool.started').flatMap(({ id, key }) => (id === 'c' ? [key] : []))).size).toBe(1);
  expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
  expect(house.defects).toEqual([]);
});

test('an operation goes on over the loss of its thread from its last checkpoint, and ends as if nothing had been', {
  timeout: 60_000,
}, async () => {
  await using working = await openWorking();
  let crashes = 0;
  const act: Act = (request, sink, signal) => {
    if (request.messages.at(-1)?.content !== 'crash?') return echo(request, sink, signal);
    sink.text('yes');
    return { ...said, finish: ++crashes > 0 ? 'stop' : 'length' };
  };
  await using house = await openTestHouse([act], working);
  const records = await house.ended(await house.run('hi', { agent: 'working', operation: 'count', args: { to: 3 } }));
  const [end] = dataOf(records, 'run.finished');
  expect(decodeState((end as { readonly value: string }).value)).toEqual({ at: 3, sum: 3n * 6n, shown: 're: shown' });
  expect(dataOf(records, 'event').map(({ data }) => data)).toEqual([0, 1, 2]);
  expect(foldOf(records).steps.map(({ text }) => text)).toEqual(['re: shown']);

  const crashing = await house.ended(await house.run('again', { agent: 'working', operation: 'count', args: { to: 3, crashAt: 1 } }));
  expect(crashing.at(-1)?.data).toMatchObject({ status: 'failed', error: { code: 'AGENT_CRASHED' } });
  expect(crashes).toBe(1);
  expect(ownLosses(crashing)).toBe(3);
  expect(dataOf(crashing, 'event').map(({ data }) => data)).toEqual([0, 1]);
  expect(dataOf(crashing, 'child.started')).toHaveLength(2);
});

test('an operation that holds its thread ends as AGENT_HUNG, after three more starts', { timeout: 60_000 }, async () => {
  await using working = await openWorking();
  await using house = await openTestHouse([echo], working);
  const records = await house.ended(await house.run('hi', { agent: 'working', operation: 'hang' }));
  expect(records.at(-1)?.data).toMatchObject({ status: 'failed', error: { code: 'AGENT_HUNG' } });
  expect(dataOf(records, 'thread.lost').map(({ error }) => error.code)).toEqual(['AGENT_HUNG', 'AGENT_HUNG', 'AGENT_HUNG']);
});
