/** Budgets at their edges: who waits for others, who is broken off, what a call of a dead process may still take, and what is paid for beside a run's answers. */
import type { ModelBroker, ModelRequest } from '@openclaw-runtime/model';
import { NO_USAGE, type Payloads, type RunRecord } from '@openclaw-runtime/protocol';
import { createMemoryStore, ledgerKey, parseLedger, type RunKey, readAdded, type Store, totalsOf } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { Account } from '../src/budget/account.ts';
import { Budgets, type Scopes } from '../src/budget/budgets.ts';
import { type BudgetPast, beginBudgetPast, followBudget } from '../src/budget/past.ts';
import { Pause } from '../src/budget/pause.ts';
import { pay } from '../src/run/pay.ts';
import type { ReasoningSettings } from '../src/think/settings.ts';
import { type Act, openTestHouse, recordsOf } from './house.ts';
import { createFakeClock } from './pool-clock.ts';

const PRICE = { input: 1, output: 1 };
const HUNDRED = { mean: 100, low: 100, high: 100 };
const ZERO = { mean: 0, low: 0, high: 0 };
/** Each call is expected to take 100 tokens, for each of its levels. */
const forecasts = {
  priceOf: () => PRICE,
  estimate: (_tenant: string, { level }: { readonly level: number }) => ({
    inputTokens: ZERO,
    outputTokens: { mean: 100 * level, low: 100 * level, high: 100 * level },
    thinkingTokens: ZERO,
    money: HUNDRED,
    ms: HUNDRED,
    priced: true,
    valueOf: () => 0,
  }),
};
const messages = [{ role: 'user', content: 'what?' }] as const;
const never = new AbortController().signal;

/** Accounts of one task whose budget is so many tokens. */
function createTask(tokens: number) {
  const { runs, state: kept } = createMemoryStore();
  const state = { get: kept.get.bind(kept), put: kept.put.bind(kept) };
  const clock = createFakeClock();
  const budgets = new Budgets({ runs, state }, clock, forecasts as unknown as ConstructorParameters<typeof Budgets>[2]);
  const scopes: Scopes = { scopes: [{ kind: 'task', name: 'root', limits: { tokens } }], day: undefined };
  const open = (run: string, past?: BudgetPast) => {
    const records: RunRecord[] = [];
    const record = (kind: string, data: unknown): void => void records.push({ kind, data, seq: 0, step: 0, attempt: 0 } as RunRecord);
    const pause = new Pause({ clock, record, show: () => undefined, tell: () => undefined });
    const account = new Account(
      { budgets, clock, ...budgets.forecasts },
      {
        tenant: 't',
        run,
        at: clock.wall(),
        record,
        usage: () => NO_USAGE,
        settled: () => Promise.resolve(),
        resting: (wait) => wait(),
      },
      scopes,
      pause,
    );
    if (past) account.restore(past);
    return { account, pause, records };
  };
  return { state, clock, budgets, open };
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};

test('a call that waits for what others have set aside is told of when they take all of it', async () => {
  const { open, clock } = createTask(150);
  const [first, second] = [open('a'), open('b')];
  const grant = await first.account.reserve(1, { model: 'm', level: 1, messages }, never);
  const stop = new AbortController();
  const waiting = second.account.reserve(1, { model: 'm', level: 1, messages }, stop.signal);
  waiting.catch(() => undefined);
  await turns();
  expect(second.pause.isOwn).toBe(false);
  clock.advance(200);
  first.account.settle(grant, { ...NO_USAGE, outputTokens: 100 });
  await turns();
  expect(second.pause.current).toMatchObject({ scope: 'task', limit: 150, spent: 100, needed: 100 });
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});

test('a call that is refused misses nothing that changes while it looks whether somebody raised the budget', async () => {
  const { open, state } = createTask(150);
  const [first, second] = [open('a'), open('b')];
  const grant = await first.account.reserve(1, { model: 'm', level: 1, messages }, never);
  await second.account.ready();
  const gate = Promise.withResolvers<void>();
  const { get } = state;
  state.get = async (tenant, key) => {
    const found = await get(tenant, key);
    if (key.startsWith('budget-added/')) await gate.promise;
    return found;
  };
  const waiting = second.account.reserve(1, { model: 'm', level: 1, messages }, never);
  await turns();
  first.account.settle(grant, { ...NO_USAGE, outputTokens: 1 });
  await turns();
  gate.resolve();
  await expect(Promise.race([waiting, turns()])).resolves.toMatchObject({ call: '1.1' });
});

