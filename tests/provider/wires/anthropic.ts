import { type Chunk, lastOfAssistant, lastOfUser, type Wire } from './wire.ts';

interface Delta {
  readonly type?: string;
  readonly text?: string;
}

/** Anthropic's messages. */
export const ANTHROPIC: Wire = {
  name: 'anthropic',
  path: '/v1/messages',
  textOf: (chunk) => textDelta(chunk)?.text ?? '',
  withText: (chunk, text) => ({ ...chunk, delta: { ...(chunk['delta'] as Delta), text } }),
  isFrame: ({ type }) => type === 'message_start' || type === 'content_block_start',
  head: ({ type }) => `event: ${String(type)}\n`,
  endMark: '',
  junk: 'event: content_block_delta\ndata: {"type": oops, no JSON}\n\n',
  promptOf: ({ messages }) => lastOfUser(messages),
  prefixOf: ({ messages }) => lastOfAssistant(messages),
  whole: (model, chunks) => ({
    id: 'msg_0',
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: chunks.map(ANTHROPIC.textOf).join('') }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: chunks.length },
  }),
  refusal: (message, code) => ({ type: 'error', error: { type: TYPES[String(code)] ?? 'api_error', message } }),
};

const TYPES: Readonly<Record<string, string>> = { model_not_found: 'not_found_error', invalid_json: 'invalid_request_error' };

function textDelta({ type, delta }: Chunk): Delta | undefined {
  return type === 'content_block_delta' && (delta as Delta).type === 'text_delta' ? (delta as Delta) : undefined;
}
