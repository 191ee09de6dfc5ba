import { type Chunk, lastOfAssistant, lastOfUser, type Wire } from './wire.ts';

interface Choice {
  readonly delta?: { readonly content?: string | null };
}

/** OpenAI's chat completions. */
export const CHAT: Wire = {
  name: 'openai-chat',
  path: '/v1/chat/completions',
  textOf: (chunk) => choicesOf(chunk)[0]?.delta?.content ?? '',
  withText(chunk, content) {
    const [first, ...others] = choicesOf(chunk);
    return { ...chunk, choices: [{ ...first, delta: { ...first?.delta, content } }, ...others] };
  },
  isFrame: () => false,
  head: () => '',
  endMark: 'data: [DONE]\n\n',
  junk: 'data: {"choices": [{"delta": oops, no JSON}]\n\n',
  promptOf: ({ messages }) => lastOfUser(messages),
  prefixOf: ({ messages }) => lastOfAssistant(messages),
  whole(model, chunks) {
    const message = { role: 'assistant', content: chunks.map(CHAT.textOf).join('') };
    const usage = chunks.findLast((chunk) => chunk['usage'])?.['usage'];
    return {
      id: 'chatcmpl-0',
      object: 'chat.completion',
      created: 0,
      model,
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage,
    };
  },
  refusal: (message, code) => ({ error: { message, type: 'test_provider', code } }),
};

function choicesOf(chunk: Chunk): readonly Choice[] {
  return (chunk['choices'] as readonly Choice[] | undefined) ?? [];
}
