/** One budget's book: in memory at once, in the store soon, and right when somebody else writes too. */
import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { createCostEstimator } from '@openclaw-runtime/reasoning';
import { createMemoryStore, ledgerKey, NOTHING, parseLedger, type RunEntry, type State, totalsOf } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { Book } from '../src/budget/book.ts';
import { costOf, expectedOf, tokensIn } from '../src/budget/forecast.ts';

const scope = { kind: 'tenant', name: '' } as const;
const amounts = (microUsd: number) => ({ microUsd, tokens: 0, ms: 0 });
const entry = (spent: number, open: Record<string, number> = {}): RunEntry => ({
  spent: amounts(spent),
  open: new Map(Object.entries(open).map(([call, amount]) => [call, amounts(amount)])),
});

function bookOf(state: State, ended: readonly string[] = []): Book {
  return new Book({ state, clock: systemClock, hasEnded: (run) => Promise.resolve(ended.includes(run)) }, 't', scope, { microUsd: 100 });
}

async function storedIn(state: State) {
  const found = await state.get('t', ledgerKey(scope));
  return totalsOf(parseLedger(found!.value));
}

test('what is set counts at once, and is in the store when it says so; many changes are few writes', async () => {
  const { state } = createMemoryStore();
  let writes = 0;
  const counted: State = { get: (...all) => state.get(...all), put: (...all) => (writes++, state.put(...all)) };
  const book = bookOf(counted);
  await book.ready();
  for (let i = 0; i < 50; i++) book.set(`run ${i}`, entry(0, { '1.1': 1 }));
  expect(book.left).toEqual({ microUsd: 50 });
  await book.saved();
  expect((await storedIn(state)).reserved).toEqual(amounts(50));
  for (let i = 0; i < 50; i++) book.set(`run ${i}`, entry(1));
  await book.saved();
  expect(await storedIn(state)).toEqual({ spent: amounts(50), reserved: NOTHING });
  expect(writes).toBeLessThan(8);
});

test('of one that was erased nothing is written any more, and nobody waits for it', async () => {
  const { state, upkeep } = createMemoryStore();
  const book = bookOf(state);
  await book.ready();
  book.set('before', entry(1));
  await book.saved();
  book.set('meanwhile', entry(1));
  const waiting = book.saved();
  await upkeep.erase({ tenant: 't' });
  book.erase();
  await waiting;
  book.set('after', entry(1));
  await book.saved();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await state.get('t', ledgerKey(scope))).toBeUndefined();
});

test('two writers of one ledger lose nothing of each other, whatever order chance has', async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const { state } = createMemoryStore();
    const books = [bookOf(state), bookOf(state)];
    await Promise.all(books.map((book) => book.ready()));
    let sum = 0;
    for (let i = 0; i < 20; i++) {
      const at = Math.floor(random.float() * 2);
      const book = books[at] as Book;
      const run = `${at} ${Math.floor(random.float() * 4)} ${i}`;
      const spent = Math.floor(random.float() * 10);
      sum += spent;
      book.set(run, entry(spent));
      if (random.float() < 0.5) await book.saved();
      if (random.float() < 0.5) {
        await book.saved();
        book.close(run);
      }
    }
    await Promise.all(books.map((book) => book.saved()));
    expect(await storedIn(state), `seed ${seed}`).toEqual({ spent: amounts(sum), reserved: NOTHING });
  }
});

test('entries of runs that ended without being closed are closed when the book is opened', async () => {
  const { state } = createMemoryStore();
  const before = bookOf(state);
  before.set('ended', entry(5, { '1.1': 2 }));
  before.set('alive', entry(1));
  await before.saved();
  const book = bookOf(state, ['ended']);
  await book.ready();
  await expect.poll(() => book.entry('ended')).toBeUndefined();
  expect(book.totals).toEqual({ spent: amounts(8), reserved: NOTHING });
  expect(book.entry('alive')).toBeDefined();
});

test('what a call may take rises with its level and its length, and maxTokens bounds it', () => {
  const priceOf = () => ({ input: 1, output: 4, cachedInput: 0.1 });
  const estimator = createCostEstimator({ priceOf });
  const house = { priceOf, estimate: (_tenant: string, call: Parameters<typeof estimator.estimate>[0]) => estimator.estimate(call) };
  const most = (level: 1 | 2 | 3 | 4, length: number, maxTokens?: number) =>
    expectedOf(house, 't', { model: 'm', level, messages: [{ role: 'user', content: 'word '.repeat(length) }], maxTokens }).most;
  for (const length of [1, 100, 5_000]) {
    for (const level of [1, 2, 3] as const) {
      expect(most((level + 1) as 2, length).microUsd).toBeGreaterThanOrEqual(most(level, length).microUsd);
      expect(most(level, length * 2).microUsd).toBeGreaterThanOrEqual(most(level, length).microUsd);
    }
    expect(most(4, length, 10).tokens).toBeLessThanOrEqual(most(4, length).tokens);
    expect(most(4, length, 10).microUsd - most(4, length, 5).microUsd).toBe(20);
  }
});

test('a call’s cost is a whole number: its cached input and its thoughts at their own prices', () => {
  const usage = { inputTokens: 100, outputTokens: 50, reasoningTokens: 30, cachedTokens: 40 };
  expect(costOf({ input: 1, output: 4, cachedInput: 0.1, thinking: 3 }, usage)).toBe(60 + 4 + 80 + 90);
  expect(costOf({ input: 0.15, output: 0.6 }, { ...usage, inputTokens: 7, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 })).toBe(2);
  expect(tokensIn('何ですか')).toBe(4);
  expect(tokensIn('')).toBe(0);
});
