import type { Clock } from '@openclaw-runtime/kit';
import type { ModelBroker, ModelEnd, ModelRequest } from '@openclaw-runtime/model';
import type { Account } from '../budget/account.ts';
import type { Silence } from '../budget/silence.ts';
import { pay } from './pay.ts';

export interface AsideHouse {
  readonly broker: ModelBroker;
  readonly clock: Clock;
  /** Absent where the run falls under no budget. */
  readonly budget?: Account | undefined;
}

export interface AsideOptions {
  /** Tokens of its text that are known to come. */
  readonly leastTokens?: number;
  /** It is not waited for: where there is no room for it, it rejects with `BUDGET_EXHAUSTED`. */
  readonly isOptional?: boolean;
}

/** One model call that nobody watches, paid for where the run falls under a budget. */
export function askAside(
  { broker, clock, budget: account }: AsideHouse,
  request: ModelRequest,
  sink: Silence,
  signal: AbortSignal,
  options: AsideOptions = {},
): Promise<ModelEnd> {
  if (!account) return broker.stream(request, sink, signal);
  return pay({ ...options, account, clock, step: 0, request, signal, isKept: () => false }, (asked, meter, watched) => {
    sink.meter = meter;
    return broker.stream(asked, sink, watched);
  });
}
