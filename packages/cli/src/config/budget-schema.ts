import { z } from 'zod';
import { count, dollars, duration } from './field.ts';

/** What may be taken: any of US dollars, tokens and the time of model calls. */
export const budget = z.strictObject({
  usd: dollars.exactOptional(),
  tokens: count(0, 1_000_000_000_000).exactOptional(),
  ms: duration.exactOptional(),
});

/** Of each run, task, session and agent, of a tenant, and of each of its days in UTC. */
export const budgets = z.strictObject({
  run: budget.exactOptional(),
  task: budget.exactOptional(),
  session: budget.exactOptional(),
  agent: budget.exactOptional(),
  tenant: budget.exactOptional(),
  day: budget.exactOptional(),
});
