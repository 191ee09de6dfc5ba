import { LIMITS } from '@openclaw-runtime/protocol';
import { SCOPES } from '../identity/principal.ts';
import { fields, type Json } from './operation.ts';

const text = (maxLength?: number): Json => ({ type: 'string', minLength: 1, ...(maxLength === undefined ? {} : { maxLength }) });
const name = text(LIMITS.maxNameLength);
const anyObject: Json = { type: 'object' };
const list = (items: Json, maxItems: number): Json => ({ type: 'array', items, maxItems });
const level: Json = { enum: [1, 2, 3, 4, 'auto'] };

const amounts: Json = {
  usd: { type: 'number', minimum: 0, maximum: LIMITS.maxUsd },
  tokens: { type: 'integer', minimum: 0, maximum: LIMITS.maxAmount },
  ms: { type: 'integer', minimum: 0, maximum: LIMITS.maxAmount },
};

/** US dollars, or limits in several units. */
const budget: Json = { anyOf: [amounts['usd'], { ...fields(amounts), minProperties: 1 }] };

/** What a run may be asked; PROTOCOL.md says more. */
export const runBody: Json = fields(
  {
    input: { anyOf: [text(), { ...list(anyObject, LIMITS.maxMessages), minItems: 1 }] },
    agent: name,
    model: text(256),
    session: name,
    tools: list(anyObject, LIMITS.maxTools),
    level,
    complexity: name,
    settings: anyObject,
    budget,
    tokenInterval: { type: 'number', minimum: 0, maximum: 10_000 },
    operation: name,
    args: {},
    trace: anyObject,
  },
  'input',
);

export const forkBody: Json = fields({ at: { type: 'integer', minimum: 1 }, model: text(256), input: text(LIMITS.maxCommandChars) });
export const messageBody: Json = fields({ text: text(), mode: { enum: ['queue', 'steer', 'interrupt'] } }, 'text');
export const levelBody: Json = fields({ level }, 'level');
export const budgetBody: Json = budget;
export const approveBody: Json = fields(
  { approval: name, hash: { type: 'string', minLength: 64, maxLength: 64 }, answer: { enum: ['allow', 'deny'] }, text: text() },
  'approval',
  'hash',
  'answer',
);

export const addedBody: Json = fields({ scope: { enum: ['tenant', 'day', 'agent', 'session'] }, name, ...amounts }, 'scope');
export const tierBody: Json = {
  type: 'object',
  required: ['of', 'name', 'tier'],
  properties: { of: { enum: ['model', 'agent', 'host'] }, name, tier: { enum: [0, 1, 2, 3, null] } },
};
export const keyBody: Json = fields(
  { name, scopes: list({ enum: SCOPES }, SCOPES.length), tenant: text(64), expiresMs: { type: 'integer', description: 'Since 1970.' } },
  'name',
);
export const rotateBody: Json = fields({ graceMs: { type: 'number', minimum: 0 } });
export const eraseBody: Json = fields({
  tenant: { ...text(64), description: 'Default: that of who asks. Without a run: all that there is of it.' },
  run: { type: 'string', minLength: 22, maxLength: 22 },
});
export const ticketBody: Json = {
  type: 'object',
  properties: { origin: { type: 'string', description: 'Default: that of the page which asks.' } },
};

/** What `DefaultChatTransport` of the AI SDK sends, and what its `body` may add. */
export const uiBody: Json = fields(
  {
    id: name,
    messages: { ...list(anyObject, LIMITS.maxMessages), minItems: 1 },
    trigger: { enum: ['submit-message', 'regenerate-message'] },
    messageId: { type: 'string' },
    model: { ...text(256), description: 'A model, or `agent:NAME`.' },
    tools: list(anyObject, LIMITS.maxTools),
    background: { type: 'boolean' },
    openclaw: { type: 'object', description: 'level, complexity, budget, tokenInterval.' },
  },
  'id',
  'messages',
);
