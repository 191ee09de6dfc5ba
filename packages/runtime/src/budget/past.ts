import type { Budget, RunRecord } from '@openclaw-runtime/protocol';
import { type Amounts, NOTHING, plus } from '@openclaw-runtime/store';
import type { PausePast } from './pause.ts';

/** What recovery has to know of a run's budgets. It is JSON. Runs without one have nothing of it. */
export interface BudgetPast extends PausePast {
  /** Of all its settled calls, and of those of the latest days. */
  spent: Amounts;
  days: [day: string, spent: Amounts][];
  /** The highest number of a call so far, and the latest calls: the ledger may not know yet that they are settled. */
  count: number;
  calls: string[];
  /** What was added to its budget last: the store may not know yet. */
  added: (Budget & { readonly command: string })[];
}

const DAYS_KEPT = 3;
/** Model calls that an operation may have under way at once are fewer. */
const CALLS_KEPT = 1_000;
/** Of no more does the store know whether they were added. */
const ADDED_KEPT = 1_000;

export function beginBudgetPast(): BudgetPast {
  return { pausedMs: 0, spent: NOTHING, days: [], count: 0, calls: [], added: [] };
}

/** Applies one record, in place: `past` is there from the first on that concerns budgets. */
export function followBudget(past: BudgetPast, record: RunRecord): void {
  switch (record.kind) {
    case 'budget.settled': {
      const { call, day, microUsd, tokens, ms } = record.data;
      const amounts = { microUsd, tokens, ms };
      past.spent = plus(past.spent, amounts);
      const known = past.days.find(([name]) => name === day);
      if (known) known[1] = plus(known[1], amounts);
      else past.days = [...past.days, [day, amounts] as [string, Amounts]].slice(-DAYS_KEPT);
      past.calls = [...past.calls, call].slice(-CALLS_KEPT);
      past.count = Math.max(past.count, numberOf(call));
      return;
    }
    case 'budget.paused':
      past.paused = record.data;
      return;
    case 'budget.resumed':
      past.pausedMs += record.data.pausedMs;
      delete past.paused;
      return;
    case 'budget.added':
      past.added = [...past.added, record.data].slice(-ADDED_KEPT);
      return;
    default:
  }
}

/** A call is named by its step, 0 where nobody watches it, and its number in the run. */
export function callName(step: number, n: number): string {
  return `${step}.${n}`;
}

export function stepOf(call: string): number {
  return Number(call.slice(0, call.indexOf('.')));
}

export function numberOf(call: string): number {
  return Number(call.slice(call.indexOf('.') + 1));
}
