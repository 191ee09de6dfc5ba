/**
 * Every error word of the protocol: WebSocket close code where the word ends the socket, whether the same request may succeed
 * later. PROTOCOL.md §8 is this table with `HTTP_STATUS` and `MEANINGS`; a test compares them.
 */
export const ERRORS = {
  BAD_FRAME: { close: 4400, retryable: false },
  BAD_REQUEST: { retryable: false },
  UNSUPPORTED_VERSION: { close: 4406, retryable: false },
  UNAUTHENTICATED: { close: 4401, retryable: false },
  FORBIDDEN: { retryable: false },
  NOT_FOUND: { retryable: false },
  METHOD_NOT_ALLOWED: { retryable: false },
  IDEMPOTENCY_CONFLICT: { retryable: false },
  RUN_FINISHED: { retryable: false },
  TOO_LARGE: { close: 1009, retryable: false },
  RATE_LIMITED: { close: 4429, retryable: true },
  CANCELLED: { retryable: false },
  INTERNAL: { close: 1011, retryable: true },
  NOT_IMPLEMENTED: { retryable: false },
  PROVIDER_REFUSED: { retryable: false },
  PROVIDER_FAILED: { retryable: true },
  PROVIDER_MALFORMED: { retryable: true },
  PROVIDER_RATE_LIMITED: { retryable: true },
  PROVIDER_TIMEOUT: { retryable: true },
  CIRCUIT_OPEN: { retryable: true },
  NO_PROGRESS: { retryable: false },
  FENCED: { retryable: false },
  STATE_CONFLICT: { retryable: true },
  STORE_FULL: { retryable: true },
  STORE_FAILED: { retryable: true },
  DATA_DAMAGED: { retryable: false },
  DATA_LOCKED: { retryable: true },
  DATA_FORMAT: { retryable: false },
  SHUTTING_DOWN: { close: 1012, retryable: true },
  SLOW_CONSUMER: { close: 4408, retryable: true },
  STREAM_DISCONNECTED: { retryable: true },
  RECONNECT_FAILED: { retryable: true },
  UNKNOWN_CLUSTER: { retryable: false },
  BAD_CONFIG: { retryable: false },
} as const satisfies Record<string, ErrorRow>;

export interface ErrorRow {
  readonly close?: number;
  readonly retryable: boolean;
}

export type ErrorCode = keyof typeof ERRORS;

/** What travels of an error: in `err` frames, in HTTP bodies and in `run.finished` records. */
export interface ErrorBody {
  readonly code: ErrorCode;
  /** What happened, then what to do. */
  readonly message: string;
  readonly retryAfterMs?: number;
}

export function isErrorCode(word: unknown): word is ErrorCode {
  return typeof word === 'string' && Object.hasOwn(ERRORS, word);
}

/** The one error class of the house. */
export class OpenClawError extends Error {
  override readonly name = 'OpenClawError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown; readonly retryAfterMs?: number | undefined } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  toBody(): ErrorBody {
    const { code, message, retryAfterMs } = this;
    return retryAfterMs === undefined ? { code, message } : { code, message, retryAfterMs };
  }

  /** The one door through which unknown things become errors of ours. */
  static from(thing: unknown, code: ErrorCode = 'INTERNAL'): OpenClawError {
    if (thing instanceof OpenClawError) return thing;
    const message = thing instanceof Error ? thing.message : String(thing);
    return new OpenClawError(code, message, { cause: thing });
  }

  static fromBody(body: { readonly code: string; readonly message: string; readonly retryAfterMs?: number }): OpenClawError {
    const code = isErrorCode(body.code) ? body.code : 'INTERNAL';
    return new OpenClawError(code, body.message, { retryAfterMs: body.retryAfterMs });
  }
}
