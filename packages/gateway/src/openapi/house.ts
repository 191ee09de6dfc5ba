import { addedBody, eraseBody, keyBody, rotateBody, ticketBody, tierBody } from './bodies.ts';
import { has, inPath, inQuery, KEY, type Operations } from './operation.ts';

const id = inPath('id');

/** The house itself. */
export const HOUSE_OPERATIONS: Operations = {
  '/healthz': { get: { summary: 'The process answers.', answer: has('status'), open: true } },
  '/readyz': {
    get: { summary: 'Whether new work is taken.', answer: has('ready'), also: { 503: 'It is not.' }, open: true },
  },
  '/openapi.json': { get: { summary: 'This document.', answer: has('openapi', 'info', 'paths'), isOpenAi: true } },
  '/v1/reasoning': { get: { summary: 'What runs taught of depth and cost.', answer: has() } },
  '/v1/budgets': {
    get: {
      summary: 'Budgets, and how they stand.',
      parameters: [inQuery('run', 'string'), inQuery('session', 'string'), inQuery('agent', 'string')],
      answer: has('budgets'),
    },
    post: {
      summary: 'Adds to a budget.',
      parameters: [KEY],
      body: addedBody,
      example: { scope: 'day', usd: 5 },
      answer: has('scope', 'name', 'id'),
      status: 202,
    },
  },
  '/v1/tiers': {
    get: { summary: 'How models, agents and threads fare.', answer: has('tiers') },
    post: {
      summary: 'Puts one into a tier, or has it judged again.',
      body: tierBody,
      example: { of: 'model', name: 'gpt', tier: null },
      answer: has('tiers'),
    },
  },
  '/v1/status': { get: { summary: 'How the house is.', answer: has() } },
  '/v1/reload': { post: { summary: 'Reads the configuration again.', answer: has() } },
  '/v1/verify': { post: { summary: 'Reads all that is stored, and compares it with its checksums.', answer: has() } },
  '/v1/erase': {
    post: {
      summary: 'Deletes a run with those that it started, or all of a tenant, to the last byte.',
      body: eraseBody,
      example: { tenant: 'example' },
      answer: has('runs', 'states', 'overwrittenBytes', 'damaged', 'aside', 'longestMs'),
    },
  },
  '/v1/backup': { get: { summary: 'A copy of all data as they are now.', type: 'application/octet-stream' } },
  '/v1/keys': {
    get: { summary: 'API keys, without their secrets.', answer: has('keys') },
    post: {
      summary: 'Makes a key, which is told this once.',
      body: keyBody,
      example: { name: 'ann', scopes: ['read', 'run'] },
      answer: has('key', 'text'),
      status: 201,
    },
  },
  '/v1/keys/{id}/rotate': {
    post: {
      summary: 'Another secret for a key.',
      parameters: [id],
      body: rotateBody,
      example: { graceMs: 60_000 },
      answer: has('key', 'text'),
    },
  },
  '/v1/keys/{id}/revoke': { post: { summary: 'Takes a key back.', parameters: [id], answer: has('key') } },
  '/v1/tickets': {
    post: {
      summary: 'Lets a page in once, for half a minute.',
      body: ticketBody,
      example: { origin: 'https://app.example' },
      answer: has('ticket', 'expiresInMs'),
      status: 201,
    },
  },
};