test('a run of which one call waits is shown to wait again when another of its calls is over', async () => {
  const { open, clock } = createTask(150);
  const { account, pause } = open('a');
  const stop = new AbortController();
  const large = account.reserve(0, { model: 'm', level: 1, messages, leastTokens: 200 }, stop.signal);
  large.catch(() => undefined);
  await turns();
  expect(pause.isOwn).toBe(true);
  const small = await account.reserve(0, { model: 'm', level: 1, messages }, never);
  expect(pause.current).toBeUndefined();
  clock.advance(200);
  account.settle(small, { ...NO_USAGE, outputTokens: 100 });
  await turns();
  expect(pause.current).toMatchObject({ needed: 200, spent: 100 });
  expect(account.waiting).toBeDefined();
  stop.abort(new Error('enough'));
  await expect(large).rejects.toThrow('enough');
});

test('what is read again of a dead process’s response may take more than was set aside for it, as far as there is room', async () => {
  const { open, clock } = createTask(400);
  const dead = open('a');
  await dead.account.reserve(1, { model: 'm', level: 1, messages }, never);
  const past = beginBudgetPast();
  for (const record of dead.records) followBudget(past, record);
  dead.account.release();
  const { account, records } = open('a', past);
  const request: ModelRequest = { model: 'm', level: 1, messages: [...messages], tenant: 't', attach: 'r1' };
  let heard = 0;
  const reading = pay({ account, clock, step: 1, request, signal: never, isKept: () => true }, (_request, meter, signal) => {
    for (; heard < 100_000 && !signal.aborted; heard += 10) meter.heard('text', 'x'.repeat(35));
    signal.throwIfAborted();
    return Promise.resolve({ finish: 'stop', usage: NO_USAGE, toolCalls: [] });
  });
  await expect(reading).rejects.toMatchObject({ code: 'BUDGET_EXHAUSTED' });
  expect(heard).toBeGreaterThan(350);
  expect(heard).toBeLessThan(600);
  await turns();
  expect(records.map(({ kind }) => kind)).toEqual(['budget.settled']);
});

test('a dead process’s response is not given up by another call of the run that begins first', async () => {
  const { open } = createTask(1_000);
  const dead = open('a');
  await dead.account.reserve(1, { model: 'm', level: 1, messages }, never);
  await dead.account.reserve(0, { model: 'm', level: 1, messages }, never);
  dead.account.release();
  const { account, records } = open('a', beginBudgetPast());
  await account.reserve(0, { model: 'm', level: 1, messages }, never);
  expect(records).toMatchObject([{ kind: 'budget.settled', data: { call: '0.2', lost: true } }]);
  expect(await account.adopt(1, 'm', 1)).toMatchObject({ call: '1.1' });
});

test('what a dead process has set aside for a later step is no reason to wait', async () => {
  const { open } = createTask(150);
  const dead = open('a');
  await dead.account.reserve(2, { model: 'm', level: 1, messages }, never);
  dead.account.release();
  const { account, pause } = open('a', beginBudgetPast());
  const stop = new AbortController();
  const waiting = account.reserve(0, { model: 'm', level: 1, messages }, stop.signal);
  waiting.catch(() => undefined);
  await turns();
  expect(pause.current).toMatchObject({ spent: 100, needed: 100 });
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});

/** A house whose model `judge` says how deep to think, and whose other model answers. */
function openJudged(budget: { readonly tokens: number }, reasoning: ReasoningSettings = {}, act: Act = judged, store?: Store) {
  const requests: ModelRequest[] = [];
  const capabilities = { prefix: false, attach: false, tools: true, reasoning: [1, 2, 3, 4] as const };
  const broker: ModelBroker = {
    info: (name) => ({ name, provider: 'test', simulated: false, capabilities, fallbacks: [] }),
    list: () => [],
    async stream(request, sink, signal) {
      requests.push(request);
      return act(request, sink, signal);
    },
    close: () => Promise.resolve(),
  };
  const options = { broker, runtime: { reasoning: { predictor: 'judge', ...reasoning }, priceOf: () => PRICE }, ...(store && { store }) };
  return openTestHouse([], options).then((house) => ({
    house,
    requests,
    run: () => house.run('r', { input: 'What is the meaning of it all?', budget }),
  }));
}

