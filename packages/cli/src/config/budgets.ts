import { type BudgetLimits, type Limits, limitsOf } from '@openclaw-runtime/store';
import type { AgentSettings, BudgetSettings, Config } from './config.ts';

/** What the runtime is told of budgets, in whole numbers. */
export function budgetLimitsOf({ budgets, agents }: Pick<Config, 'budgets' | 'agents'>): BudgetLimits {
  const scopes = Object.entries(budgets).map(([scope, budget]: [string, BudgetSettings]) => [scope, limitsOf(budget)] as const);
  const own = Object.entries(agents).flatMap(([name, { budget }]: [string, AgentSettings]): [string, Limits][] =>
    budget ? [[name, limitsOf(budget)]] : [],
  );
  return { scopes: Object.fromEntries(scopes), agents: Object.fromEntries(own) };
}
