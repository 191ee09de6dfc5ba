/** Budgets: what may be taken is set aside before the model is asked; where there is no room the run waits, and goes on when somebody adds to it. */
import { decodeState } from '@openclaw-runtime/agent';
import { NO_USAGE, type Payloads, type RunRecord, type RunRequest } from '@openclaw-runtime/protocol';
import {
  addToBudget,
  createMemoryStore,
  ledgerKey,
  NOTHING,
  parseLedger,
  type RunKey,
  type ScopeName,
  type Store,
  totalsOf,
} from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { type Act, foldOf, kindsOf, openTestHouse, recordsOf, type TestHouse } from './house.ts';
import { createFakeClock } from './pool-clock.ts';
import { coded, createThreads } from './threads.ts';

const PRICE = { input: 1, output: 2 };
/** 1,000 tokens in, 500 out: 2,000 millionths of a dollar. */
const USAGE = { ...NO_USAGE, inputTokens: 1_000, outputTokens: 500 };
const answer: Act = (_request, sink) => {
  sink.text('yes');
  return { finish: 'stop', usage: USAGE, toolCalls: [] };
};
const dataOf = <K extends RunRecord['kind']>(records: readonly RunRecord[], kind: K): Payloads[K][] =>
  records.filter((record) => record.kind === kind).map((record) => record.data as Payloads[K]);

async function takenOf(store: Store, scope: ScopeName): Promise<ReturnType<typeof totalsOf>> {
  const found = await store.state.get('t', ledgerKey(scope));
  return totalsOf(parseLedger(found!.value));
}

async function untilKind(house: TestHouse, key: RunKey, kind: RunRecord['kind'], count = 1): Promise<readonly RunRecord[]> {
  await expect.poll(async () => (await recordsOf(house.store, key)).filter((each) => each.kind === kind).length).toBe(count);
  return recordsOf(house.store, key);
}

const priced = { priceOf: () => PRICE } as const;

test('a run without a budget leaves nothing of budgets in its log or in the store', async () => {
  await using house = await openTestHouse([answer], { runtime: priced });
  const records = await house.ended(await house.run('a'));
  expect(kindsOf(records).filter((kind) => kind.startsWith('budget'))).toEqual([]);
  expect(await house.store.state.get('t', ledgerKey({ kind: 'task', name: 'a' }))).toBeUndefined();
});

test('what a run took is logged and entered in whole numbers, and nothing stays set aside', async () => {
  await using house = await openTestHouse([answer], {
    runtime: { ...priced, budgets: { scopes: { tenant: { microUsd: 1_000_000 } }, agents: {} } },
  });
  const records = await house.ended(await house.run('a', { budget: { usd: 1 } }));
  expect(dataOf(records, 'run.finished')[0]).toMatchObject({ status: 'completed' });
  expect(dataOf(records, 'budget.settled')).toEqual([expect.objectContaining({ call: '1.1', microUsd: 2_000, tokens: 1_500 })]);
  for (const scope of [{ kind: 'task', name: 'a' } as const, { kind: 'tenant', name: '' } as const]) {
    await expect.poll(async () => (await takenOf(house.store, scope)).spent.microUsd).toBe(2_000);
    expect((await takenOf(house.store, scope)).reserved.microUsd).toBe(0);
  }
});

test('it is set aside durably before the model is asked', async () => {
  const store = createMemoryStore();
  let seen: number | undefined;
  const look: Act = async (request, sink, signal) => {
    seen = (await takenOf(store, { kind: 'task', name: 'a' })).reserved.tokens;
    return answer(request, sink, signal);
  };
  await using house = await openTestHouse([look], { store, runtime: priced });
  await house.ended(await house.run('a', { budget: { tokens: 100_000 } }));
  expect(seen).toBeGreaterThan(100);
});

test('a run whose budget has no room waits as budget_exhausted, asks nobody, and goes on when somebody adds to it', async () => {
  await using house = await openTestHouse([answer], { runtime: priced });
  const key = await house.run('a', { budget: { usd: 0.000_001 } });
  const paused = await untilKind(house, key, 'budget.paused');
  expect(house.requests).toHaveLength(0);
  expect(dataOf(paused, 'budget.paused')[0]).toMatchObject({
    scope: 'task',
    name: 'a',
    unit: 'usd',
    limit: 0.000_001,
    spent: 0,
    outcome: { status: 'budget_exhausted', error: { code: 'BUDGET_EXHAUSTED' } },
  });
  const { runs } = await house.store.runs.list('t', { limit: 10, status: 'budget_exhausted' });
  expect(runs).toMatchObject([{ run: 'a', status: 'budget_exhausted' }]);
  expect((await house.store.runs.list('t', { limit: 10, status: 'running' })).runs).toEqual([]);

  await house.store.inbox.put(key, { id: 'little', kind: 'topup', data: 0.000_001 });
  const again = await untilKind(house, key, 'budget.paused', 2);
  expect(dataOf(again, 'budget.paused')[1]).toMatchObject({ limit: 0.000_002 });
  await house.store.inbox.put(key, { id: 'enough', kind: 'topup', data: { usd: 1 } });
  const records = await house.ended(key);
  expect(dataOf(records, 'run.finished')[0]).toMatchObject({ status: 'completed' });
  expect(kindsOf(records).filter((kind) => kind.startsWith('budget.'))).toEqual([
    'budget.paused',
    'budget.added',
    'budget.paused',
    'budget.added',
    'budget.resumed',
    'budget.settled',
  ]);
});

