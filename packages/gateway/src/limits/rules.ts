/** What one key, one tenant or one address may take; what is absent has no limit. A bucket holds two seconds' worth, so that much may come at once. */
export interface LimitRules {
  /** WebSocket connections at a time. */
  readonly connections?: number;
  /** HTTP requests, and frames on sockets. */
  readonly messagesPerSecond?: number;
  /** Of requests' bodies and of frames. */
  readonly bytesPerSecond?: number;
  /** Runs that are begun. */
  readonly runsPerSecond?: number;
  /** Runs that have not ended. */
  readonly concurrentRuns?: number;
}

export interface LimitSettings {
  readonly perKey: LimitRules;
  readonly perTenant: LimitRules;
  readonly perAddress: LimitRules;
}

/**
 * Of who came with a key: generous, so that only what is out of all proportion is refused. Who owns the house (its one token, or nobody's on its own machine) has no
 * limits but those that are configured.
 */
export const KEYED_LIMITS: LimitSettings = {
  perKey: {
    connections: 1_000,
    messagesPerSecond: 2_000,
    bytesPerSecond: 16 * 2 ** 20,
    runsPerSecond: 500,
    concurrentRuns: 5_000,
  },
  perTenant: {
    connections: 5_000,
    messagesPerSecond: 5_000,
    bytesPerSecond: 64 * 2 ** 20,
    runsPerSecond: 1_000,
    concurrentRuns: 10_000,
  },
  perAddress: {},
};

export const SECONDS_AT_ONCE = 2;
