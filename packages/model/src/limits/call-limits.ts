import { OpenClawError } from '@openclaw-runtime/protocol';

/** What may go to a model at once and per minute; a limit that is left out does not hold. */
export interface CallLimits {
  /** Calls at the provider at once. */
  readonly concurrency?: number | undefined;
  /** Tries that begin within any minute. */
  readonly requestsPerMinute?: number | undefined;
  /** Tokens within any minute: an estimate of the input when a call begins, what the provider counted when it ends. */
  readonly tokensPerMinute?: number | undefined;
  /** Calls that may wait; beyond them a call is refused. */
  readonly queue?: number | undefined;
}

export interface ResolvedLimits {
  readonly concurrency: number;
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
  readonly queue: number;
}

export const UNLIMITED: ResolvedLimits = {
  concurrency: Number.POSITIVE_INFINITY,
  requestsPerMinute: Number.POSITIVE_INFINITY,
  tokensPerMinute: Number.POSITIVE_INFINITY,
  queue: 10_000,
};

/** `undefined` where nothing is limited. `path` is where the limits stand in the configuration. Throws `BAD_CONFIG`. */
export function resolveLimits(path: string, given: CallLimits | undefined): ResolvedLimits | undefined {
  const limits: Record<keyof ResolvedLimits, number> = { ...UNLIMITED };
  for (const key of Object.keys(UNLIMITED) as (keyof ResolvedLimits)[]) {
    const value = given?.[key];
    if (value === undefined) continue;
    const least = key === 'queue' ? 0 : 1;
    if (!Number.isInteger(value) || value < least) {
      throw new OpenClawError('BAD_CONFIG', `${path}.${key} is ${value}. Give a whole number from ${least}, or leave it out.`);
    }
    limits[key] = value;
  }
  const { concurrency, requestsPerMinute, tokensPerMinute } = limits;
  return Math.min(concurrency, requestsPerMinute, tokensPerMinute) === Number.POSITIVE_INFINITY ? undefined : limits;
}
