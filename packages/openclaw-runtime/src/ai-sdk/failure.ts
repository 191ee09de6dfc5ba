import { APICallError } from '@ai-sdk/provider';
import { type ErrorBody, HTTP_STATUS, isErrorCode, OpenClawError } from '@openclaw-runtime/protocol';

/** What a call is known by in its errors. */
export interface Called {
  readonly url: string;
  readonly request: unknown;
  /** A run that a key names stays as it ended, and one that failed was tried again at the server as often as makes sense. */
  readonly isFinal: boolean;
}

/** An error as callers of the AI SDK know it, with our code in `data`. Others pass. */
export function failureOf(error: unknown, { url, request, isFinal }: Called): unknown {
  if (!(error instanceof OpenClawError)) return error;
  const { code, message, retryAfterMs } = error;
  return new APICallError({
    message: `${code}: ${message}`,
    url,
    requestBodyValues: request,
    statusCode: isErrorCode(code) ? HTTP_STATUS[code] : 500,
    ...(retryAfterMs === undefined ? {} : { responseHeaders: { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) } }),
    isRetryable: error.retryable && !isFinal,
    cause: error,
    data: error.toBody() satisfies ErrorBody,
  });
}
