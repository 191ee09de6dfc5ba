import type { ServerResponse } from 'node:http';
import { ERRORS, type ErrorBody, HTTP_STATUS, isErrorCode, type OpenClawError } from '@openclaw-runtime/protocol';
import { mayGoOn, respondJson } from '../../http/respond.ts';
import { RunFailure } from '../house/house.ts';

/** An error as OpenAI's clients read it, with our code. */
export interface Problem {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
    readonly retryAfterMs?: number;
  };
}

export function problemOf(error: ErrorBody, param: string | null = null): Problem {
  const { code, message, retryAfterMs } = error;
  return { error: { message, type: typeOf(code), param, code, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } };
}

/** `x-should-retry` is what OpenAI's own clients go by: a run that failed for good would fail again, and one that a key names stays as it ended. */
export function respondProblem(response: ServerResponse, error: OpenClawError): void {
  if (response.headersSent) return void response.destroy();
  const isKept = error instanceof RunFailure && response.req.headers['idempotency-key'] !== undefined;
  const headers: Record<string, string> = { 'x-should-retry': String(error.retryable && !isKept) };
  if (error.retryAfterMs !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  if (error.code === 'UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer';
  if (!mayGoOn(response.req)) headers['connection'] = 'close';
  respondJson(response, statusOf(error.code), problemOf(error.toBody(), paramOf(error)), headers);
}

function statusOf(code: string): number {
  return isErrorCode(code) ? HTTP_STATUS[code] : 500;
}

function typeOf(code: string): string {
  const status = statusOf(code);
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 || (isErrorCode(code) && ERRORS[code].retryable) ? 'server_error' : 'invalid_request_error';
}

function paramOf({ cause }: OpenClawError): string | null {
  if (typeof cause !== 'object' || cause === null || !('param' in cause)) return null;
  return typeof cause.param === 'string' && cause.param !== '' ? cause.param : null;
}
