import { expect, test } from 'vitest';
import {
  addToBudget,
  budgetOf,
  closeEntry,
  createMemoryStore,
  dayAfter,
  dayOf,
  emptyLedger,
  encodeEntry,
  encodeLedger,
  leftOf,
  limitsOf,
  NOTHING,
  parseLedger,
  readAdded,
  totalsOf,
} from '../src/index.ts';

const amounts = (microUsd: number) => ({ microUsd, tokens: microUsd * 2, ms: 1 });

test('money is whole millionths of a dollar, so that no sum of it is off', () => {
  expect(limitsOf({ usd: 0.1 + 0.2, tokens: 5 })).toEqual({ microUsd: 300_000, tokens: 5 });
  expect(budgetOf({ microUsd: 300_001, ms: 7 })).toEqual({ usd: 0.300_001, ms: 7 });
  let sum = 0;
  for (let i = 0; i < 1_000; i++) sum += limitsOf({ usd: 0.001 }).microUsd ?? 0;
  expect(sum).toBe(1_000_000);
});

test('a ledger is what its text says, whatever runs and calls are called', () => {
  const ledger = emptyLedger();
  ledger.closed = amounts(7);
  ledger.runs.set('a"\\', { spent: amounts(1), open: new Map([['1.1', amounts(2)]]) });
  ledger.runs.set('__proto__', { spent: NOTHING, open: new Map() });
  const text = encodeLedger(
    ledger.closed,
    [...ledger.runs].map(([run, entry]) => encodeEntry(run, entry)),
  );
  expect(totalsOf(parseLedger(text))).toEqual(totalsOf(ledger));
  expect(parseLedger(text).runs.get('a"\\')).toEqual(ledger.runs.get('a"\\'));
  expect(totalsOf(ledger)).toEqual({ spent: { microUsd: 8, tokens: 16, ms: 2 }, reserved: amounts(2) });
});

test('closing an entry changes no total but what was open, which counts as spent, and closing it again nothing', () => {
  const ledger = emptyLedger();
  ledger.runs.set('a', { spent: amounts(5), open: new Map() });
  ledger.runs.set('b', { spent: amounts(1), open: new Map([['2.9', amounts(3)]]) });
  for (const run of ['a', 'a', 'b', 'unknown']) closeEntry(ledger, run);
  expect(totalsOf(ledger)).toEqual({ spent: { microUsd: 9, tokens: 18, ms: 3 }, reserved: NOTHING });
});

test('what is left has the units that are limited, and is less than nothing where more was taken', () => {
  const totals = { spent: amounts(8), reserved: amounts(4) };
  expect(leftOf({ microUsd: 10 }, NOTHING, totals)).toEqual({ microUsd: -2 });
  expect(leftOf({ microUsd: 10, tokens: 30 }, amounts(5), totals)).toEqual({ microUsd: 3, tokens: 16 });
});

test('an addition counts once per id, also when many come at once', async () => {
  const { state } = createMemoryStore();
  const scope = { kind: 'agent', name: 'a' } as const;
  const adding = Array.from({ length: 20 }, (_, i) => addToBudget(state, 't', scope, `id ${i % 10}`, amounts(1)));
  const dups = (await Promise.all(adding)).filter(({ dup }) => dup).length;
  expect(dups).toBe(10);
  expect(await readAdded(state, 't', scope)).toEqual({ microUsd: 10, tokens: 20, ms: 10 });
  expect(await readAdded(state, 'another', scope)).toEqual(NOTHING);
});

test('days are those of UTC', () => {
  const day = dayOf(Date.parse('2026-02-28T23:59:59.999Z'));
  expect(day).toBe('2026-02-28');
  expect(dayOf(dayAfter(day))).toBe('2026-03-01');
  expect(dayOf(dayAfter(day) - 1)).toBe(day);
});
