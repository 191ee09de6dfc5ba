import type { IncomingMessage } from 'node:http';
import { isId } from '@openclaw-runtime/kit';
import { type Budget, LIMITS, OpenClawError, type Payloads, type WireRecord } from '@openclaw-runtime/protocol';
import { budgetSchema, judge } from '@openclaw-runtime/protocol/schema';
import {
  addToBudget,
  type BudgetLimits,
  budgetOf,
  dayOf,
  LIMITS_KEY,
  type Limits,
  ledgerKey,
  leftOf,
  limitsOf,
  NOTHING,
  parseLedger,
  plus,
  readAdded,
  runKey,
  SCOPES,
  type ScopeName,
  type State,
  type Store,
  totalsOf,
  UNITS,
} from '@openclaw-runtime/store';
import type { GatewayContext } from '../admission/options.ts';
import { readJson } from './body.ts';

/** How a budget stands: what is left out of `limit` and `left` is not limited. */
export interface BudgetState {
  readonly scope: ScopeName['kind'];
  readonly name: string;
  /** With what was added to it. */
  readonly limit: Budget;
  readonly spent: Budget;
  readonly reserved: Budget;
  readonly left: Budget;
}

/** The limits of `GET /v1/budgets?run&session&agent`: those of the tenant, of today and of each agent that has its own, and of what is named. Rejects with `NOT_FOUND` for a run that is none. */
export async function readBudgets({ store, clock }: Pick<GatewayContext, 'store' | 'clock'>, tenant: string, { searchParams }: URL) {
  const { scopes, agents } = await limitsIn(store.state);
  const run = searchParams.get('run') ?? undefined;
  const session = searchParams.get('session') ?? undefined;
  const agent = searchParams.get('agent') ?? undefined;
  const asked = run === undefined ? undefined : await requestOf(store, tenant, run);
  const names = new Set([...Object.keys(agents), ...[agent, asked?.agent].filter((name) => name !== undefined)]);
  const found: (ScopeName & { readonly limits: Limits | undefined })[] = [
    { kind: 'tenant', name: '', limits: scopes.tenant },
    { kind: 'day', name: dayOf(clock.wall()), limits: scopes.day },
    ...[...names].map((name) => ({ kind: 'agent' as const, name, limits: Object.hasOwn(agents, name) ? agents[name] : scopes.agent })),
  ];
  for (const name of new Set([session, asked?.session]))
    if (name !== undefined) found.push({ kind: 'session', name, limits: scopes.session });
  if (run !== undefined && asked) {
    found.push({ kind: 'task', name: asked.parent?.root ?? run, limits: asked.budget ? limitsOf(asked.budget) : scopes.task });
    found.push({ kind: 'run', name: run, limits: scopes.run });
  }
  const states: BudgetState[] = [];
  for (const { limits, ...scope } of found)
    if (limits && Object.keys(limits).length > 0) states.push(await stateOf(store.state, tenant, scope, limits));
  return { budgets: states };
}

/** Adds to a budget of the house: `{scope, name?, usd?, tokens?, ms?}`; of the tenant's and the agents', today's, or a session's. Once per `id`; durable when it resolves. */
export async function addBudget(
  { store, clock }: Pick<GatewayContext, 'store' | 'clock'>,
  tenant: string,
  request: IncomingMessage,
  id: string,
) {
  const body = await readJson(request);
  const {
    scope,
    name = '',
    ...rest
  } = (typeof body === 'object' && body !== null ? body : {}) as { readonly scope?: string; readonly name?: string };
  const kind = SCOPES.find((each) => each === scope);
  if (kind === undefined || kind === 'task' || kind === 'run')
    throw new OpenClawError('BAD_REQUEST', 'scope: one of tenant, day, agent, session. To a run: POST /v1/runs/RUN/budget.');
  const budget = judge(budgetSchema, rest);
  if (!budget.success || typeof budget.data === 'number')
    throw new OpenClawError('BAD_REQUEST', `${budget.error?.issues[0]?.path.join('.') || 'body'}: ${budget.error?.issues[0]?.message}.`);
  if (typeof name !== 'string' || name.length > LIMITS.maxNameLength || (name === '') !== (kind === 'tenant' || kind === 'day'))
    throw new OpenClawError('BAD_REQUEST', 'name: that of the agent or session, and none for tenant and day.');
  const named = kind === 'day' ? dayOf(clock.wall()) : name;
  const { dup } = await addToBudget(store.state, tenant, { kind, name: named }, id, { ...NOTHING, ...limitsOf(budget.data) });
  return { scope: kind, name: named, id, ...(dup ? { dup } : {}) };
}

async function stateOf(state: State, tenant: string, scope: ScopeName, limits: Limits): Promise<BudgetState> {
  const found = await state.get(tenant, ledgerKey(scope));
  const totals = found ? totalsOf(parseLedger(found.value)) : { spent: NOTHING, reserved: NOTHING };
  const added = await readAdded(state, tenant, scope);
  const raised = plus({ ...NOTHING, ...limits }, added);
  const limit = Object.fromEntries(UNITS.flatMap((unit) => (limits[unit] === undefined ? [] : [[unit, raised[unit]]]))) as Limits;
  return {
    scope: scope.kind,
    name: scope.name,
    limit: budgetOf(limit),
    spent: budgetOf(totals.spent),
    reserved: budgetOf(totals.reserved),
    left: budgetOf(leftOf(limits, added, totals)),
  };
}

async function limitsIn(state: State): Promise<BudgetLimits> {
  const found = await state.get('_house', LIMITS_KEY);
  return found ? (JSON.parse(found.value) as BudgetLimits) : { scopes: {}, agents: {} };
}

async function requestOf(store: Store, tenant: string, run: string): Promise<Payloads['run.created']> {
  if (!isId(run)) throw new OpenClawError('BAD_REQUEST', 'run: the id of a run.');
  const { chunk, snapshot } = await store.runs.read(runKey(tenant, run), 0, 1);
  const [first] = JSON.parse(`[${chunk?.body ?? snapshot?.creation}]`) as [WireRecord];
  return first[3] as Payloads['run.created'];
}
