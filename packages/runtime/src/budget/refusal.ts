import { type BudgetPause, OpenClawError, type Usage } from '@openclaw-runtime/protocol';
import { type Amounts, dayAfter, type ScopeName, UNITS, type Unit } from '@openclaw-runtime/store';
import type { Book } from './book.ts';
import type { Waiting } from './budgets.ts';

/** Why a call has to wait: more than is left is needed; `isFinal` where what others have set aside would not be enough either. */
export interface Refusal extends Waiting {
  readonly unit: Unit;
  readonly isFinal: boolean;
}

/** By the first of the budgets that has no room for so much; undefined where all have. */
export function refusalOf(books: readonly Book[], need: Amounts): Refusal | undefined {
  for (const book of books) {
    const { left, totals, scope } = book;
    const unit = UNITS.find((each) => left[each] !== undefined && need[each] > left[each]);
    if (unit === undefined) continue;
    const until = scope.kind === 'day' ? dayAfter(scope.name) : undefined;
    return { book, unit, left, until, isFinal: need[unit] > (left[unit] ?? 0) + totals.reserved[unit] };
  }
  return undefined;
}

/** The same as the log tells it, at `wallMs`. `least`: what would have to be left for the run to go on. */
export function pauseOf({ book, unit, until }: Refusal, least: Amounts, usage: Usage, wallMs: number): BudgetPause {
  const { scope, limits, added, totals } = book;
  const said = (amount: number): number => (unit === 'microUsd' ? amount / 1_000_000 : amount);
  const limit = said((limits[unit] ?? 0) + added[unit]);
  const spent = said(totals.spent[unit] + totals.reserved[unit]);
  const needed = said(least[unit]);
  const error = new OpenClawError('BUDGET_EXHAUSTED', wordsOf(scope, unit, { limit, spent, needed })).toBody();
  return {
    scope: scope.kind,
    name: scope.name,
    unit: unit === 'microUsd' ? 'usd' : unit,
    limit,
    spent,
    needed,
    at: wallMs,
    ...(until !== undefined && { until }),
    outcome: { status: 'budget_exhausted', error, usage },
  };
}

const WORDS: Readonly<Record<ScopeName['kind'], (name: string) => string>> = {
  tenant: () => 'all runs together',
  day: (name) => `the day ${name}`,
  agent: (name) => `the agent ${name}`,
  session: (name) => `the session ${name}`,
  task: () => 'this task',
  run: () => 'this run',
};

function wordsOf({ kind, name }: ScopeName, unit: Unit, { limit, spent, needed }: Pick<BudgetPause, 'limit' | 'spent' | 'needed'>): string {
  const said = unit === 'microUsd' ? (amount: number): string => `$${amount}` : (amount: number): string => `${amount} ${unit}`;
  const todo =
    kind === 'task' || kind === 'run' ? 'Add to it, and the run goes on.' : `Raise budgets.${kind}, or add to it, and the run goes on.`;
  return `The budget of ${WORDS[kind](name)} is ${said(limit)}, of which ${said(spent)} are taken; the next model call may take ${said(needed)}. ${todo}`;
}
