/**
 * Every error word of the protocol: HTTP status, WebSocket close code where the word ends the socket, whether the same
 * request may succeed later. PROTOCOL.md §8 is this table with {@link MEANINGS}; a test compares them.
 */
export const ERRORS = {
  BAD_FRAME: { http: 400, close: 4400, retryable: false },
  BAD_REQUEST: { http: 400, retryable: false },
  UNSUPPORTED_VERSION: { http: 400, close: 4406, retryable: false },
  UNAUTHENTICATED: { http: 401, close: 4401, retryable: false },
  FORBIDDEN: { http: 403, retryable: false },
  NOT_FOUND: { http: 404, retryable: false },
  METHOD_NOT_ALLOWED: { http: 405, retryable: false },
  IDEMPOTENCY_CONFLICT: { http: 409, retryable: false },
  RUN_FINISHED: { http: 409, retryable: false },
  TOO_LARGE: { http: 413, close: 1009, retryable: false },
  RATE_LIMITED: { http: 429, close: 4429, retryable: true },
  CANCELLED: { http: 499, retryable: false },
  INTERNAL: { http: 500, close: 1011, retryable: true },
  NOT_IMPLEMENTED: { http: 501, retryable: false },
  PROVIDER_REFUSED: { http: 502, retryable: false },
  PROVIDER_FAILED: { http: 502, retryable: true },
  PROVIDER_MALFORMED: { http: 502, retryable: true },
  PROVIDER_RATE_LIMITED: { http: 503, retryable: true },
  PROVIDER_TIMEOUT: { http: 504, retryable: true },
  CIRCUIT_OPEN: { http: 503, retryable: true },
  NO_PROGRESS: { http: 502, retryable: false },
  FENCED: { http: 409, retryable: false },
  STATE_CONFLICT: { http: 409, retryable: true },
  STORE_FULL: { http: 507, retryable: true },
  STORE_FAILED: { http: 503, retryable: true },
  DATA_DAMAGED: { http: 500, retryable: false },
  DATA_LOCKED: { http: 503, retryable: true },
  DATA_FORMAT: { http: 500, retryable: false },
  SHUTTING_DOWN: { http: 503, close: 1012, retryable: true },
  SLOW_CONSUMER: { http: 503, close: 4408, retryable: true },
  STREAM_DISCONNECTED: { http: 503, retryable: true },
  RECONNECT_FAILED: { http: 503, retryable: true },
  UNKNOWN_CLUSTER: { http: 404, retryable: false },
  BAD_CONFIG: { http: 400, retryable: false },
} as const satisfies Record<string, ErrorRow>;

export interface ErrorRow {
  readonly http: number;
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
