import { LIMITS } from '@openclaw-runtime/protocol';
import { MAX_CHOICES } from '../input/chat-request.ts';
import { EFFORT_WORDS } from '../input/settings.ts';

type Schema = Readonly<Record<string, unknown>>;

const text = (maxLength?: number): Schema => ({ type: 'string', ...(maxLength === undefined ? {} : { maxLength }) });
const number = (minimum: number, maximum: number): Schema => ({ type: 'number', minimum, maximum });
const count = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });
const words = (...all: readonly string[]): Schema => ({ type: 'string', enum: all });
const flag: Schema = { type: 'boolean' };
const anyObject: Schema = { type: 'object' };
const list = (items: Schema, maxItems: number): Schema => ({ type: 'array', items, maxItems });

const model: Schema = { ...text(256), minLength: 1, description: 'A model, or `agent:NAME`.' };
const effort = words(...EFFORT_WORDS);
const toolChoice: Schema = { anyOf: [words('auto', 'none', 'required'), anyObject] };

const common: Readonly<Record<string, Schema>> = {
  model,
  temperature: number(0, 2),
  top_p: number(0, 1),
  tools: list(anyObject, LIMITS.maxTools),
  tool_choice: toolChoice,
  parallel_tool_calls: flag,
  stream: flag,
  stream_options: anyObject,
  metadata: { type: 'object', maxProperties: 16, additionalProperties: text(512) },
  store: flag,
  user: text(),
  service_tier: words('auto', 'default'),
  prompt_cache_key: text(),
  safety_identifier: text(),
  openclaw: { type: 'object', description: 'What OpenAI has no words for: supersede, session, level, complexity, budget, tokenInterval.' },
};

/** What a chat completion may be asked. */
export const chatSchema: Schema = {
  type: 'object',
  required: ['model', 'messages'],
  additionalProperties: false,
  properties: {
    ...common,
    messages: list(anyObject, LIMITS.maxMessages),
    n: count(1, MAX_CHOICES),
    max_tokens: count(1, LIMITS.maxAnswerTokens),
    max_completion_tokens: count(1, LIMITS.maxAnswerTokens),
    stop: { anyOf: [text(LIMITS.maxStopChars), list(text(LIMITS.maxStopChars), LIMITS.maxStops)] },
    seed: { type: 'integer' },
    presence_penalty: number(-2, 2),
    frequency_penalty: number(-2, 2),
    response_format: anyObject,
    reasoning_effort: effort,
    verbosity: words('low', 'medium', 'high'),
    modalities: list(words('text'), 4),
  },
};

/** What a response may be asked. */
export const responseSchema: Schema = {
  type: 'object',
  required: ['model', 'input'],
  additionalProperties: false,
  properties: {
    ...common,
    input: { anyOf: [text(), list(anyObject, LIMITS.maxMessages)] },
    instructions: text(),
    previous_response_id: text(64),
    background: flag,
    max_output_tokens: count(1, LIMITS.maxAnswerTokens),
    text: anyObject,
    reasoning: { type: 'object', properties: { effort, summary: words('auto', 'concise', 'detailed') } },
    include: list(words('reasoning.encrypted_content'), 16),
    truncation: words('disabled'),
  },
};
