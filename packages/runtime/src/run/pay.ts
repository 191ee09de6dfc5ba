import type { Clock } from '@openclaw-runtime/kit';
import type { ModelEnd, ModelRequest } from '@openclaw-runtime/model';
import { addUsage, NO_USAGE, OpenClawError, type Usage } from '@openclaw-runtime/protocol';
import type { Account, Grant } from '../budget/account.ts';
import { tokensIn } from '../budget/forecast.ts';
import type { Meter } from '../budget/silence.ts';
import { Stop } from './stop.ts';

export interface Payment {
  readonly account: Account;
  readonly clock: Clock;
  /** 0 for a call that nobody watches. */
  readonly step: number;
  readonly request: ModelRequest;
  /** Tokens of its text that were delivered before. */
  readonly leastTokens?: number;
  /** It is not waited for: where there is no room for it, it rejects with `BUDGET_EXHAUSTED`. */
  readonly isOptional?: boolean;
  readonly signal: AbortSignal;
  /** Whether its provider keeps the response, as far as that is known. */
  isKept(): boolean;
}

/** Refusals: nothing was done, so nothing is billed. */
const FREE: readonly string[] = ['PROVIDER_REFUSED', 'PROVIDER_RATE_LIMITED', 'CIRCUIT_OPEN', 'RATE_LIMITED', 'NOT_FOUND', 'BAD_REQUEST'];

/**
 * Makes a model call that is paid for out of budgets: waits until what it may take is set aside, breaks it off with `BUDGET_EXHAUSTED` when it takes more than there
 * is, and settles what it took however it ended.
 */
export async function pay(
  payment: Payment,
  call: (request: ModelRequest, meter: Meter, signal: AbortSignal) => Promise<ModelEnd>,
): Promise<ModelEnd> {
  const { account, step, request, leastTokens, isOptional = false, signal } = payment;
  const { model, level, messages, tools, settings } = request;
  const goesOn = request.attach === undefined ? undefined : await account.adopt(step, model, level);
  const asked = { model, level, messages, tools, maxTokens: settings?.maxTokens, leastTokens };
  const grant = goesOn ?? (await account.reserve(step, asked, signal, isOptional));
  const metered = new Metered(payment, grant);
  const lowered = grant.level === undefined || grant.level === level ? request : { ...request, level: grant.level };
  try {
    const end = await call(lowered, metered, AbortSignal.any([signal, metered.signal]));
    account.settle(grant, addUsage(metered.usage, end.usage));
    return end;
  } catch (thrown) {
    const isGone = signal.aborted && signal.reason instanceof Stop && signal.reason.handover;
    const isKept = payment.isKept() && (isGone || !signal.aborted) && !metered.signal.aborted;
    const isFree = !signal.aborted && metered.isSilent && FREE.includes(OpenClawError.from(thrown).code);
    account.breakOff(grant, metered.usage, { isKept, isFree });
    throw metered.signal.aborted && !signal.aborted ? metered.signal.reason : thrown;
  } finally {
    metered.end();
  }
}

class Metered implements Meter {
  usage = NO_USAGE;
  readonly #payment: Payment;
  readonly #grant: Grant;
  readonly #abort = new AbortController();
  #cancel: () => void;

  constructor(payment: Payment, grant: Grant) {
    this.#payment = payment;
    this.#grant = grant;
    this.#cancel = this.#arm();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isSilent(): boolean {
    return this.#grant.heard + this.#grant.thought === 0;
  }

  heard(flow: 'text' | 'thinking', delta: string): void {
    const grant = this.#grant;
    const tokens = tokensIn(delta);
    if (flow === 'text') grant.heard += tokens;
    else grant.thought += tokens;
    const { inputTokens = 0 } = grant.expected ?? {};
    while (inputTokens + grant.heard + grant.thought > grant.amounts.tokens && !this.#abort.signal.aborted) this.#extend();
  }

  spent(usage: Usage): void {
    this.usage = addUsage(this.usage, usage);
  }

  end(): void {
    this.#cancel();
  }

  /** When the time that is set aside is over. */
  #arm(): () => void {
    const { clock } = this.#payment;
    const { amounts, sinceMs } = this.#grant;
    if (!this.#payment.account.isTimed) return () => undefined;
    return clock.after(Math.max(sinceMs + amounts.ms - clock.now(), 1), () => {
      this.#extend();
      if (!this.#abort.signal.aborted) this.#cancel = this.#arm();
    });
  }

  #extend(): void {
    if (this.#payment.account.extend(this.#grant)) return;
    this.#abort.abort(
      new OpenClawError('BUDGET_EXHAUSTED', 'The answer takes more than the budget has room for. Add to it, and it goes on.'),
    );
  }
}
