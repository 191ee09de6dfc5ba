import type { Dialect } from './sdk-server.ts';

const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};

/** `POST /v1beta/models/NAME:streamGenerateContent?alt=sse`, a chunk of JSON per server-sent event. */
export const GEMINI: Dialect = {
  modelOf(path) {
    const name = /^\/v1beta\/models\/(.+):streamGenerateContent\?alt=sse$/.exec(path)?.[1];
    return name === undefined ? undefined : decodeURIComponent(name);
  },
  contentType: 'text/event-stream',
  frame: (line) => `data: ${line}\r\n\r\n`,
  junk: 'data: {"candidates": [oops, no JSON}\r\n\r\n',
  ping: ': ping\r\n\r\n',
  refusal: (code, message) => ({ error: { code, message, status: STATUSES[code] ?? 'INTERNAL' } }),
  other: (path, models) => (path === '/v1beta/models' ? { models: models.map((name) => ({ name: `models/${name}` })) } : undefined),
};
