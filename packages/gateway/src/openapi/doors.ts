import { uiBody } from './bodies.ts';
import { has, inPath, KEY, type Operations } from './operation.ts';

const id = inPath('id');
const STREAM = 'text/event-stream';
const message = { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Write a haiku about logs.' }] };

/** What others' clients speak, beside OpenAI's. */
export const DOOR_OPERATIONS: Operations = {
  '/v1/chat': {
    post: {
      summary: 'Answers a chat of the AI SDK’s `useChat`, as a UI message stream.',
      parameters: [KEY],
      body: uiBody,
      example: { id: 'chat-1', messages: [message], trigger: 'submit-message', model: 'agent:default' },
      type: STREAM,
    },
  },
  '/v1/chat/{id}/stream': {
    get: { summary: 'The answer under way, from its beginning.', parameters: [id], type: STREAM, also: { 204: 'There is none.' } },
  },
  '/v1/chat/{id}/cancel': { post: { summary: 'Stops the answer under way.', parameters: [id], answer: has('run'), status: 202 } },
  '/mcp': {
    post: {
      summary: 'A message of the Model Context Protocol: agents are tools.',
      body: has('jsonrpc', 'method'),
      example: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      answer: has('jsonrpc'),
      also: { 202: 'It was a notification.' },
      streams: true,
    },
    get: { summary: 'Nothing: each request is answered by itself.', answer: has('jsonrpc'), status: 405 },
    delete: { summary: 'Nothing: there is no session to end.', answer: has('jsonrpc'), status: 405 },
  },
};