test('a run that waits is parked, its time stands still, and it ends as budget_exhausted after budgetWaitMs', async () => {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  const limits = { parkAfterMs: 10_000, runMs: 60_000, budgetWaitMs: 3_600_000 };
  await using house = await openTestHouse([answer], { store, limits, runtime: { ...priced, clock } });
  const start = async (name: string): Promise<RunKey> => {
    const key = await house.run(name, { budget: { usd: 0 }, at: clock.wall() } as Partial<RunRequest>);
    return key;
  };
  const key = await start('a');
  await settle();
  clock.advance(20_000);
  await expect.poll(() => house.runtime.parked).toBe(1);
  clock.advance(600_000);
  await settle();
  expect(house.runtime.parked).toBe(1);
  await house.store.inbox.put(key, { id: 'enough', kind: 'topup', data: 1 });
  await expect
    .poll(async () => {
      clock.advance(20);
      return (await recordsOf(store, key)).at(-1)?.kind;
    })
    .toBe('run.finished');
  expect(dataOf(await recordsOf(store, key), 'run.finished')[0]).toMatchObject({ status: 'completed' });

  const other = await start('b');
  await settle();
  clock.advance(20_000);
  await expect.poll(() => house.runtime.parked).toBe(1);
  await expect
    .poll(async () => {
      clock.advance(300_000);
      return (await recordsOf(store, other)).at(-1)?.data;
    })
    .toMatchObject({ status: 'budget_exhausted', error: { code: 'BUDGET_EXHAUSTED' } });
});

test('children share the budget of their task, which waits when one of them does', async () => {
  const threads = createThreads({
    operations: {
      work: async (context) => {
        const child = (n: number) =>
          context.ask('run', 'c', (at) => ({ do: 'run', name: 'c', n: at, child: { agent: 'default', input: `child ${n}` } }));
        const answers = await Promise.all([child(1), child(2)]);
        return answers.map((each) => (each as { status: string }).status);
      },
    },
  });
  const card = { operations: [{ name: 'work' }], tools: [] };
  await using house = await openTestHouse([answer], {
    runtime: { ...priced, agents: [coded('boss', card), { name: 'default' }], threads },
  });
  const first = await house.ended(await house.run('probe', { budget: { usd: 1 } }));
  expect(first.at(-1)?.data).toMatchObject({ status: 'completed' });
  // Room for one of them at a time, and for no other behind it.
  const key = await house.run('boss', { agent: 'boss', operation: 'work', budget: { usd: 0.003 } });
  const paused = await untilKind(house, key, 'budget.paused');
  const [pause] = dataOf(paused, 'budget.paused');
  expect(pause).toMatchObject({ scope: 'task', name: 'boss', unit: 'usd', child: expect.any(String) });
  await house.store.inbox.put(key, { id: 'more', kind: 'topup', data: 0.01 });
  const records = await house.ended(key);
  expect(dataOf(records, 'run.finished')[0]).toMatchObject({ status: 'completed' });
  expect(decodeState((dataOf(records, 'run.finished')[0] as { value: string }).value)).toEqual(['completed', 'completed']);
  await expect.poll(async () => (await takenOf(house.store, { kind: 'task', name: 'boss' })).spent.microUsd).toBe(4_000);
});

test('a fork of a run that waits has a budget of its own, and is not shown to wait', async () => {
  const gate = Promise.withResolvers<void>();
  const late: Act = async (request, sink, signal) => {
    await gate.promise;
    return answer(request, sink, signal);
  };
  await using house = await openTestHouse([late], { runtime: priced });
  const source = await untilKind(house, await house.run('a', { budget: { usd: 0 } }), 'budget.paused');
  const { seq } = source.find(({ kind }) => kind === 'budget.paused')!;
  const fork = await house.run('b', { input: 'a', budget: { usd: 1 }, fork: { run: 'a', seq } });
  await expect.poll(() => house.requests.length).toBe(1);
  await untilKind(house, fork, 'budget.resumed');
  expect(foldOf(await recordsOf(house.store, fork)).paused).toBeUndefined();
  gate.resolve();
  const records = await house.ended(fork);
  expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
  expect(dataOf(records, 'budget.resumed')).toEqual([{ at: expect.any(Number), pausedMs: 0 }]);
});