const judged: Act = ({ model }, sink) => {
  sink.text(model === 'judge' ? '{"level": 3}' : 'ok');
  return { finish: 'stop', usage: { ...NO_USAGE, inputTokens: 300, outputTokens: 7 }, toolCalls: [] };
};
const settledIn = (records: readonly RunRecord[]): Payloads['budget.settled'][] =>
  records.flatMap((record) => (record.kind === 'budget.settled' ? [record.data] : []));

test('a model that is asked how deep to think is paid for out of the run’s budget', async () => {
  const store = createMemoryStore();
  let reserved = 0;
  const look: Act = async (request, sink, signal) => {
    const found = await store.state.get('t', ledgerKey({ kind: 'task', name: 'r' }));
    if (request.model === 'judge') reserved = totalsOf(parseLedger(found!.value)).reserved.tokens;
    return judged(request, sink, signal);
  };
  const { house, run } = await openJudged({ tokens: 1_000_000 }, {}, look, store);
  await using _ = house;
  const records = await house.ended(await run());
  expect(reserved).toBeGreaterThan(100);
  expect(settledIn(records)).toMatchObject([
    { call: '0.1', model: 'judge', tokens: 307 },
    { call: '1.2', model: 'scripted', tokens: 307 },
  ]);
  expect(records.at(-1)?.data).toMatchObject({ status: 'completed', usage: { inputTokens: 600 } });
});

test('nobody is asked how deep to think where the budget has no room for it, and nobody waits for that', async () => {
  const { house, run, requests } = await openJudged({ tokens: 1 });
  await using _ = house;
  const key = await run();
  await expect.poll(async () => (await recordsOf(house.store, key)).some(({ kind }) => kind === 'budget.paused')).toBe(true);
  expect(requests).toEqual([]);
  const chosen = (await recordsOf(house.store, key)).find(({ kind }) => kind === 'level.chosen');
  expect(JSON.stringify(chosen)).toContain('the budget has no room');
});

test('a judge that is too late is paid for as far as it came', async () => {
  const late: Act = (request, sink, signal) =>
    request.model === 'judge'
      ? new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        })
      : judged(request, sink, signal);
  const { house, run } = await openJudged({ tokens: 1_000_000 }, { judgeTimeoutMs: 20 }, late);
  await using _ = house;
  const [first] = settledIn(await house.ended(await run()));
  expect(first).toMatchObject({ call: '0.1', model: 'judge' });
  expect(first?.tokens).toBeGreaterThan(50);
});

test('the store is asked each second only of budgets that others than runs add to; a parked child is woken by what is added to its task', async () => {
  const { open, state, budgets } = createTask(150);
  const child = open('child');
  const stop = new AbortController();
  const waiting = child.account.reserve(1, { model: 'm', level: 1, messages, leastTokens: 400 }, stop.signal);
  waiting.catch(() => undefined);
  await turns();
  const refusal = child.account.waiting!;
  stop.abort(new Error('parked'));
  child.account.release();
  budgets.park('t/child' as RunKey, refusal);
  const day = budgets.acquire('t', { kind: 'day', name: '2026-01-01' }, { tokens: 1 });
  day.listen(() => undefined);
  await turns();
  const asked: string[] = [];
  const { get } = state;
  state.get = (tenant, key) => (asked.push(key), get(tenant, key));
  expect(budgets.look()).toEqual([]);
  await turns();
  expect(asked).toEqual(['budget-added/day/2026-01-01']);

  await open('root').account.raise({ command: 'c', tokens: 1_000 });
  expect(budgets.look()).toEqual(['t/child']);
});

test('however often a budget was added to, whoever owns the run next adds nothing twice', async () => {
  const { open, state } = createTask(10);
  const first = open('a');
  const past = beginBudgetPast();
  for (let i = 0; i < 1_200; i++) {
    const added = { command: `c${i}`, tokens: 1 };
    await first.account.raise(added);
    followBudget(past, { kind: 'budget.added', seq: i, step: 0, attempt: 0, data: added });
  }
  first.account.release();
  await open('a', past).account.ready();
  expect((await readAdded(state, 't', { kind: 'task', name: 'root' })).tokens).toBe(1_200);
});
