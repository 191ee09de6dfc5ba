import type { Dialect } from './sdk-server.ts';

/** `POST /api/chat`, a chunk of JSON per line. */
export const OLLAMA: Dialect = {
  modelOf: (path, { model }) => (path === '/api/chat' && typeof model === 'string' ? model : undefined),
  contentType: 'application/x-ndjson',
  frame: (line) => `${line}\n`,
  junk: '{"model": oops, no JSON}\n',
  ping: '\n',
  refusal: (_status, error) => ({ error }),
  other: (path, models) => (path === '/api/tags' ? { models: models.map((name) => ({ name, model: name })) } : undefined),
};