test('an unpriced model is refused under a budget in money, and asked under one in tokens', async () => {
  await using house = await openTestHouse([answer]);
  expect((await house.ended(await house.run('a', { budget: { usd: 1 } }))).at(-1)?.data).toMatchObject({
    status: 'failed',
    error: { code: 'BAD_CONFIG' },
  });
  expect((await house.ended(await house.run('b', { budget: { tokens: 1e6 } }))).at(-1)?.data).toMatchObject({ status: 'completed' });
});

test('an answer that takes more than there is is broken off, waits, and is complete after more was added', async () => {
  const long: Act = async (_request, sink, signal) => {
    for (let i = 0; i < 4_000; i++) {
      if (signal.aborted) throw signal.reason;
      sink.text('word and word ');
      if (i % 100 === 0) await Promise.resolve();
    }
    return { finish: 'stop', usage: { ...NO_USAGE, inputTokens: 10, outputTokens: 16_000 }, toolCalls: [] };
  };
  await using house = await openTestHouse([long], { runtime: priced });
  const key = await house.run('a', { budget: { tokens: 2_000 } });
  const paused = await untilKind(house, key, 'budget.paused');
  const [settled] = dataOf(paused, 'budget.settled');
  expect(settled!.tokens).toBeGreaterThan(500);
  expect(settled!.tokens).toBeLessThan(4_000);
  await house.store.inbox.put(key, { id: 'more', kind: 'topup', data: { tokens: 100_000 } });
  const records = await house.ended(key);
  expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
});

test('a day’s budget turns at midnight', async () => {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  const budgets = { scopes: { day: { microUsd: 3_000 } }, agents: {} };
  await using house = await openTestHouse([answer], { store, runtime: { ...priced, clock, budgets } });
  const advancing = async (key: RunKey, ms: number, kind: RunRecord['kind']): Promise<void> =>
    expect
      .poll(async () => {
        clock.advance(ms);
        return (await recordsOf(store, key)).some((each) => each.kind === kind);
      })
      .toBe(true);
  const first = await house.run('a', { at: clock.wall() } as Partial<RunRequest>);
  await advancing(first, 20, 'run.finished');
  const second = await house.run('b', { at: clock.wall() } as Partial<RunRequest>);
  await advancing(second, 20, 'budget.paused');
  const [pause] = dataOf(await recordsOf(store, second), 'budget.paused');
  expect(pause).toMatchObject({ scope: 'day', until: Date.parse('2023-11-15') });
  await advancing(second, 3_600_000 / 4, 'run.finished');
  expect((await recordsOf(store, second)).at(-1)?.data).toMatchObject({ status: 'completed' });
  expect(clock.wall()).toBeGreaterThan(Date.parse('2023-11-15'));
});

test('where the level asked for has no room, a lower one is taken before the run waits', async () => {
  await using house = await openTestHouse([answer], { runtime: priced });
  const key = await house.run('a', { level: 4, budget: { tokens: 3_000 } });
  const records = await house.ended(key);
  expect(dataOf(records, 'budget.lowered')[0]).toMatchObject({ from: 4 });
  expect(house.requests[0]!.level).toBeLessThan(4);
});

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('a parked run is woken when somebody adds to a budget of the house', async () => {
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  const budgets = { scopes: { day: { tokens: 10 } }, agents: {} };
  await using house = await openTestHouse([answer], { store, runtime: { ...priced, clock, budgets } });
  const key = await house.run('a', { at: clock.wall() } as Partial<RunRequest>);
  await settle();
  await expect
    .poll(() => {
      clock.advance(1_000);
      return house.runtime.parked;
    })
    .toBe(1);
  await addToBudget(store.state, 't', { kind: 'day', name: '2023-11-14' }, 'more', { ...NOTHING, tokens: 10_000 });
  await expect
    .poll(async () => {
      clock.advance(500);
      return (await recordsOf(store, key)).at(-1)?.kind;
    })
    .toBe('run.finished');
});

test('a run that waits over many owners makes no attempt by that, and goes on', async () => {
  const store = createMemoryStore();
  let house = await openTestHouse([answer], { store, runtime: priced });
  const key = await house.run('a', { budget: { usd: 0 } });
  await untilKind(house, key, 'budget.paused');
  for (let i = 0; i < 8; i++) {
    await house.runtime.drain(0);
    house = await openTestHouse([answer], { store, runtime: { ...priced, owner: `owner ${i}` } });
    const lease = await store.queue.claim(key, 'nobody');
    lease.park(0);
    await settle();
  }
  await store.inbox.put(key, { id: 'enough', kind: 'topup', data: 1 });
  const records = await house.ended(key);
  expect(records.at(-1)?.data).toMatchObject({ status: 'completed' });
  expect(kindsOf(records).filter((kind) => kind === 'step.resumed')).toHaveLength(1);
  expect(kindsOf(records).filter((kind) => kind === 'budget.paused')).toHaveLength(1);
  await house[Symbol.asyncDispose]();
});
