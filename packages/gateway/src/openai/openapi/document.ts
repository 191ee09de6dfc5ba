import { ERRORS, HTTP_STATUS } from '@openclaw-runtime/protocol';
import { DOOR_OPERATIONS } from '../../openapi/doors.ts';
import { HOUSE_OPERATIONS } from '../../openapi/house.ts';
import { has, inHeader, inPath, inQuery, type Json, KEY, type Operation, type Operations } from '../../openapi/operation.ts';
import { RUN_OPERATIONS } from '../../openapi/runs.ts';
import { chatSchema, responseSchema } from './requests.ts';

const id = inPath('id');
const LAST = inHeader('Last-Event-ID', 'The `id:` of the last event that came: the stream goes on behind it.');
const completion = has('id', 'object', 'created', 'model', 'choices', 'usage');
const response = has('id', 'object', 'created_at', 'status', 'model', 'output', 'error', 'usage');

/** What OpenAI's clients ask for. */
const OPENAI_OPERATIONS: Operations = {
  '/v1/chat/completions': {
    post: {
      summary: 'An answer, whole or streamed.',
      parameters: [KEY, LAST],
      body: chatSchema,
      example: { model: 'agent:default', messages: [{ role: 'user', content: 'Write a haiku about logs.' }] },
      answer: completion,
      streams: true,
    },
  },
  '/v1/responses': {
    post: {
      summary: 'An answer that is kept under its id.',
      parameters: [KEY, LAST],
      body: responseSchema,
      example: { model: 'agent:default', input: 'Write a haiku about logs.' },
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

/** What is served, by path and method. */
export const OPERATIONS: Operations = { ...asOpenAi(OPENAI_OPERATIONS), ...DOOR_OPERATIONS, ...RUN_OPERATIONS, ...HOUSE_OPERATIONS };

/** The OpenAPI document of all that HTTP serves here. */
export function openApiDocument(): Json {
  const paths = Object.entries(OPERATIONS).map(([path, methods]) => [
    path,
    Object.fromEntries(Object.entries(methods).map(([method, operation]) => [method, operationBody(path, method, operation)])),
  ]);
  return {
    openapi: '3.1.0',
    info: { title: 'OpenClaw Runtime', version: '1' },
    security: [{ bearer: [] }, {}],
    paths: Object.fromEntries(paths) as Json,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } }, schemas: { Problem: problem, Error: error } },
  };
}

function asOpenAi(operations: Operations): Operations {
  return Object.fromEntries(
    Object.entries(operations).map(([path, methods]) => [
      path,
      Object.fromEntries(Object.entries(methods).map(([method, operation]) => [method, { ...operation, isOpenAi: true as const }])),
    ]),
  );
}

const error: Json = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string', enum: Object.keys(ERRORS) },
        message: { type: 'string' },
        retryAfterMs: { type: 'number' },
      },
    },
  },
};

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

function operationBody(path: string, method: string, operation: Operation): Json {
  const { summary, parameters, body, example, answer, status = 200, also = {}, streams, type, open, isOpenAi } = operation;
  const content = {
    ...(answer ? { 'application/json': { schema: answer } } : {}),
    ...(streams ? { 'text/event-stream': { schema: { type: 'string' } } } : {}),
    ...(type === undefined ? {} : { [type]: { schema: { type: 'string' } } }),
  };
  const schema = { $ref: `#/components/schemas/${isOpenAi ? 'Problem' : 'Error'}` };
  const refused = { description: 'An error.', content: { 'application/json': { schema } } };
  const statuses = [...new Set(Object.values(HTTP_STATUS))].toSorted((a, b) => a - b);
  const sent = { schema: body, ...(example === undefined ? {} : { example }) };
  return {
    operationId: `${method}${path.replaceAll(/[^a-z]+/g, '_')}`,
    summary,
    ...(parameters ? { parameters } : {}),
    ...(open ? { security: [] } : {}),
    ...(body ? { requestBody: { required: true, content: { 'application/json': sent } } } : {}),
    responses: {
      ...Object.fromEntries(statuses.map((each) => [String(each), refused])),
      ...Object.fromEntries(
        Object.entries(also).map(([each, description]) => [each, { description, ...(each === '204' ? {} : { content }) }]),
      ),
      [String(status)]: { description: 'Done.', content },
    },
  };
}
