import type { Limits } from './amounts.ts';

/** What a budget is for, the widest first: all of a tenant's runs, those of one day, of one agent, of one session, of one task, one run. */
export type ScopeKind = 'tenant' | 'day' | 'agent' | 'session' | 'task' | 'run';

export const SCOPES: readonly ScopeKind[] = ['tenant', 'day', 'agent', 'session', 'task', 'run'];

/** One budget of a tenant's. `name`: of the agent, session, task (its first run) or run; of a day `2026-01-31`, in UTC; '' for the tenant. */
export interface ScopeName {
  readonly kind: ScopeKind;
  readonly name: string;
}

/** Of a time in milliseconds since 1970. */
export function dayOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}

/** Milliseconds since 1970 at which the day after this one begins. */
export function dayAfter(day: string): number {
  return Date.parse(day) + 86_400_000;
}

/** Where the store's state keeps what is taken. */
export function ledgerKey({ kind, name }: ScopeName): string {
  return `budget/${kind}/${name}`;
}

/** Where it keeps what was added to the limit. */
export function addedKey({ kind, name }: ScopeName): string {
  return `budget-added/${kind}/${name}`;
}

/** The limits of a house; those of an agent stand in place of `scopes.agent`. */
export interface BudgetLimits {
  readonly scopes: Readonly<Partial<Record<ScopeKind, Limits>>>;
  readonly agents: Readonly<Record<string, Limits>>;
}

/** Where the runtime tells gateways its {@link BudgetLimits}, as JSON; of the tenant `_house`. */
export const LIMITS_KEY = 'budgets';
