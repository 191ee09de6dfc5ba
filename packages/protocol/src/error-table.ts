import { ERROR_WORDS, type ErrorCode } from './error-words.ts';
import { CLOSE_CODES, RETRYABLE } from './errors.ts';

export interface ErrorRow {
  /** WebSocket close code, where the word ends the socket. */
  readonly close?: number;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
}

export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = /* @__PURE__ */ tableOf(ERROR_WORDS);

export function isErrorCode(word: unknown): word is ErrorCode {
  return typeof word === 'string' && Object.hasOwn(ERRORS, word);
}

function tableOf(words: readonly ErrorCode[]): Record<ErrorCode, ErrorRow> {
  const rows = words.map((word) => {
    const close = (CLOSE_CODES as { readonly [K in ErrorCode]?: number })[word];
    return [word, { ...(close !== undefined && { close }), retryable: (RETRYABLE as readonly string[]).includes(word) }];
  });
  return Object.fromEntries(rows) as Record<ErrorCode, ErrorRow>;
}
