import { HTTP_STATUS, OpenClawError } from '@openclaw-runtime/protocol';

/** An error as this protocol's clients read it; `details.code` is our own word, or one that they know. */
export interface ErrorShape {
  readonly code: 'INVALID_REQUEST' | 'UNAVAILABLE' | 'FORBIDDEN';
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
}

/** A refusal of which these clients know more than its word. */
export class Refusal extends OpenClawError {
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: OpenClawError['code'], message: string, details: Readonly<Record<string, unknown>>) {
    super(code, message);
    this.details = details;
  }
}

/** Milliseconds after which something may be tried again, where nobody says more exactly. */
const RETRY_MS = 1_000;

export function shapeOf(error: OpenClawError): ErrorShape {
  const { code, message, retryable, retryAfterMs } = error;
  return {
    code: wordOf(error),
    message,
    details: error instanceof Refusal ? error.details : { code },
    retryable,
    ...(retryable && { retryAfterMs: Math.ceil(retryAfterMs ?? RETRY_MS) }),
  };
}

function wordOf({ code, retryable }: OpenClawError): ErrorShape['code'] {
  if (code === 'FORBIDDEN') return 'FORBIDDEN';
  return retryable || HTTP_STATUS[code] >= 500 ? 'UNAVAILABLE' : 'INVALID_REQUEST';
}
