/**
 * Every error word of the protocol: HTTP status, WebSocket close code where the word ends the socket, whether the same
 * request may succeed later, and what it means. PROTOCOL.md §8 is this table; a test compares them.
 */
export const ERRORS = {
  BAD_FRAME: { http: 400, close: 4400, retryable: false, says: 'The frame is not valid JSON or not of the protocol.' },
  BAD_REQUEST: { http: 400, retryable: false, says: 'The request is well formed but asks for something impossible.' },
  UNSUPPORTED_VERSION: { http: 400, close: 4406, retryable: false, says: 'The peers share no protocol version.' },
  UNAUTHENTICATED: { http: 401, close: 4401, retryable: false, says: 'No valid token was given in time.' },
  FORBIDDEN: { http: 403, retryable: false, says: 'The origin, host or action is not allowed.' },
  NOT_FOUND: { http: 404, retryable: false, says: 'There is no such run, agent, model or path.' },
  METHOD_NOT_ALLOWED: { http: 405, retryable: false, says: 'The path exists but not for this method.' },
  IDEMPOTENCY_CONFLICT: { http: 409, retryable: false, says: 'The idempotency key was used for a different request.' },
  RUN_FINISHED: { http: 409, retryable: false, says: 'The run has ended and takes no more commands.' },
  TOO_LARGE: { http: 413, close: 1009, retryable: false, says: 'The message exceeds a limit in size or depth.' },
  RATE_LIMITED: { http: 429, close: 4429, retryable: true, says: 'Too many connections, messages or runs.' },
  CANCELLED: { http: 499, retryable: false, says: 'The run was cancelled.' },
  INTERNAL: { http: 500, close: 1011, retryable: true, says: 'A defect in the server; the id in the message finds it in the log.' },
  NOT_IMPLEMENTED: { http: 501, retryable: false, says: 'The server knows the request but does not serve it.' },
  PROVIDER_REFUSED: { http: 502, retryable: false, says: 'The provider refused the request; trying again would not help.' },
  PROVIDER_FAILED: { http: 502, retryable: true, says: 'The provider failed or broke off, and the retries are used up.' },
  PROVIDER_MALFORMED: { http: 502, retryable: true, says: 'The provider sent something that is not of its own protocol.' },
  PROVIDER_RATE_LIMITED: { http: 503, retryable: true, says: 'The provider asks for a slower pace, and the retries are used up.' },
  PROVIDER_TIMEOUT: { http: 504, retryable: true, says: 'The provider was silent for too long, and the retries are used up.' },
  CIRCUIT_OPEN: { http: 503, retryable: true, says: 'The provider failed so often that it is left alone for a while.' },
  NO_PROGRESS: { http: 502, retryable: false, says: 'Recovery was given up: attempts, regenerated text or time ran out.' },
  FENCED: { http: 409, retryable: false, says: 'Another owner has taken over the run; this writer must stop.' },
  STATE_CONFLICT: { http: 409, retryable: true, says: 'The state changed since it was read.' },
  STORE_FULL: { http: 507, retryable: true, says: 'The disk is full; nothing was lost, new work waits for space.' },
  STORE_FAILED: { http: 503, retryable: true, says: 'The store cannot write; the process must restart to verify its data.' },
  DATA_DAMAGED: { http: 500, retryable: false, says: 'Stored data failed its checksum and is not served.' },
  DATA_LOCKED: { http: 503, retryable: true, says: 'Another process owns the data folder.' },
  DATA_FORMAT: { http: 500, retryable: false, says: 'The data folder was written by a version this one cannot read.' },
  SHUTTING_DOWN: { http: 503, close: 1012, retryable: true, says: 'The server drains; connect again in a moment.' },
  SLOW_CONSUMER: { http: 503, close: 4408, retryable: true, says: 'The peer read nothing for too long; resume from the cursor.' },
  STREAM_DISCONNECTED: { http: 503, retryable: true, says: 'The connection dropped; the run goes on and can be resumed.' },
  RECONNECT_FAILED: { http: 503, retryable: true, says: 'All reconnection attempts failed.' },
  UNKNOWN_CLUSTER: { http: 404, retryable: false, says: 'The agent:// address names no configured cluster.' },
  BAD_CONFIG: { http: 400, retryable: false, says: 'The configuration has a value that cannot be used.' },
} as const satisfies Record<string, ErrorRow>;

export interface ErrorRow {
  readonly http: number;
  readonly close?: number;
  readonly retryable: boolean;
  readonly says: string;
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

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown; readonly retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }

  toBody(): ErrorBody {
    return this.retryAfterMs === undefined
      ? { code: this.code, message: this.message }
      : { code: this.code, message: this.message, retryAfterMs: this.retryAfterMs };
  }

  /** The one door through which unknown things become errors of ours. */
  static from(thing: unknown, code: ErrorCode = 'INTERNAL'): OpenClawError {
    if (thing instanceof OpenClawError) return thing;
    const message = thing instanceof Error ? thing.message : String(thing);
    return new OpenClawError(code, message, { cause: thing });
  }

  static fromBody(body: { readonly code: string; readonly message: string; readonly retryAfterMs?: number }): OpenClawError {
    const code = isErrorCode(body.code) ? body.code : 'INTERNAL';
    return new OpenClawError(code, body.message, body.retryAfterMs === undefined ? {} : { retryAfterMs: body.retryAfterMs });
  }
}
