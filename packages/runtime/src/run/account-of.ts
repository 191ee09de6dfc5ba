import type { Clock } from '@openclaw-runtime/kit';
import type { Payloads, Usage } from '@openclaw-runtime/protocol';
import type { Lease } from '@openclaw-runtime/store';
import { Account } from '../budget/account.ts';
import type { Budgets } from '../budget/budgets.ts';
import { Pause } from '../budget/pause.ts';
import type { Rest } from './rest.ts';
import type { RunWriter } from './writer.ts';

/** The run whose account or pause it is. */
export interface Owner {
  readonly asked: Payloads['run.created'];
  readonly deps: { readonly budgets?: Budgets | undefined; readonly clock: Clock };
  readonly lease: Lease;
  readonly writer: RunWriter;
  readonly tenant: string;
  readonly run: string;
  readonly rest: Rest;
  readonly usage: Usage;
}

/** The account of a run that falls under a budget. */
export function accountOf(work: Owner, pause: () => Pause): Account | undefined {
  const { asked, deps, run, tenant } = work;
  const { budgets, clock } = deps;
  const scopes = budgets?.scopesOf(run, asked);
  if (!budgets || !scopes) return undefined;
  return new Account(
    { budgets, clock, ...budgets.forecasts },
    {
      tenant,
      run,
      at: asked.at,
      record: (kind, data) => work.writer.record(kind, 0, 0, data, 'disk'),
      usage: () => work.usage,
      settled: () => work.lease.settled(),
      // What an operation asks for is at work already.
      resting: (wait) => (asked.operation === undefined ? work.rest.working(() => work.rest.asking(wait)) : work.rest.asking(wait)),
    },
    scopes,
    pause(),
  );
}

export function pauseOf({ deps, lease, writer }: Owner): Pause {
  return new Pause({
    clock: deps.clock,
    record: (kind, data) => writer.record(kind, 0, 0, data, 'disk'),
    show: (isPaused) => lease.show(isPaused ? 'budget_exhausted' : 'running'),
    tell: (pause) => deps.budgets?.pauses.set(lease.key, pause),
  });
}
