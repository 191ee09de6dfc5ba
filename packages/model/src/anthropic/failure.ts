import type { ErrorCode, OpenClawError } from '@openclaw-runtime/protocol';
import { isObject } from '../call/event.ts';
import type { Speech } from '../call/speech.ts';

/** All other words mean trouble of the provider's own: `overloaded_error`, `api_error`, `timeout_error`. */
const CODES: ReadonlyMap<unknown, ErrorCode> = new Map([
  ['rate_limit_error', 'PROVIDER_RATE_LIMITED'],
  ['invalid_request_error', 'PROVIDER_REFUSED'],
  ['authentication_error', 'PROVIDER_REFUSED'],
  ['permission_error', 'PROVIDER_REFUSED'],
  ['billing_error', 'PROVIDER_REFUSED'],
  ['not_found_error', 'PROVIDER_REFUSED'],
  ['request_too_large', 'PROVIDER_REFUSED'],
]);

/** An error that comes within a stream. */
export function streamFailure(error: unknown, speech: Speech): OpenClawError {
  const { type, message } = isObject(error) ? error : {};
  const said = typeof message === 'string' && message !== '' ? message : JSON.stringify(error ?? null);
  const word = typeof type === 'string' ? ` (${type})` : '';
  const code = CODES.get(type) ?? 'PROVIDER_FAILED';
  const advice = code === 'PROVIDER_REFUSED' ? 'Change the request: the same one would be refused again.' : 'Try again later.';
  return speech.failed(`reported an error in its answer: ${speech.tidy(said + word).replace(/\.$/, '')}`, code, advice);
}
