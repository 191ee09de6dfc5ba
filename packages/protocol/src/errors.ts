import type { ErrorCode } from './error-words.ts';

/** Words that end a WebSocket, with its close code. Apart from the table ({@link ERRORS}), since clients carry these with them. */
export const CLOSE_CODES = {
  BAD_FRAME: 4400,
  UNAUTHENTICATED: 4401,
  UNSUPPORTED_VERSION: 4406,
  SLOW_CONSUMER: 4408,
  RATE_LIMITED: 4429,
  TOO_LARGE: 1009,
  INTERNAL: 1011,
  SHUTTING_DOWN: 1012,
} as const;

/** Words after which the same request may succeed later. */
export const RETRYABLE = [
  'RATE_LIMITED',
  'INTERNAL',
  'PROVIDER_FAILED',
  'PROVIDER_MALFORMED',
  'PROVIDER_RATE_LIMITED',
  'PROVIDER_TIMEOUT',
  'CIRCUIT_OPEN',
  'THREAD_LOST',
  'STATE_CONFLICT',
  'STORE_FULL',
  'STORE_FAILED',
  'DATA_LOCKED',
  'SHUTTING_DOWN',
  'SLOW_CONSUMER',
  'STREAM_DISCONNECTED',
  'RECONNECT_FAILED',
] as const;

/** What travels of an error: in `err` frames, in HTTP bodies and in `run.finished` records. */
export interface ErrorBody {
  readonly code: ErrorCode;
  /** What happened, then what to do. */
  readonly message: string;
  readonly retryAfterMs?: number;
}

/** The one error class of the house. */
export class OpenClawError extends Error {
  override readonly name = 'OpenClawError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown; readonly retryAfterMs?: number | undefined } = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return (RETRYABLE as readonly string[]).includes(this.code);
  }

  toBody(): ErrorBody {
    const { code, message, retryAfterMs } = this;
    return { code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }

  /** The one door through which unknown things become errors of ours. */
  static from(thing: unknown, code: ErrorCode = 'INTERNAL'): OpenClawError {
    if (thing instanceof OpenClawError) return thing;
    const message = thing instanceof Error ? thing.message : String(thing);
    return new OpenClawError(code, message, { cause: thing });
  }

  /** A word that this version does not know stays as it is: a newer peer's says more than none. */
  static fromBody(body: { readonly code: string; readonly message: string; readonly retryAfterMs?: number }): OpenClawError {
    return new OpenClawError(body.code as ErrorCode, body.message, { retryAfterMs: body.retryAfterMs });
  }
}
