import { redact } from './secrets.ts';

const MAX_LENGTH = 500;

/** What the provider says of an error, fit to be passed on: the message of its JSON where there is one, short, without the secrets. */
export function providerMessage(body: string, secrets: readonly string[]): string {
  return tidy(messageOf(body) ?? body, secrets);
}

/** The text on one line, at most 500 characters unless told, without the secrets. They go before the text is cut, so that no part of one stays. */
export function tidy(text: string, secrets: readonly string[], maxLength = MAX_LENGTH): string {
  const clean = redact(text, secrets).replace(/\s+/g, ' ').trim();
  return clean.length > maxLength ? `${clean.slice(0, maxLength - 1)}…` : clean;
}

/** Whether a 404 says that it is the model which is not there: by a code of OpenAI's, or by Anthropic's words. */
export function isModelUnknown(body: string): boolean {
  const error = errorOf(body);
  return error?.code === 'model_not_found' || (error?.type === 'not_found_error' && /\bmodel\b/.test(String(error.message)));
}

function messageOf(body: string): string | undefined {
  const error = errorOf(body);
  return typeof error?.message === 'string' && error.message !== '' ? error.message : undefined;
}

/** `{"error": {…}}` mostly; some say `{"error": "…"}` or put the fields at the top. */
function errorOf(body: string): { readonly message?: unknown; readonly code?: unknown; readonly type?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('error' in value)) return value;
    if (typeof value.error === 'string') return { message: value.error };
    return typeof value.error === 'object' && value.error !== null ? value.error : undefined;
  } catch {
    return undefined;
  }
}
