import type { ModelAnswer } from '@openclaw-runtime/agent';
import { OpenClawError, type Payloads, type RunRecord, type WireRecord } from '@openclaw-runtime/protocol';
import { createMemoryStore, type Lease, runKey, type Store } from '@openclaw-runtime/store';
import { describe, expect, test } from 'vitest';
import { encodedOf, leftBehind } from './crash.ts';
import { type Act, kindsOf, openTestHouse, said, type TestHouse } from './house.ts';
import { type Context, coded, createThreads } from './threads.ts';

const stream = (context: Context, content: string, number?: number): Promise<ModelAnswer> =>
  context.ask('stream', '', (n) => ({ do: 'stream', n: number ?? n, call: { messages: [{ role: 'user', content }] } }));
const generate = (context: Context, content: string): Promise<ModelAnswer> =>
  context.ask('generate', 'g', (n) => ({ do: 'generate', name: 'g', n, call: { messages: [{ role: 'user', content }] } }));
const codeOf = (error: unknown): string => (error as OpenClawError).code;
const endOf = (records: readonly RunRecord[]): Payloads['run.finished'] => records.at(-1)?.data as Payloads['run.finished'];

const echo: Act = (request, sink) => {
  sink.text(`re: ${request.messages.at(-1)?.content}`);
  return said;
};
const spending =
  (then: 'refuse' | 'wait'): Act =>
  (_request, sink, signal) => {
    sink.text('half');
    sink.spent?.({ ...said.usage, outputTokens: 7 });
    if (then === 'refuse') throw new OpenClawError('PROVIDER_REFUSED', 'no');
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };

function house(work: (context: Context) => unknown, acts: readonly Act[], store?: Store): Promise<TestHouse> {
  const agents = [coded('worker', { operations: [{ name: 'work' }] })];
  return openTestHouse(acts, { runtime: { agents, threads: createThreads({ operations: { work } }) }, ...(store && { store }) });
}

const carry = async (at: TestHouse): Promise<RunRecord[]> => at.ended(await at.run('hi', { agent: 'worker', operation: 'work' }));

/** A store that tells which kinds of records each append had. */
function watched(appends: string[][]): Store {
  const store = createMemoryStore();
  const watch = (lease: Lease): Lease =>
    new Proxy(lease, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name !== 'append') return value.bind(target);
        return (records: readonly string[], ...rest: readonly unknown[]) => {
          appends.push(records.map((record) => (JSON.parse(record) as readonly [string])[0]));
          value.call(target, records, ...rest);
        };
      },
    });
  const { consume, ...queue } = store.queue;
  return {
    ...store,
    queue: {
      ...queue,
      consume: (owner, capacity, consumer) => consume(owner, capacity, { ...consumer, leased: (lease) => consumer.leased(watch(lease)) }),
    },
  };
}

describe('a model call of an operation’s', () => {
  test('and its failure are one append: no later owner takes it for an answer', async () => {
    const appends: string[][] = [];
    await using at = await house((context) => stream(context, 'x').catch(codeOf), [spending('refuse')], watched(appends));
    expect(endOf(await carry(at))).toMatchObject({ value: '"PROVIDER_REFUSED"', usage: { outputTokens: 7 } });
    expect(appends).toContainEqual(['step.ended', 'piece.done']);
  });

  test.each([
    ['stream', stream],
    ['generate', generate],
  ])('that is cancelled (%s) is paid for as far as it went', async (_name, ask) => {
    await using at = await house((context) => ask(context, 'x'), [spending('wait')]);
    const key = await at.run('hi', { agent: 'worker', operation: 'work' });
    await expect.poll(() => at.requests.length).toBe(1);
    await at.store.inbox.put(key, { id: 'stop', kind: 'cancel' });
    expect(endOf(await at.ended(key))).toMatchObject({ status: 'cancelled', usage: { outputTokens: 7 } });
  });

  test('that nobody watches and that is in vain is paid for', async () => {
    await using at = await house((context) => generate(context, 'x').catch(codeOf), [spending('refuse')]);
    expect(endOf(await carry(at))).toMatchObject({ value: '"PROVIDER_REFUSED"', usage: { outputTokens: 7 } });
  });

  test('out of its turn is refused, and no model is asked', async () => {
    const work = async (context: Context): Promise<unknown> => [
      await stream(context, 'far', 4).catch(codeOf),
      await stream(context, 'before', -3).catch(codeOf),
      await stream(context, 'half', 0.5).catch(codeOf),
      (await stream(context, 'first', 0)).text,
    ];
    await using at = await house(work, [echo]);
    const records = await carry(at);
    expect(endOf(records)).toMatchObject({ value: JSON.stringify([...Array(3).fill('AGENT_FAILED'), 're: first']) });
    expect(records.filter(({ kind }) => kind === 'step.started').map(({ step }) => step)).toEqual([1]);
    expect(at.requests).toHaveLength(1);
  });

  test('whose error the operation ends with behind a checkpoint is not asked again', async () => {
    let starts = 0;
    const full: Act = () => {
      throw new OpenClawError('RATE_LIMITED', 'too many calls wait for the model', { retryAfterMs: 1 });
    };
    const work = async (context: Context): Promise<unknown> => {
      if (++starts > 3) return 'again and again';
      const error = await stream(context, 'x').catch((thrown: unknown) => thrown);
      await context.checkpoint(starts);
      throw error;
    };
    await using at = await house(work, [full]);
    expect(endOf(await carry(at))).toMatchObject({ status: 'failed', error: { code: 'RATE_LIMITED' } });
    expect(starts).toBe(1);
  });
});

test('what is done since the last checkpoint is kept up to a limit, which a checkpoint sets back', async () => {
  const large = 'x'.repeat(15 << 20);
  const work = async (context: Context): Promise<unknown> => {
    const fill = async (): Promise<number> => {
      for (let steps = 0; ; steps++) {
        const code = await context.step('large', () => large).then(() => '', codeOf);
        if (code !== '') return steps;
      }
    };
    const first = await fill();
    await context.checkpoint('');
    return [first, await context.step('again', () => 'goes on')];
  };
  await using at = await house(work, [echo]);
  const key = await at.run('hi', { agent: 'worker', operation: 'work' });
  await at.ended(key);
  const { head } = await at.store.runs.read(key, 0, 1);
  const { chunk } = await at.store.runs.read(key, head.seq - 1, 1);
  expect((JSON.parse(chunk?.body ?? '') as WireRecord)[3]).toMatchObject({ value: '[5,"goes on"]' });
});

test('what a step tells its viewers does not stand for what is told outside of it, wherever its process dies', async () => {
  const work = async (context: Context): Promise<void> => {
    await context.step('a', () => context.emit('at', 'inside', 'a'));
    await context.emit('at', 'outside');
    await context.step('b', () => undefined);
  };
  const told = (records: readonly RunRecord[]): unknown[] => records.flatMap(({ kind, data }) => (kind === 'event' ? [data] : []));
  await using first = await house(work, [echo]);
  const whole = await carry(first);
  expect(told(whole)).toEqual([
    { name: 'at', data: 'inside', step: 'a' },
    { name: 'at', data: 'outside' },
  ]);
  for (let cut = kindsOf(whole).indexOf('piece.done') + 1; cut < whole.length; cut++) {
    await using second = await house(work, [echo], await leftBehind(runKey('t', 'hi'), encodedOf(whole.slice(0, cut))));
    expect(told(await second.ended(runKey('t', 'hi'))), `cut at ${cut}`).toEqual(told(whole));
  }
});
