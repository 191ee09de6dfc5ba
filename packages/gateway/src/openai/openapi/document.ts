import { ERRORS, HTTP_STATUS } from '@openclaw-runtime/protocol';
import { chatSchema, responseSchema } from './requests.ts';

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly Json[];
  readonly body?: Json;
  /** What an answer has at least. */
  readonly answer: Json;
  readonly streams?: true;
}

const has = (...required: readonly string[]): Json => ({ type: 'object', required });
const inHeader = (name: string, description: string): Json => ({ name, in: 'header', description, schema: { type: 'string' } });
const inQuery = (name: string, type: string): Json => ({ name, in: 'query', schema: { type } });
const id: Json = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };

const KEY = inHeader('Idempotency-Key', 'The same request with the same key is the same run.');
const LAST = inHeader('Last-Event-ID', 'The `id:` of the last event that came: the stream goes on behind it.');
const completion = has('id', 'object', 'created', 'model', 'choices', 'usage');
const response = has('id', 'object', 'created_at', 'status', 'model', 'output', 'error', 'usage');

/** What is served, by path and method. */
export const OPERATIONS: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  '/v1/chat/completions': {
    post: { summary: 'An answer, whole or streamed.', parameters: [KEY, LAST], body: chatSchema, answer: completion, streams: true },
  },
  '/v1/responses': {
    post: {
      summary: 'An answer that is kept under its id.',
      parameters: [KEY, LAST],
      body: responseSchema,
      answer: response,
      streams: true,
    },
  },
  '/v1/responses/{id}': {
    get: {
      summary: 'How a response stands, or its events.',
      parameters: [id, inQuery('stream', 'boolean'), inQuery('starting_after', 'integer')],
      answer: response,
      streams: true,
    },
    delete: { summary: 'Shows it to nobody any more.', parameters: [id], answer: has('id', 'object', 'deleted') },
  },
  '/v1/responses/{id}/cancel': { post: { summary: 'Stops a response.', parameters: [id], answer: response } },
  '/v1/responses/{id}/input_items': {
    get: {
      summary: 'What a response was asked.',
      parameters: [id, inQuery('limit', 'integer'), inQuery('order', 'string'), inQuery('after', 'string')],
      answer: has('object', 'data', 'has_more'),
    },
  },
  '/v1/models': { get: { summary: 'Agents and models.', answer: has('object', 'data') } },
  '/v1/models/{id}': { get: { summary: 'One of them.', parameters: [id], answer: has('id', 'object', 'created', 'owned_by') } },
};

/** The OpenAPI document of this door. */
export function openApiDocument(): Json {
  const paths = Object.entries(OPERATIONS).map(([path, methods]) => [
    path,
    Object.fromEntries(Object.entries(methods).map(([method, operation]) => [method, operationBody(path, method, operation)])),
  ]);
  return {
    openapi: '3.1.0',
    info: { title: 'OpenClaw Runtime: OpenAI-compatible API', version: '1' },
    security: [{ bearer: [] }, {}],
    paths: Object.fromEntries(paths) as Json,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } }, schemas: { Problem: problem } },
  };
}

const problem: Json = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        param: { type: ['string', 'null'] },
        code: { type: 'string', enum: Object.keys(ERRORS) },
        retryAfterMs: { type: 'number' },
      },
    },
  },
};

function operationBody(path: string, method: string, { summary, parameters, body, answer, streams }: Operation): Json {
  const content = { 'application/json': { schema: answer }, ...(streams ? { 'text/event-stream': { schema: { type: 'string' } } } : {}) };
  const refused = { description: 'An error.', content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } } };
  const statuses = [...new Set(Object.values(HTTP_STATUS))].toSorted((a, b) => a - b);
  return {
    operationId: `${method}${path.replaceAll(/[^a-z]+/g, '_')}`,
    summary,
    ...(parameters ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } } : {}),
    responses: { '200': { description: 'Done.', content }, ...Object.fromEntries(statuses.map((status) => [String(status), refused])) },
  };
}
