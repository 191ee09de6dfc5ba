import type { ErrorCode, OpenClawError } from '@openclaw-runtime/protocol';
import { isObject } from '../call/event.ts';
import type { Speech } from '../call/speech.ts';

const CODES: ReadonlyMap<unknown, ErrorCode> = new Map([
  ['rate_limit_exceeded', 'PROVIDER_RATE_LIMITED'],
  ['insufficient_quota', 'PROVIDER_RATE_LIMITED'],
  ['model_not_found', 'NOT_FOUND'],
]);
/** Of the many words for a request that is at fault. */
const REFUSALS = /^(invalid_|image_|unsupported_|empty_|failed_to_download_|context_length_|data_residency_|bio_policy)/;

/** An error that comes within a stream, or at a response's end. */
export function streamFailure(what: string, error: unknown, speech: Speech): OpenClawError {
  const { code: word, message } = isObject(error) ? error : {};
  const said = typeof message === 'string' && message !== '' ? message : JSON.stringify(error ?? null);
  const code = CODES.get(word) ?? (REFUSALS.test(String(word)) ? 'PROVIDER_REFUSED' : 'PROVIDER_FAILED');
  const advice = code === 'PROVIDER_REFUSED' ? 'Change the request: the same one would be refused again.' : 'Try again later.';
  const quoted = typeof word === 'string' ? `${said} (${word})` : said;
  return speech.failed(`${what}: ${speech.tidy(quoted).replace(/\.$/, '')}`, code, advice);
}
