/** Limits on what a peer may send. Every one has a test. */
export const LIMITS = {
  /** Bytes of one WebSocket message. */
  maxFrameBytes: 1024 * 1024,
  /** Bytes of the first message, before the peer is known. */
  maxHelloBytes: 8 * 1024,
  /** Fragments of one WebSocket message. */
  maxFragments: 64,
  /** Nesting of JSON. */
  maxDepth: 32,
  /** Bytes of an HTTP body. */
  maxBodyBytes: 1024 * 1024,
  /** Characters of a command's data, as JSON. */
  maxCommandChars: 16 * 1024,
  /** Commands of one run that wait to be handled, a message until a step answers it. */
  maxWaitingCommands: 100,
  /** Open channels of one connection. */
  maxChannels: 10_000,
  /** Characters of an idempotency key, command id, session or agent name. */
  maxNameLength: 128,
  /** Messages of one input. */
  maxMessages: 1_000,
  /** Tools of one request. */
  maxTools: 128,
  /** Tokens that one answer may be allowed to have. */
  maxAnswerTokens: 10_000_000,
  /** Texts at which an answer ends, and characters of each. */
  maxStops: 16,
  maxStopChars: 256,
  /** Dollars of a budget, and tokens or milliseconds: sums of millionths stay exact. */
  maxUsd: 1_000_000,
  maxAmount: 1_000_000_000_000,
} as const;
