import { type ErrorCode, OpenClawError } from '@openclaw-runtime/protocol';
import { isModelUnknown, providerMessage } from './provider-message.ts';
import { parseRetryAfter } from './retry-after.ts';

export interface RefusedAnswer {
  readonly provider: string;
  readonly model: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** As `secretsOf` gives them. */
  readonly secrets: readonly string[];
  readonly wallMs: number;
}

/** The cause of such an error. */
export interface Refusal {
  readonly status: number;
}

const RETRIED = new Set([408, 409, 425, 429]);

/** The error for an answer whose status is not a success. */
export function statusFailure(answer: RefusedAnswer): OpenClawError {
  const { provider, model, status, headers, body, secrets, wallMs } = answer;
  const said = providerMessage(body, secrets).replace(/\.$/, '');
  const quoted = said ? `: ${said}` : '';
  if (status === 404 && isModelUnknown(body)) {
    return new OpenClawError('NOT_FOUND', `The provider "${provider}" has no model "${model}"${quoted}. Give a model name that it knows.`);
  }
  const code = codeOf(status);
  const retryAfterMs = code === 'PROVIDER_REFUSED' ? undefined : parseRetryAfter(headers['retry-after'], wallMs);
  const message = `The provider "${provider}" answered ${status}${quoted}. ${advice(status, code)}`;
  return new OpenClawError(code, message, { cause: { status } satisfies Refusal, retryAfterMs });
}

function codeOf(status: number): ErrorCode {
  if (status === 429) return 'PROVIDER_RATE_LIMITED';
  return status >= 500 || RETRIED.has(status) ? 'PROVIDER_FAILED' : 'PROVIDER_REFUSED';
}

function advice(status: number, code: ErrorCode): string {
  if (code === 'PROVIDER_RATE_LIMITED') return 'Try again later, or raise the limit at the provider.';
  if (code === 'PROVIDER_FAILED') return 'Try again later.';
  if (status === 401 || status === 403) return 'Check the apiKey of this provider.';
  if (status === 404) return 'Check the baseUrl of this provider and the model name.';
  return 'Change the request: the same one would be refused again.';
}
